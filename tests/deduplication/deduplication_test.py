#!/usr/bin/env python3
"""Runs the example deduplication and compares its rows with payments.jsonl.

    deduplication_test.py PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run(program, workers):
    with tempfile.TemporaryDirectory(prefix="weir-deduplication-") as place:
        command = [program, "run", "--source", f"reports=file:{HERE}/reports.csv", "--parallelism", str(workers),
                   "--sink", f"payments=file:{place}/payments/?format=jsonl", "--sink", f"late=file:{place}/late/?format=jsonl",
                   "--state-dir", f"{place}/state", "--checkpoint-dir", f"{place}/checkpoints", "--http", "off"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        return sorted(line for part in pathlib.Path(place, "payments").glob("*.jsonl") for line in part.open())


if __name__ == "__main__":
    golden = sorted((HERE / "payments.jsonl").open())
    for workers in (1, 2):
        rows = run(sys.argv[1], workers)
        assert rows == golden, f"{workers} workers: {set(rows) ^ set(golden)} differ, {len(rows)} rows of {len(golden)}"
    print("every payment is there once")
