#!/usr/bin/env python3
"""Savepoints and state commands of a program, as a user meets them.

    savepoints_test.py FLIGHT_DELAYS_BINARY FLIGHTS_DIR ORACLE

Stops the flight example in the middle, makes a savepoint, looks into it, damages copies of it, and runs on from it in another place
with two workers. What both runs wrote together must be what the oracle computes.
"""
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STATE_UNUSABLE = 5
PROGRAM, FLIGHTS, ORACLE = sys.argv[1:4]


def arguments(place, rate=None):
    source = f"file:{FLIGHTS}/*.csv" + (f"?rate={rate}" if rate else "")
    return ["--source", f"flights={source}", "--sink", f"delays=file:{place}/out?format=jsonl", "--state-dir", f"{place}/state",
            "--checkpoint-dir", f"{place}/checkpoints", "--checkpoint-interval", "50ms", "--http", "off"]


def call(*words, expect=0):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, f"{words}: exit {done.returncode} instead of {expect}\n{done.stdout}\n{done.stderr}"
    return done.stdout if expect == 0 else done.stderr


def run_until(place, condition):
    """Runs the job until the condition holds, and stops it."""
    with subprocess.Popen([PROGRAM, "run", *arguments(place, rate=100_000), "--parallelism", "1"]) as job:
        deadline = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) == 0


def lines(place):
    return [line for file in sorted(pathlib.Path(place, "out").glob("*.jsonl")) for line in file.read_text().splitlines()]


def check_looking(savepoint):
    dump = [json.loads(line) for line in call("state", "dump", "--at", savepoint).splitlines()]
    assert dump and all(entry["operator"] == "hourly-delay" and entry["state"] == "panes" for entry in dump)
    assert call("state", "count", "--at", savepoint).split() == ["hourly-delay/panes", str(len(dump))]
    assert "text -> {flights:int64,departed:int64,delay:int64,max_delay:optional<int32>}" in call("state", "ls", "--at", savepoint)
    airport = dump[0]["key"]
    some = [json.loads(line) for line in call("state", "get", "--key", airport, "--at", savepoint).splitlines()]
    assert sorted(map(str, some)) == sorted(str(entry) for entry in dump if entry["key"] == airport)
    assert len(call("state", "top", "--limit", 2, "--at", savepoint).splitlines()) == min(2, len({e["key"] for e in dump}))
    assert len(call("state", "dump", "--limit", 3, "--at", savepoint).splitlines()) == 3
    call("state", "get", "--key", "XYZ", "--at", savepoint, expect=1)
    assert "job flight-delays" in call("savepoint", "inspect", savepoint)
    assert "every file as written" in call("savepoint", "verify", savepoint)
    return dump


def check_damage(savepoint, scratch):
    """A byte that is flipped, or missing at the end, is found before anything is shown."""
    random.seed(7)
    files = [file for folder in ("manifests", "files") for file in sorted(pathlib.Path(savepoint, folder).iterdir())]
    for number in range(40):
        copy = scratch / f"damaged-{number}"
        shutil.copytree(savepoint, copy)
        victim = copy / random.choice(files).relative_to(savepoint)
        content = bytearray(victim.read_bytes())
        if number % 4 == 0:
            content = content[:random.randrange(len(content))]
        else:
            content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        victim.unlink()
        victim.write_bytes(content)
        said = call("savepoint", "verify", copy, expect=STATE_UNUSABLE)
        assert victim.name in said, f"{victim} is not named: {said}"
        shutil.rmtree(copy)


def main(scratch):
    first, second, savepoint = scratch / "first", scratch / "second", scratch / "savepoint"
    run_until(first, lambda: len(lines(first)) > 100)
    assert lines(first), "the first run has written nothing"
    assert "savepoint of epoch" in call("savepoint", "create", savepoint, *arguments(first))
    before = check_looking(savepoint)
    assert call("savepoint", "diff", savepoint, savepoint) == ""
    check_damage(savepoint, scratch)

    written = lines(first)
    run_until(first, lambda: len(lines(first)) > len(written) + 100)
    later = scratch / "later"
    call("savepoint", "create", later, *arguments(first))
    changes = call("savepoint", "diff", savepoint, later).splitlines()
    # Panes have fired, and perhaps others begun: not where the second run stopped at the end of a month, where other months wait already.
    removed = sum(line.startswith("- ") for line in changes)
    assert 0 < removed <= len(before), f"{removed} of {len(before)} removed: {changes[:5]}"
    assert str(savepoint) in call("savepoint", "list", scratch)

    moved = scratch / "moved"
    savepoint.rename(moved)
    call("run", *arguments(second), "--parallelism", 2, "--from", f"savepoint:{moved}")
    rest = lines(second)
    together = scratch / "together"
    together.mkdir()
    (together / "all.jsonl").write_text("\n".join(written + rest) + "\n")
    subprocess.run([ORACLE, "compare", FLIGHTS, together], check=True)
    call("run", *arguments(second), "--parallelism", 2, "--from", f"savepoint:{moved}")
    assert lines(second) == rest, "the same command again has written something twice"

    call("savepoint", "delete", later)
    assert not later.exists()
    assert "there is no checkpoint in" in call("savepoint", "verify", later, expect=2)
    assert "is not ls, count" in call("state", "look", expect=2)


with tempfile.TemporaryDirectory(prefix="weir-savepoints-") as directory:
    main(pathlib.Path(directory))
