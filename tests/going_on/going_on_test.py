#!/usr/bin/env python3
"""Runs the example flight_delays again and again on files that grow, come and go, as a user would, and counts every flight.

    going_on_test.py PROGRAM [CASE]...
"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_SECONDS = 15
HEADER = "origin,time_hour,minute,dep_time,dep_delay\n"


def flight(hour, minute=0, origin="EWR", day=1):
    return f"{origin},2013-01-{day:02}T{hour:02}:00:00Z,{minute},517,2\n"


class Case:
    """A directory of its own, and the program run in it."""

    def __init__(self, program):
        self.program = program
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="weir-going-on-"))
        self.data = self.dir / "data"
        self.data.mkdir()

    def append(self, name, *flights):
        path = self.data / name
        if not path.exists():
            path.write_text(HEADER)
        with path.open("a") as file:
            file.write("".join(flights))

    def command(self, *arguments, source=None):
        return [self.program, "run", "--source", f"flights={source or f'file:{self.data}/*.csv*'}", "--sink",
                f"delays=file:{self.dir}/out/?format=jsonl", "--sink", f"late=file:{self.dir}/late/?format=jsonl", "--state-dir",
                f"{self.dir}/state", "--checkpoint-dir", f"{self.dir}/checkpoints", "--http", "off", *arguments]

    def run(self, *arguments, code=0, says=(), **options):
        done = subprocess.run(self.command(*arguments, **options), capture_output=True, text=True, timeout=LIMIT_SECONDS, cwd=self.dir)
        assert done.returncode == code, f"exit code {done.returncode} instead of {code}: {done.stderr}"
        for words in says:
            assert words in done.stderr, f"'{words}' is not in the message: {done.stderr}"
        return done.stderr

    def rows(self, folder):
        return [json.loads(line) for part in sorted((self.dir / folder).glob("*.jsonl")) for line in part.open()]

    def expect(self, flights, late=0):
        counted = sum(row["flights"] for row in self.rows("out"))
        behind = len(self.rows("late"))
        assert (counted, behind) == (flights, late), f"{counted} flights and {behind} late ones, not {flights} and {late}"

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def what_has_grown_or_is_new_is_read(case):
    case.append("january.csv", flight(5), flight(6, 59))
    case.run()
    case.expect(2)
    case.append("january.csv", flight(7), flight(6, 10))  # a later hour, and one that has fired
    case.append("more.csv", flight(9, origin="JFK"), flight(5, 30, "JFK"))
    case.run()
    case.expect(4, late=2)
    case.run("--parallelism", "3", says=["nothing new since epoch"])
    case.expect(4, late=2)


def many_runs_that_keep_windows_are_as_one(case):
    for hour in range(4):
        for minute in range(0, 60, 20):
            case.append("january.csv", flight(hour, minute), flight(hour, minute, "JFK"))
            case.run("--at-end", "keep", "--out-of-orderness", "10min", "--parallelism", str(1 + minute // 20))
    case.expect(18)  # the last hour is open
    case.run("--out-of-orderness", "10min")
    case.expect(24)
    assert len(case.rows("out")) == 8, case.rows("out")


def a_stopped_run_reads_on(case):
    case.append("short.csv", flight(1))
    case.append("long.csv", *(flight(2, n % 60) for n in range(2000)))
    running = subprocess.Popen(case.command("--checkpoint-interval", "50ms", source=f"file:{case.data}/*.csv?rate=1000"),
                               stderr=subprocess.PIPE, text=True, cwd=case.dir)
    time.sleep(1)
    running.send_signal(signal.SIGTERM)
    message = running.communicate(timeout=LIMIT_SECONDS)[1]
    assert running.returncode == 0, message
    case.append("short.csv", flight(3))
    case.run()
    case.expect(2002)


def a_file_that_was_away_comes_once(case):
    case.append("a.csv", flight(1))
    case.append("b.csv", flight(2))
    case.run()
    (case.data / "a.csv").rename(case.dir / "a.csv")
    case.append("b.csv", flight(5))
    case.run(says=["`a.csv`, which had been read to its end, is gone"])
    (case.dir / "a.csv").rename(case.data / "a.csv")
    case.append("a.csv", flight(8))
    case.run()
    case.expect(4)


def a_half_read_file_is_missed(case):
    case.append("long.csv", *(flight(2, n % 60) for n in range(2000)))
    case.append("short.csv", flight(1))
    running = subprocess.Popen(case.command("--checkpoint-interval", "50ms", source=f"file:{case.data}/*.csv?rate=1000"), cwd=case.dir)
    time.sleep(1)
    running.kill()
    running.wait()
    (case.data / "long.csv").rename(case.dir / "long.csv")
    case.run(code=5, says=["long.csv", "is gone", "missing=ignore"])
    case.run(source=f"file:{case.data}/*.csv?missing=ignore", says=["long.csv", "missing=ignore"])
    (case.dir / "long.csv").rename(case.data / "long.csv")
    case.run()
    counted, late = sum(row["flights"] for row in case.rows("out")), len(case.rows("late"))
    assert counted + late == 2001, f"{counted} flights and {late} late ones"


def a_compressed_file_is_the_same_file(case):
    case.append("a.csv", *(flight(1, n) for n in range(30)))
    case.append("b.csv", flight(2))
    case.run()
    subprocess.run(["gzip", case.data / "a.csv"], check=True)
    case.run(code=5, says=["a.csv.gz", "would come twice"])
    case.expect(31)


def a_start_at_the_beginning_says_what_it_passes_over(case):
    case.append("a.csv", flight(1))
    case.run()
    case.run("--from", "earliest", says=["--from earliest passes over epoch", "written again"])


def main(program, names):
    program = str(pathlib.Path(program).resolve())
    cases = [what_has_grown_or_is_new_is_read, many_runs_that_keep_windows_are_as_one, a_stopped_run_reads_on,
             a_file_that_was_away_comes_once, a_half_read_file_is_missed, a_compressed_file_is_the_same_file,
             a_start_at_the_beginning_says_what_it_passes_over]
    failures = 0
    for run_case in cases:
        if names and run_case.__name__ not in names:
            continue
        case = Case(program)
        try:
            run_case(case)
            print(f"ok      {run_case.__name__}")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failures += 1
            print(f"FAILED  {run_case.__name__}: {error}")
        finally:
            case.close()
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
