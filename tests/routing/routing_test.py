#!/usr/bin/env python3
"""Runs the example routing and compares what each sink got; unreadable lines must be in the dead letters.

    routing_test.py PROGRAM
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROUTES = ("errors", "slow", "archive")


def run(program, workers):
    with tempfile.TemporaryDirectory(prefix="weir-routing-") as place:
        sinks = [f"{name}=file:{place}/{name}/?format=jsonl" for name in (*ROUTES, "log.dead_letter")]
        command = [program, "run", "--source", f"log=file:{HERE}/log.jsonl", "--on-error", "log=dead_letter",
                   "--parallelism", str(workers), *(word for sink in sinks for word in ("--sink", sink)),
                   "--state-dir", f"{place}/state", "--checkpoint-dir", f"{place}/checkpoints", "--http", "off"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        return {name: sorted(line for part in pathlib.Path(place, name).glob("*.jsonl") for line in part.open())
                for name in (*ROUTES, "log.dead_letter")}


def unreadable():
    """Lines that are no JSON, or in which a number is none."""
    for line in (HERE / "log.jsonl").open():
        try:
            if not isinstance(json.loads(line)["millis"], int):
                yield line.rstrip("\n")
        except ValueError:
            yield line.rstrip("\n")


if __name__ == "__main__":
    for workers in (1, 2):
        got = run(sys.argv[1], workers)
        for name in ROUTES:
            golden = sorted((HERE / f"{name}.jsonl").open())
            assert got[name] == golden, f"{workers} workers, {name}: {set(got[name]) ^ set(golden)} differ"
        letters = sorted(json.loads(line)["payload"] for line in got["log.dead_letter"])
        assert letters == sorted(unreadable()) and len(letters) == 3, letters
    print("every line has found its way")
