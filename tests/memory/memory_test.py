#!/usr/bin/env python3
"""State of one kind, ten times as large as --memory: results are right, and the process stays within --memory and a constant.

    memory_test.py BEYOND_MEMORY KIND [--memory MIB] [--times N]

Where there is a cgroup that may be written the process runs in one that has 1.25 times that, so that too much is an OOM kill.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# What --memory does not cover: docs/memory.md.
CONSTANT_MIB = 72
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# Of each kind: rows of a key, bytes of text in a row, and about how many bytes are kept of a key for each of its rows (of all, where
# only the last is kept).
SHAPES = {
    "values": dict(rounds=2, text=400, kept_once=420),
    "lists": dict(rounds=8, text=400, kept_a_row=420),
    "maps": dict(rounds=20, text=400, kept_a_row=430),
    "windows": dict(rounds=1, text=8, kept_once=112),
    # An accumulator a key and slice, and as much again in the windows' totals.
    "sliding": dict(rounds=4, text=8, kept_a_row=112),
    "sessions": dict(rounds=1, text=8, kept_once=170),
    "timers": dict(rounds=1, text=400, kept_once=600),
    "joins": dict(rounds=2, text=400, kept_a_row=850),
}


class Group:
    """A cgroup (version 2) of its own for a process, or nothing where there is none to be had."""

    def __init__(self, mib):
        self.path = None
        if not (CGROUPS / "cgroup.controllers").exists():
            return
        path = CGROUPS / f"weir-memory-test-{os.getpid()}"
        try:
            path.mkdir()
            self.path = path
            if "memory" in (path / "cgroup.controllers").read_text().split():
                (path / "memory.max").write_text(str(int(mib) << 20))
                return
        except OSError:
            pass
        self.close()
        self.path = None

    def enter(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def close(self):
        if self.path and self.path.exists():
            try:
                self.path.rmdir()
            except OSError:
                pass


def run(arguments, group):
    """Output and peak RSS in MiB. With files for its output: a pipe that nobody reads would hold the job up."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        job = subprocess.Popen(arguments, stdout=out, stderr=err, preexec_fn=group.enter)
        _, status, usage = os.wait4(job.pid, 0)
        out.seek(0), err.seek(0)
        assert status == 0, f"ended with status {status}: {err.read()[-2000:]}"
        return out.read(), usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("kind", choices=SHAPES)
    parser.add_argument("--memory", type=int, default=16)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    shape = SHAPES[options.kind]
    rounds = shape["rounds"]
    bytes_a_key = shape.get("kept_once") or shape["kept_a_row"] * rounds
    keys = options.times * (options.memory << 20) // bytes_a_key
    rows = keys * rounds
    limit = options.memory + CONSTANT_MIB
    group = Group(1.25 * limit)
    try:
        with tempfile.TemporaryDirectory(prefix="weir-memory-") as scratch:
            sources = ["rows", "others"] if options.kind == "joins" else ["rows"]
            bindings = [word for name in sources for word in ("--source", f"{name}=generator:?events={rows}&partitions=1")]
            output, peak = run([options.program, "run", "--kind", options.kind, "--keys", str(keys), "--rounds", str(rounds),
                                "--text-bytes", str(shape["text"]), "--memory", f"{options.memory}MiB", "--parallelism", "1",
                                "--state-dir", f"{scratch}/state", "--checkpoint-dir", f"{scratch}/checkpoints", "--http", "off",
                                *bindings], group)
    finally:
        group.close()
    verdicts = {row["key"]: row["value"] for row in map(json.loads, output.splitlines())}
    print(f"{options.kind}: {keys} keys, {keys * bytes_a_key >> 20} MiB of state with {options.memory} MiB of memory: peak {peak:.0f} MiB, "
          f"{'in a cgroup' if group.path else 'no cgroup'}")
    # A join gives a row for each pair of a key's rows, a key is in one window for each slice, but two for the first and the last one;
    # everything else gives one a key.
    expected = keys * {"joins": rounds * rounds, "sliding": 2 * rounds - 1}.get(options.kind, 1)
    assert verdicts == {1: expected}, f"expected {expected} right comparisons and no others: {verdicts}"
    assert peak <= limit, f"peak {peak:.0f} MiB, allowed {limit} MiB: {options.memory} and a constant of {CONSTANT_MIB}"


if __name__ == "__main__":
    sys.exit(main())
