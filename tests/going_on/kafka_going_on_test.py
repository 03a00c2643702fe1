#!/usr/bin/env python3
"""From topic to topic in several runs: what comes after a run has ended is read by the next one, once.

    kafka_going_on_test.py PROGRAM      ordered_counts, of tests/kill
"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kill"))
import broker as brokers  # noqa: E402

FIRST_TIME = 1_700_000_000_000
LIMIT_SECONDS = 30


class Runs:
    def __init__(self, program, directory):
        self.broker = brokers.Broker(directory)
        self.directory = directory
        cluster = f"kafka://{self.broker.address}"
        self.command = [program, "run", "--source", f"input={cluster}/input?format=json", "--sink", f"copies={cluster}/copies?key=key",
                        "--sink", f"windows={cluster}/windows?key=key", "--state-dir", str(directory / "state"), "--checkpoint-dir",
                        str(directory / "checkpoints"), "--checkpoint-interval", "100ms", "--http", "off"]
        self.fed = 0

    def feed(self, count, after_ms=1):
        """Rows of one key, `after_ms` apart."""
        producer = self.broker.producer()
        lines = []
        for _ in range(count):
            row = {"key": 7, "seq": self.fed, "time": FIRST_TIME + self.fed * after_ms, "fed": 0}
            lines.append(f"7\t{json.dumps(row)}\n")
            self.fed += 1
        producer.communicate("".join(lines), timeout=LIMIT_SECONDS)

    def run(self, *arguments, says=""):
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=LIMIT_SECONDS)
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
        assert says in done.stderr, f"'{says}' is not in: {done.stderr}"

    def serve(self, seconds, *arguments):
        process = subprocess.Popen([*self.command, *arguments], stderr=subprocess.PIPE, text=True)
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        message = process.communicate(timeout=LIMIT_SECONDS)[1]
        assert process.returncode == 0, f"exit code {process.returncode}: {message}"

    def copies(self):
        return sorted(seen.row["seq"] for seen in self.broker.read("read_committed", 2)["copies"])


def main(program):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-going-on-kafka-"))
    runs = Runs(str(pathlib.Path(program).resolve()), directory)
    try:
        runs.feed(50)
        runs.run("--until", "latest")
        runs.feed(2)
        runs.run("--until", "latest")
        runs.run("--until", "latest", says="nothing new since epoch")
        runs.feed(3)
        runs.serve(3)
        runs.feed(5)
        runs.run("--until", "latest", "--at-end", "keep", "--parallelism", "1")
        found = runs.copies()
        assert found == list(range(60)), f"{len(found)} of 60 rows: {found}"
        print("ok      rows of four runs, each once")
    finally:
        runs.broker.wipe()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
