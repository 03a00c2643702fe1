"""Runs the `keeper` program of this directory: readings in, standings out, and savepoints of it."""
import json
import os
import pathlib
import random
import signal
import subprocess
import time

HOUR = 3_600_000
ROWS = 20_000


class Job(subprocess.Popen):
    """A running job; not left behind by a test that has failed."""

    def __exit__(self, kind, *rest):
        if kind is not None:
            self.kill()
        return super().__exit__(kind, *rest)


class Keeper:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, pathlib.Path(scratch)
        self.readings = self.scratch / "readings.jsonl"
        chance = random.Random(11)
        with open(self.readings, "w") as file:
            for n in range(ROWS):
                row = {"sensor": f"s{chance.randrange(40):02}", "time": n * HOUR // 500, "value": chance.randrange(-50, 100)}
                file.write(json.dumps(row) + "\n")

    def arguments(self, place, shape="plain", rate=None, readings=None, checkpoints=None, state="state", sink=None, interval="50ms"):
        place = self.scratch / place
        source = f"file:{readings or self.readings}" + (f"?rate={rate}" if rate else "")
        return ["--source", f"readings={source}", "--sink", f"standings={sink or f'file:{place}/out?format=jsonl'}", "--state-dir",
                f"{place}/{state}", "--checkpoint-dir", checkpoints or f"{place}/checkpoints", "--checkpoint-interval", interval, "--http", "off",
                "--shape", shape]

    def call(self, *words, expect=0, env=None):
        """What the program says on the way that fits: standard output after 0, else its errors."""
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **(env or {})})
        assert done.returncode == expect, f"{words}: exit {done.returncode} instead of {expect}\n{done.stdout}\n{done.stderr}"
        return done.stdout if expect == 0 else done.stderr

    def start(self, place, *more, rate=20_000, env=None, **form):
        return Job([self.program, "run", *self.arguments(place, rate=rate, **form), *map(str, more)],
                   stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})

    def stop_in_the_middle(self, place, seconds=0.5, **form):
        with self.start(place, **form) as job:
            time.sleep(seconds)
            job.send_signal(signal.SIGTERM)
            said = job.communicate(timeout=60)[1]
            assert job.returncode == 0, said
        written = self.lines(place)
        assert ROWS / 10 < len(written) < ROWS, "the job was not stopped in the middle"
        return written

    def lines(self, place):
        return [line for file in sorted((self.scratch / place / "out").glob("*.jsonl")) for line in file.read_text().splitlines()]

    def expected(self):
        """What an undisturbed run writes, in any order."""
        if not (self.scratch / "undisturbed").exists():
            self.call("run", *self.arguments("undisturbed"))
        return sorted(self.lines("undisturbed"))
