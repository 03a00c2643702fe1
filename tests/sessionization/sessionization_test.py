#!/usr/bin/env python3
"""Runs the example sessionization over clicks.jsonl and compares every row with visits.jsonl; the last word on each visit must also be what
the clicks themselves say.

    sessionization_test.py PROGRAM
"""
import collections
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
GAP = 30 * 60


def rows_of(paths):
    return [json.loads(line) for path in paths for line in path.open()]


def run(program, workers):
    with tempfile.TemporaryDirectory(prefix="weir-sessionization-") as place:
        command = [program, "run", "--source", f"clicks=file:{HERE}/clicks.jsonl", "--parallelism", str(workers),
                   "--sink", f"visits=file:{place}/visits/?format=jsonl", "--sink", f"late=file:{place}/late/?format=jsonl",
                   "--state-dir", f"{place}/state", "--checkpoint-dir", f"{place}/checkpoints", "--http", "off"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        return [rows_of(pathlib.Path(place, sink).glob("*.jsonl")) for sink in ("visits", "late")]


def seconds(time):
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() if isinstance(time, str) else time / 1000


def visits_of(clicks):
    """(visitor, first click) -> (seconds, pages, entry page, exit page), from all clicks sorted."""
    by_visitor = collections.defaultdict(list)
    for click in clicks:
        by_visitor[click["visitor"]].append((seconds(click["time"]), click["page"]))
    visits = {}
    for visitor, seen in by_visitor.items():
        seen.sort()
        while seen:
            end = next((i for i in range(1, len(seen)) if seen[i][0] - seen[i - 1][0] > GAP), len(seen))
            visit, seen = seen[:end], seen[end:]
            visits[visitor, visit[0][0]] = (visit[-1][0] - visit[0][0], len(visit), visit[0][1], visit[-1][1])
    return visits


def check(program, workers):
    visits, late = run(program, workers)
    text = sorted(json.dumps(row, sort_keys=True) for row in visits + late)
    wanted = sorted(json.dumps(row, sort_keys=True) for row in rows_of([HERE / "visits.jsonl"]))
    assert text == wanted, "\n".join(["got:", *text])
    on_time = [click for click in rows_of([HERE / "clicks.jsonl"])
               if not any(seconds(row["time"]) == seconds(click["time"]) and row["page"] == click["page"] for row in late)]
    last_word = {}
    for visit in visits:
        key = visit["visitor"], seconds(visit["began"])
        known = last_word.get(key)
        if not known or visit["pages"] > known[1]:
            last_word[key] = (visit["seconds"], visit["pages"], visit["entry_page"], visit["exit_page"])
    for key, visit in visits_of(on_time).items():
        assert last_word.get(key) == visit, (key, visit, last_word.get(key))


if __name__ == "__main__":
    for workers in (1, 2):
        check(sys.argv[1], workers)
    print("every visit is as the clicks say")
