#!/usr/bin/env python3
"""Looks into the state of a job that runs, again and again, while it replaces its checkpoints a hundred times a second.

    inspect_test.py KEEPER_BINARY
"""
import collections
import json
import pathlib
import signal
import sys
import tempfile
import time

from keeping import Keeper


def check_consistent(lines):
    """All states are of one moment: each key has as many rows as its hours count, and its list the last of them."""
    rows, hours, lists = {}, collections.Counter(), {}
    for entry in map(json.loads, lines):
        if entry["state"] == "kept":
            rows[entry["key"]] = entry["value"]["rows"]
        elif entry["state"] == "by hour":
            hours[entry["key"]] += entry["value"]
        elif entry["state"] == "last":
            lists[entry["key"]] = len(entry["value"])
    assert rows == dict(hours), "the states are of different moments"
    assert lists == {key: min(5, n) for key, n in rows.items()}
    return sum(rows.values())


def check_top(keeper, place):
    """Room by key, state and operator is the same room, largest first."""
    def top(*words):
        return [line.split(maxsplit=1) for line in keeper.call("state", "top", "--at", place, "--limit", 1000, *words).splitlines()]

    by_key, by_state, by_operator = top(), top("--by", "state"), top("--by", "operator")
    for lines in (by_key, by_state, by_operator):
        sizes = [int(size) for size, _ in lines]
        assert sizes == sorted(sizes, reverse=True)
    assert sum(int(size) for size, _ in by_key) == sum(int(size) for size, _ in by_state) == int(by_operator[0][0])
    assert [name.split(",")[0] for _, name in by_operator] == ["totals"] and len(by_state) == 4
    assert all('"s1' in name for _, name in top("--prefix", "s1")) and 0 < len(top("--prefix", "s1")) < len(by_key)
    assert len(keeper.call("state", "top", "--at", place, "--by", "state", "--limit", 2).splitlines()) == 2
    assert "--by: 'size' is not key, state or operator" in keeper.call("state", "top", "--at", place, "--by", "size", expect=2)


def main(keeper):
    own = keeper.arguments("running", interval="10ms")
    seen, looks = [], 0
    with keeper.start("running", rate=4000, interval="10ms") as job:
        time.sleep(0.5)
        until = time.monotonic() + 3.5
        while time.monotonic() < until:
            seen.append(check_consistent(keeper.call("state", "dump", *own).splitlines()))
            keeper.call("state", "count", *own)
            keeper.call("state", "top", *own)
            savepoint = keeper.scratch / f"savepoint-{looks}"
            keeper.call("savepoint", "create", savepoint, *own)
            check_consistent(keeper.call("state", "dump", "--at", savepoint).splitlines())
            looks += 1
            assert job.poll() is None, "the job ended while it was looked at"
        job.send_signal(signal.SIGTERM)
        said = job.communicate(timeout=60)[1]
        assert job.returncode == 0, said
    assert looks > 3 and seen == sorted(seen) and seen[-1] > seen[0] > 0, seen
    check_top(keeper, keeper.scratch / "savepoint-0")
    keeper.call("run", *own)
    assert sorted(keeper.lines("running")) == keeper.expected(), "looking has changed what the job does"


with tempfile.TemporaryDirectory(prefix="weir-inspect-") as directory:
    main(Keeper(sys.argv[1], pathlib.Path(directory)))
