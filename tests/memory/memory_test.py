#!/usr/bin/env python3
"""State of one kind, ten times as large as --memory: results are right, and the process stays within --memory and a constant.

    memory_test.py BEYOND_MEMORY KIND [--memory MIB] [--times N] [--kafka]

--kafka: the rows are read from a topic that holds all of them when the job starts.

Where there is a cgroup that may be written the process runs in one that has 1.25 times that, so that too much is an OOM kill.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile

# What --memory does not cover: docs/memory.md.
CONSTANT_MIB = 72
CONSTANT_WITH_KAFKA_MIB = 84
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "kafka"
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


class Broker:
    """A broker of scripts/kafka on a free port, with the topic `rows`, while it is entered."""

    def __init__(self, directory):
        self._directory = directory

    def __enter__(self):
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._do("start")
        subprocess.run([SCRIPT, "jvm", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, "--create", "--topic",
                        "rows", "--partitions", "4"], check=True, capture_output=True, timeout=60)
        return self

    def __exit__(self, *_):
        self._do("wipe")

    def _do(self, action):
        subprocess.run([SCRIPT, action, "--port", str(self._port), "--dir", f"{self._directory}/broker"], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)


def free_port():
    """One whose controller port, a thousand above, is free as well."""
    while True:
        port = random.SystemRandom().randrange(20000, 30000)
        try:
            for number in (port, port + 1000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            pass


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
    parser.add_argument("--kafka", action="store_true")
    options = parser.parse_args()
    shape = SHAPES[options.kind]
    rounds = shape["rounds"]
    bytes_a_key = shape.get("kept_once") or shape["kept_a_row"] * rounds
    keys = options.times * (options.memory << 20) // bytes_a_key
    rows = keys * rounds
    constant = CONSTANT_WITH_KAFKA_MIB if options.kafka else CONSTANT_MIB
    limit = options.memory + constant
    group = Group(1.25 * limit)
    try:
        with tempfile.TemporaryDirectory(prefix="weir-memory-") as scratch, (
                Broker(scratch) if options.kafka else contextlib.nullcontext()) as broker:
            sources = ["rows", "others"] if options.kind == "joins" else ["rows"]
            bindings = [word for name in sources for word in ("--source", f"{name}=generator:?events={rows}&partitions=1")]
            job = [options.program, "run", "--keys", str(keys), "--rounds", str(rounds), "--text-bytes", str(shape["text"]),
                   "--http", "off"]
            if broker:
                subprocess.run([*job, "--kind", "backlog", "--source", f"rows=generator:?events={rows}&partitions=4", "--sink",
                                f"backlog=kafka://{broker.address}/rows?format=json", "--state-dir", f"{scratch}/feed/state",
                                "--checkpoint-dir", f"{scratch}/feed/checkpoints"], check=True, stderr=subprocess.DEVNULL)
                bindings = ["--source", f"rows=kafka://{broker.address}/rows?format=json", "--until", "latest"]
            output, peak = run([*job, "--kind", options.kind, "--memory", f"{options.memory}MiB", "--parallelism", "1",
                                "--state-dir", f"{scratch}/state", "--checkpoint-dir", f"{scratch}/checkpoints", *bindings],
                               group)
    finally:
        group.close()
    verdicts = {row["key"]: row["value"] for row in map(json.loads, output.splitlines())}
    print(f"{options.kind}: {keys} keys, {keys * bytes_a_key >> 20} MiB of state with {options.memory} MiB of memory: peak {peak:.0f} MiB, "
          f"{'in a cgroup' if group.path else 'no cgroup'}")
    # A join gives a row for each pair of a key's rows, a key is in one window for each slice, but two for the first and the last one;
    # everything else gives one a key.
    expected = keys * {"joins": rounds * rounds, "sliding": 2 * rounds - 1}.get(options.kind, 1)
    assert verdicts == {1: expected}, f"expected {expected} right comparisons and no others: {verdicts}"
    assert peak <= limit, f"peak {peak:.0f} MiB, allowed {limit} MiB: {options.memory} and a constant of {constant}"


if __name__ == "__main__":
    sys.exit(main())
