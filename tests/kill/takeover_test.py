#!/usr/bin/env python3
"""Two processes of one job that writes to Kafka and into files: started together, or one frozen at a point while another takes over; and a process with the same
program and other places, which must shut nobody out. What all lives wrote together is what one undisturbed writes.

    takeover_test.py --program ordered_counts [--rounds N] [--points a:1,b:3]
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import model
import rows
from broker import Broker
from engine import Lived, Place, Process

FENCED, STATE_UNUSABLE = 4, 5
SEED, RATE = 5, 1000
# Where a process stands that will harm its successor if it ever does; tests/checkpoint stops at all the others, and in less time.
POINTS = "after_commit_before_ack:3,before_note_committed:3,before_retain:3,retain_before_file:4,before_log_claim:1,claim_before_owner:1,file-sink-before-rename:2"


class KafkaAndFiles(Place):
    """`copies` goes to Kafka, `windows` into a directory."""

    def __init__(self, program, directory, broker, name=""):
        super().__init__(program, directory / name if name else directory, broker)
        self.out = directory / name / "windows"
        at = self.command.index("--sink", self.command.index("--sink") + 1)
        self.command[at + 1] = f"windows=file:{self.out}?format=jsonl"
        if name:
            (directory / name).mkdir(exist_ok=True)

    def windows(self):
        found = []
        for file in sorted(self.out.glob("part-*")):
            found += [model.Seen(0, n, json.loads(line)) for n, line in enumerate(file.read_text().splitlines())]
        return found


started = []


def start(*words, **more):
    started.append(Process(*words, **more))
    return started[-1]


def expect(holds, what, process=None):
    if not holds:
        raise Lived(what + (f":\n{process.said()[-3000:]}" if process else ""))


def started_together(place, rounds):
    """Of two that start at the same moment one is left, and says that it works by a commit."""
    for number in range(rounds):
        both = [start(place, 1), start(place, 1)]
        deadline = time.monotonic() + 30
        while all(process.alive() for process in both) and time.monotonic() < deadline:
            time.sleep(0.005)
        left = [process for process in both if process.alive()]
        expect(len(left) == 1, f"round {number}: {len(left)} of two processes are left", both[0])
        gone = next(process for process in both if process not in left)
        expect(gone.await_end(1) == FENCED, f"round {number}: the other one ended with {gone.await_end(1)}", gone)
        left[0].await_commits(1, 30)
        left[0].kill()


def await_stop(process, point):
    deadline = time.monotonic() + 60
    while pathlib.Path(f"/proc/{process.pid()}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        expect(process.alive() and time.monotonic() < deadline, f"the process does not stop at {point}", process)
        time.sleep(0.01)


def frozen_at_a_point(place, points):
    for point in points:
        first = start(place, 2, kill_point=f"{point}:stop")
        await_stop(first, point)
        second = start(place, 2)
        second.await_commits(3, 60)
        second.signal(signal.SIGTERM)
        expect(second.await_end(60) == 0, f"{point}: the successor did not end well", second)
        first.signal(signal.SIGCONT)
        code = first.await_end(30)
        expect(code == FENCED, f"{point}: the first one ended with {code}", first)
        third = start(place, 1)
        third.await_commits(2, 60)
        third.kill()


def a_stranger(place, program, directory, broker):
    """The same program with other places shuts nobody out, and says how it may run."""
    production = start(place, 1)
    production.await_commits(2, 60)
    replay = KafkaAndFiles(program, directory, broker, "replay")
    replay.command[replay.command.index("--sink") + 1] = f"copies=kafka://{broker.address}/replayed?key=key&create=true"
    for arguments in ((), ("--from", "earliest"), ("--from", "latest")):
        stranger = start(replay, 1, arguments=arguments)
        code = stranger.await_end(30)
        said = stranger.said()
        expect(code == STATE_UNUSABLE and "--job NAME" in said and "--from fresh" in said, f"the stranger ended with {code}", stranger)
    own = start(replay, 1, arguments=("--job", "replay", "--from", "earliest", "--until", "latest"))
    expect(own.await_end(120) == 0 and replay.windows(), "the replay did not come to its end", own)
    production.await_commits(production.commits() + 2, 60)
    production.signal(signal.SIGTERM)
    expect(production.await_end(60) == 0, "production was disturbed", production)


def check_asks_the_log(place):
    words = [place.command[0], "check", *place.command[2:]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0 and "commit records: epoch" in done.stdout, f"check says {done.returncode}: {done.stdout}{done.stderr}")
    elsewhere = [word if word != str(place.checkpoints) else word + "-elsewhere" for word in words]
    done = subprocess.run(elsewhere, capture_output=True, text=True, timeout=60)
    expect(done.returncode == STATE_UNUSABLE and "committed epoch" in done.stderr, f"check says {done.returncode}: {done.stdout}{done.stderr}")


def judge(place, broker, fed):
    for idle in (4, 20):
        copies = broker.read("read_committed", idle)["copies"]
        wrong = model.differences(fed, copies, place.windows())
        if not any(wrong.values()):
            break
    expect(not any(wrong.values()), f"the output is wrong: {wrong}")
    print(f"{len(fed)} rows, {len(place.windows())} windows: each once")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5 * int(os.environ.get("WEIR_CYCLES", "1")))
    parser.add_argument("--points", default=POINTS)
    options = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-takeover-"))
    broker = Broker(directory)
    feeder = rows.Feeder(broker.producer(), SEED, RATE)
    try:
        program = options.program.resolve()
        place = KafkaAndFiles(program, directory, broker)
        for scenario in (lambda: started_together(place, options.rounds), lambda: frozen_at_a_point(place, options.points.split(",")),
                         lambda: a_stranger(place, program, directory, broker), lambda: check_asks_the_log(place)):
            scenario()
        fed = feeder.finish()
        last = start(place, 2, arguments=("--until", "latest"))
        expect(last.await_end(120) == 0, "the last run did not come to its end", last)
        judge(place, broker, list(rows.first_rows(SEED, fed)))
    except Lived as failure:
        print(f"FAILED: {failure}\nfiles are in {directory}")
        return 1
    finally:
        for process in started:
            process.kill()
        feeder.abandon()
        broker.wipe()
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
