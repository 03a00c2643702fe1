#!/usr/bin/env python3
"""Every query of Nexmark against golden results, and against kill -9.

    nexmark_test.py NEXMARK_BINARY [QUERY...]

Generates both inputs, runs the queries with one and two workers, in memory and in a RocksDB mode that is short of it, and from the pipeline's
own generator; then once more while they are killed. What they write must be the golden result each time, to the byte; so must be what their changelogs
add up to, and q10's files by day and minute.
"""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = json.loads((HERE / "golden.json").read_text())
PROGRAM, ONLY = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
EVENTS = ["--events", "200000", "--rate", "1000", "--seed", "42", "--base", "1436918300000"]
GENERATED = ["--source", "events=generator:?events=200000&seed=42&partitions=2", "--event-rate", "1000", "--event-base", "1436918300000"]
BOUND = "3s"
# Of queries that update their results: the columns by which a later row replaces an earlier one.
KEYS = {"q4": ["id"], "q9": ["id"], "q15": ["day"], "q16": ["channel", "day"], "q17": ["auction", "day"], "q18": ["auction", "bidder"],
        "q19": ["auction", "rank_number"]}


def queries():
    said = subprocess.run([PROGRAM, "queries"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in said.splitlines()]
    assert set(names) <= set(GOLDEN["results"]), f"no golden result for {set(names) - set(GOLDEN['results'])}"
    return [name for name in names if not ONLY or name in ONLY]


def generate(place, name, *more):
    path = place / f"{name}.jsonl"
    subprocess.run([PROGRAM, "generate", *EVENTS, *more, "-o", path], check=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == GOLDEN["events"][name], f"the {name} events have changed: their SHA-256 is {digest}"
    return path


def command(query, place, source, *more, bound=BOUND, sink=""):
    return [str(word) for word in (
        PROGRAM, "run", "--query", query, *source, "--watermark-delay", bound, "--sink", f"results=file:{place}/out?format=jsonl{sink}",
        "--state-dir", f"{place}/state", "--checkpoint-dir", f"{place}/checkpoints", "--http", "off", "--log-level", "warn", *more)]


def run(words, wanted=0, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, **more)
    assert done.returncode == wanted, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


def run_killed(words, place, seed):
    """Two kills, each at a random moment after a checkpoint that was not there before."""
    chance = random.Random(seed)
    manifests = place / "checkpoints" / "manifests"
    newest = lambda: max((file.name for file in manifests.glob("[0-9]*")), default="") if manifests.exists() else ""
    for _ in range(2):
        before = newest()
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
            while newest() == before and job.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.random() * 0.25)
            assert job.poll() is None, "the job has ended before it could be killed"
            job.kill()
    run(words)


def lines_written(place):
    """In the order of files: they are named by epoch, then worker, so that their order is that of a key's rows."""
    return [line for file in sorted((place / "out").glob("part-*")) for line in file.read_bytes().splitlines()]


def lines_of_partitions(place):
    """The lines of all part files below, with the columns that their directories name put back behind the others."""
    lines = []
    for file in sorted((place / "out").glob("*/*/part-*")):
        columns = [part.split("=", 1) for part in file.relative_to(place / "out").parts[:-1]]
        more = "".join(f',"{name}":"{urllib.parse.unquote(value)}"' for name, value in columns)
        lines += [line[:-1] + more.encode() + b"}" for line in file.read_bytes().splitlines()]
    return lines


def folded(query, lines):
    """The table that a changelog adds up to. Each change must fit what was there: that is what Flink's readers of one rely on."""
    table, kinds = {}, collections.Counter()
    before = None  # a -U, of which the +U must follow
    for line in lines:
        kind, row = line[9:11].decode(), line[19:-1]  # {"kind":"+I","row":{…}}
        fields = json.loads(row)
        key = tuple(fields[column] for column in KEYS[query])
        kinds[kind] += 1
        assert (kind == "+U") == (before == key and before is not None), f"{kind} of {key} after a -U of {before}"
        if kind in ("+I", "+U"):
            assert key not in table, f"{kind} of {key}, which is there"
            table[key] = row
        else:
            assert table.pop(key, None) == row, f"{kind} of {key} takes back what is not there"
        before = key if kind == "-U" else None
    assert kinds["-U"] == kinds["+U"] > 0 and kinds["+I"] == len(table) and set(kinds) <= {"+I", "-U", "+U"}, kinds
    return list(table.values())


def lines_of(query, place, form=""):
    """The result as sorted lines."""
    lines = lines_of_partitions(place) if form == "partitions" else lines_written(place)
    if form == "changelog":
        lines = folded(query, lines)
    if query == "q12":
        sums = {}
        for row in map(json.loads, lines):
            sums[row["bidder"]] = sums.get(row["bidder"], 0) + row["bid_count"]
        lines = [b'{"bidder":%d,"bid_count":%d}' % each for each in sums.items()]
    if query in KEYS:
        table = {}
        for line in lines:
            row = json.loads(line)
            table[tuple(row[column] for column in KEYS[query])] = line
        lines = list(table.values())
    return sorted(lines)


def check(query, place, order, form=""):
    lines = lines_of(query, place, form)
    golden = GOLDEN["results"][query]
    if hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest() == golden[order]:
        return
    said = f"{len(lines)} rows, {golden['rows']} expected"
    known = HERE / "golden" / f"{query}.jsonl"
    if known.exists():
        expected = known.read_bytes().splitlines()
        for name, some in (("missing", set(expected) - set(lines)), ("unexpected", set(lines) - set(expected))):
            said += "".join(f"\n  {name}: {line.decode()}" for line in sorted(some)[:5])
    raise AssertionError(said)


def cases(inputs):
    """name, order of the events, arguments, whether to kill"""
    file = {order: ["--source", f"events=file:{path}"] for order, path in inputs.items()}
    slow = ["--source", f"events=file:{inputs['disordered']}?rate=120000"]
    heap, tight = ["--state", "heap"], ["--state", "rocksdb", "--memory", "16MiB"]
    often = ["--checkpoint-interval", "200ms"]
    one, two = ["--parallelism", "1"], ["--parallelism", "2"]
    return [
        ("one worker, heap", "in-order", [file["in-order"], *one, *heap], False),
        ("two workers, heap", "disordered", [file["disordered"], *two, *heap, *often], False),
        ("one worker, RocksDB", "disordered", [file["disordered"], *one, *tight, *often], False),
        ("two workers, RocksDB", "in-order", [file["in-order"], *two, *tight, *often], False),
        ("generated", "in-order", [GENERATED, *two, *heap], False),
        ("killed", "disordered", [slow, *two, *tight, "--checkpoint-interval", "100ms"], True),
    ]


def case(query, place, order, arguments, kill):
    source, *more = arguments
    words = command(query, place, source, *more)
    if kill:
        run_killed(words, place, query)
    else:
        run(words)
    check(query, place, order)


def changelog_case(query, place, order, arguments, kill):
    source, *more = arguments
    words = command(query, place, source, "--changelog", *more)
    if kill:
        run_killed(words, place, query)
    else:
        run(words)
    check(query, place, order, "changelog")


def partitions_case(query, place, order, arguments, kill):
    source, *more = arguments
    words = command(query, place, source, *more, sink="&partition_by=dt,hm")
    if kill:
        # Between the renames of one commit, twice, and where the rows are on their way.
        for point in ("file-sink-before-rename:2", "file-sink-after-rename:3"):
            run(words, wanted=-signal.SIGKILL, env={**os.environ, "WEIR_KILLPOINT": point})
        run_killed(words, place, query)
    else:
        run(words)
    assert not [file for file in (place / "out" / ".staged").iterdir() if file.name not in ("LOCK", "RUN") and not file.name.startswith("OWNER.")]
    assert len(list((place / "out").glob("dt=*/hm=*"))) > 2
    check(query, place, order, "partitions")


def more_cases(names, inputs):
    """What some queries can do besides: function, query, then as case()."""
    for query in names:
        for number, (name, *what) in enumerate(cases(inputs)):
            if query in KEYS and name in ("two workers, heap", "one worker, RocksDB", "killed"):
                yield changelog_case, query, f"changelog, {name}", *what
            if query == "q10" and name in ("one worker, heap", "two workers, heap", "killed"):
                yield partitions_case, query, f"partitions, {name}", *what


def check_edges(scratch):
    """q7 with bids at the very moment at which windows meet, as high as either window's highest: rare in generated events."""
    chance = random.Random(7)
    size, bids = 10_000, []
    for n in range(2000):
        moment = 1436918300000 + chance.randrange(40) * 2500 + chance.choice([0, 0, 1])
        bids.append({"auction": 1, "bidder": n, "price": chance.randrange(97, 101), "dateTime": moment, "extra": ""})
    highest = {}
    for bid in bids:
        start = bid["dateTime"] // size * size
        highest[start] = max(highest.get(start, 0), bid["price"])
    expected = []
    for bid in bids:
        start = bid["dateTime"] // size * size
        windows = [start, start - size] if bid["dateTime"] == start else [start]
        expected += [json.dumps(bid, separators=(",", ":")).encode() for window in windows if highest.get(window) == bid["price"]]
    events = scratch / "edges.jsonl"
    events.write_text("".join(json.dumps({"event_type": 2, "bid": {**bid, "channel": "", "url": ""}}) + "\n" for bid in bids))
    place = scratch / "edges"
    run(command("q7", place, ["--source", f"events=file:{events}"], "--parallelism", "2", bound="200s"))
    found = lines_of("q7", place)
    assert found == sorted(expected), f"q7, edges: {len(found)} rows, {len(expected)} expected"
    assert len(set(expected)) < len(expected), "no bid belongs to two windows"


def check_limit():
    """The loops by hand are of use only while they answer what the queries do."""
    for more in ([], ["--event-rate", "1000", "--keys", "3x"], ["--event-rate", "50", "--watermark-delay-ms", "0", "--parallelism", "2"]):
        said = subprocess.run([PROGRAM, "limit", "--events", "100000", "--json", *more], capture_output=True, text=True)
        assert said.returncode == 0, f"limit {more}: {said.stdout}\n{said.stderr}"
        assert sum(json.loads(line)["rows"] > 0 for line in said.stdout.splitlines()) == 7, f"limit {more}: {said.stdout}"


def check_latency(scratch, query, *more):
    """No row may come before the event is due that it is said to be owed to; then the program fails."""
    words = [PROGRAM, "bench", "--latency", "50000", "--queries", query, "--parallelism", "2", "--events", "250000", "--json", "--scratch", scratch, *more]
    said = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    times = [said[name] for name in ("p50_ms", "p99_ms", "p99_9_ms", "max_ms")]
    assert said["rows"] > 0 and 0 < times[0] and times == sorted(times), said


def main(scratch):
    inputs = {"in-order": generate(scratch, "in-order"), "disordered": generate(scratch, "disordered", "--disorder", "3000")}
    check_edges(scratch)
    check_limit()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = {}
        for query in queries():
            for number, (name, *what) in enumerate(cases(inputs)):
                if name == "generated" and query in ("q18", "q19"):
                    continue  # rows of two partitions have no order
                running[pool.submit(case, query, scratch / f"{query}-{number}", *what)] = f"{query}, {name}"
        for number, (function, query, name, *what) in enumerate(more_cases(queries(), inputs)):
            running[pool.submit(function, query, scratch / f"more-{number}", *what)] = f"{query}, {name}"
        # Event time goes ten times as fast as the clock where windows are to end.
        for query, *more in (["q0"], ["q3"], ["q5", "--event-rate", "5000"], ["q11", "--event-rate", "5000"], ["q19"]):
            if query in queries():
                running[pool.submit(check_latency, scratch / f"latency-{query}", query, *more)] = f"{query}, latency"
        for done in concurrent.futures.as_completed(running):
            if done.exception():
                failed += 1
                print(f"{running[done]}: {done.exception()}")
    print(f"{len(running) - failed} of {len(running)} runs gave the golden result")
    sys.exit(failed > 0)


with tempfile.TemporaryDirectory(prefix="weir-nexmark-") as directory:
    main(pathlib.Path(directory))
