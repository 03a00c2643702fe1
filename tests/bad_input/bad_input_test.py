#!/usr/bin/env python3
"""Gives the example flight_delays what it cannot use, and looks at exit code, message, time, and what becomes of good records.

    bad_input_test.py PROGRAM [CASE]...

Every case must end by itself within 15 seconds, with its own exit code and one message that names the culprit.
"""
import base64
import gzip
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib

LIMIT_SECONDS = 15
HEADER = "origin,time_hour,minute,dep_time,dep_delay\n"
GOOD = "EWR,2013-01-01T10:00:00Z,15,517,2\n"


class Case:
    """A directory of its own, and the program run in it."""

    def __init__(self, program):
        self.program = program
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="weir-bad-input-"))

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *arguments, source=None, sink=None, state=None, checkpoints=None):
        flights = source or f"file:{self.dir}/in.csv"
        delays = sink or f"file:{self.dir}/out/?format=jsonl"
        command = [self.program, "run", "--source", f"flights={flights}", "--sink", f"delays={delays}",
                   "--state-dir", state or f"{self.dir}/state", "--checkpoint-dir", checkpoints or f"{self.dir}/checkpoints",
                   "--http", "off", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, cwd=self.dir)
        self.message = done.stderr
        self.code = done.returncode

    def expect(self, code, *words):
        assert self.code == code, f"exit code {self.code} instead of {code}: {self.message}"
        for word in words:
            assert word in self.message, f"'{word}' is not in the message: {self.message}"

    def lines(self, folder="out"):
        return [json.loads(line) for part in sorted((self.dir / folder).glob("*.jsonl")) for line in part.open()]

    def flights_out(self):
        return sum(line["flights"] for line in self.lines())

    def newest_manifest(self):
        return max(p for p in (self.dir / "checkpoints/manifests").iterdir() if p.name.isdigit())

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def malformed_csv_fails(case):
    case.write("in.csv", HEADER + GOOD + "EWR,2013-01-01T10:00:00Z,fifteen,517,2\n" + GOOD)
    case.run()
    case.expect(1, "flights", "in.csv", "minute", "fifteen", "skip")


def malformed_csv_is_skipped(case):
    case.write("in.csv", HEADER + GOOD + "EWR,2013-01-01T10:00:00Z,fifteen,517,2\n" + GOOD)
    case.run("--on-error", "flights=skip")
    case.expect(0)
    assert case.flights_out() == 2, case.lines()


def dead_letters_carry_their_origin(case):
    bad = "EWR,2013-01-01T10:00:00Z,fifteen,517,2"
    case.write("in.csv", HEADER + GOOD + bad + "\n" + GOOD)
    case.run("--on-error", "flights=dead_letter", "--sink", f"flights.dead_letter=file:{case.dir}/dead/?format=jsonl")
    case.expect(0)
    assert case.flights_out() == 2, case.lines()
    letters = case.lines("dead")
    assert len(letters) == 1, letters
    assert letters[0]["payload"] == bad and letters[0]["source"] == "flights", letters
    assert letters[0]["partition"] == "in.csv" and letters[0]["offset"] == len(HEADER + GOOD), letters
    assert "minute" in letters[0]["reason"], letters


def dead_letters_need_a_sink(case):
    case.write("in.csv", HEADER + GOOD)
    case.run("--on-error", "flights=dead_letter")
    case.expect(2, "flights.dead_letter")


def malformed_json_fails(case):
    good = '{"origin":"EWR","time_hour":"2013-01-01T10:00:00Z","minute":15,"dep_time":517,"dep_delay":2}\n'
    case.write("in.jsonl", good + '{"origin":"EWR","time_hour":\n' + good)
    case.run(source=f"file:{case.dir}/in.jsonl")
    case.expect(1, "in.jsonl", str(len(good)))


def wrong_json_type_is_skipped(case):
    good = '{"origin":"EWR","time_hour":"2013-01-01T10:00:00Z","minute":15,"dep_time":517,"dep_delay":2}\n'
    case.write("in.jsonl", good + good.replace(":15,", ':"15 or so",') + good + good.replace(":15,", ":99999999999,") + good)
    case.run("--on-error", "flights=skip", source=f"file:{case.dir}/in.jsonl")
    case.expect(0)
    assert case.flights_out() == 3, case.lines()


def line_ends_of_an_old_mac(case):
    case.write("in.csv", (HEADER + GOOD * 3).replace("\n", "\r"))
    case.run()
    case.expect(2, "in.csv", "carriage return", "tr '\\r' '\\n'")


def columns_that_are_nearly_fields(case):
    case.write("in.csv", HEADER.replace("origin", "Origin") + GOOD)
    case.run()
    case.expect(2, "in.csv", "`origin`", "`Origin`")
    case.write("in.csv", HEADER.replace("dep_delay", "Dep_Delay") + GOOD)
    case.run()
    case.expect(0, "`dep_delay`", "`Dep_Delay`")
    assert case.message.count("Dep_Delay") == 1, case.message


def other_separators(case):
    case.write("in.csv", (HEADER + GOOD).replace(",", ";"))
    case.run()
    case.expect(2, "in.csv", "?separator=;")
    case.run(source=f"file:{case.dir}/in.csv?separator=;")
    case.expect(0)
    assert case.flights_out() == 1, case.lines()


def files_of_another_kind(case):
    good = '{"origin":"EWR","time_hour":"2013-01-01T10:00:00Z","minute":15,"dep_time":517,"dep_delay":2}'
    for name, content, word in [("in.csv", (HEADER + GOOD).encode("utf-16"), "UTF-16"), ("in.csv", b"<!DOCTYPE html><p>404", "HTML"),
                                ("in.json", f"[{good},\n{good}]".encode(), "JSON array"),
                                ("in.csv", gzip.compress((HEADER + GOOD).encode()), "gzip"), ("in.csv.gz", HEADER.encode(), "gzip"),
                                ("in.json", json.dumps(json.loads(good), indent=1).encode(), "several lines")]:
        case.write(name, content)
        case.run(source=f"file:{case.dir}/{name}")
        case.expect(2, name, word)


def envelopes(case):
    payload = {"origin": "EWR", "time_hour": 1357034400000, "minute": 15, "dep_time": 517, "dep_delay": 2}
    case.write("in.jsonl", json.dumps({"schema": {"type": "struct"}, "payload": payload}) + "\n")
    case.run(source=f"file:{case.dir}/in.jsonl")
    case.expect(1, "in.jsonl", "Kafka Connect", "value.converter.schemas.enable=false")
    case.write("in.jsonl", json.dumps([payload]) + "\n")
    case.run(source=f"file:{case.dir}/in.jsonl?format=json")
    case.expect(2, "array")


def a_message_is_not_cut_by_what_it_quotes(case):
    case.write("in.csv", HEADER.encode() + b"EWR,2013-01-01T10:00:00Z,\x00fif\x1bteen,517,2\n")
    case.run()
    case.expect(1, "minute", "\\x00fif\\x1bteen", "--on-error flights=skip")


def dead_letters_keep_every_byte(case):
    bad = [b"EWR,2013-01-01T10:00:00Z,\xff\x00,517,2", "caf\u00e9 \u0000".encode(), b"x" * 100_000]
    case.write("in.csv", HEADER.encode() + b"\n".join([GOOD.encode().strip(), *bad]))
    case.run("--on-error", "flights=dead_letter", "--sink", f"flights.dead_letter=file:{case.dir}/dead/?format=jsonl")
    case.expect(0)
    letters = sorted(case.lines("dead"), key=lambda letter: letter["offset"])
    decode = {"text": lambda text: text.encode(), "base64": base64.b64decode}
    kept = [decode[letter["encoding"]](letter["payload"]) for letter in letters]
    assert kept == [bad[0], bad[1], bad[2][: 64 * 1024]], letters
    assert [letter["bytes"] for letter in letters] == [len(each) for each in bad], letters
    assert "100000" in letters[2]["reason"], letters[2]["reason"]


def brackets_in_a_path(case):
    case.write("data[1]/in.csv", HEADER + GOOD)
    case.write("data1/in.csv", HEADER + GOOD * 5)
    case.run(source=f"file:{case.dir}/data[1]/*.csv")
    case.expect(0)
    assert case.flights_out() == 1, case.lines()


def gzip_of_endings_in_capitals_and_padded(case):
    case.write("in.CSV.GZ", gzip.compress((HEADER + GOOD).encode()) + bytes(10_240))
    case.run(source=f"file:{case.dir}/in.CSV.GZ")
    case.expect(0)
    assert case.flights_out() == 1, case.lines()
    case.write("in.csv.gz", gzip.compress((HEADER + GOOD).encode()) + b"garbage")
    case.run(source=f"file:{case.dir}/in.csv.gz", sink="discard:", state=f"{case.dir}/s", checkpoints=f"{case.dir}/c")
    case.expect(1, "in.csv.gz", "at byte")


def blank_lines_without_end(case):
    """512 MiB of them, unpacked: signals and barriers are answered in between."""
    good = b'{"origin":"EWR","time_hour":"2013-01-01T10:00:00Z","minute":15,"dep_time":517,"dep_delay":2}\n'
    squeezed = zlib.compressobj(1, wbits=31)
    with (case.dir / "in.jsonl.gz").open("wb") as out:
        out.write(squeezed.compress(good))
        for _ in range(512):
            out.write(squeezed.compress((b" " * 63 + b"\n") * (1 << 14)))
        out.write(squeezed.compress(good) + squeezed.flush())
    command = [case.program, "run", "--source", f"flights=file:{case.dir}/in.jsonl.gz", "--sink", f"delays=file:{case.dir}/out/",
               "--state-dir", f"{case.dir}/state", "--checkpoint-dir", f"{case.dir}/checkpoints", "--http", "off",
               "--checkpoint-interval", "100ms"]
    job = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=case.dir)
    try:
        while not list(case.dir.glob("checkpoints/manifests/*")):
            assert job.poll() is None, "it ended early"
            time.sleep(0.02)
        started = time.monotonic()
        job.send_signal(signal.SIGTERM)
        case.message = job.communicate(timeout=LIMIT_SECONDS)[1]
        case.code = job.returncode
        assert time.monotonic() - started < 5, f"SIGTERM was answered after {time.monotonic() - started:.1f} s"
        case.expect(0)
    finally:
        job.kill()
        job.wait()
    case.run(source=f"file:{case.dir}/in.jsonl.gz", sink=f"file:{case.dir}/out/")
    case.expect(0)
    assert case.flights_out() == 2, case.lines()


def unknown_flag(case):
    case.run("--paralelism", "2")
    case.expect(2, "--paralelism", "--parallelism")


def unknown_key_in_file(case):
    path = case.write("weir.yaml", "parallelism: 1\ncheckpoint-intervall: 1s\n")
    case.run("--config", str(path))
    case.expect(2, "checkpoint-intervall", "checkpoint-interval", "weir.yaml:2")


def missing_file(case):
    case.run(source=f"file:{case.dir}/nothing-here.csv")
    case.expect(3, "nothing-here.csv")


def unreachable_broker(case):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    case.run(source=f"kafka://127.0.0.1:{port}/flights?format=json")
    case.expect(3, f"127.0.0.1:{port}")


def unwritable_directories(case):
    case.write("in.csv", HEADER + GOOD)
    case.write("blocked", "a file where a directory should be")
    case.run(checkpoints=f"{case.dir}/blocked/checkpoints")
    case.expect(2, "blocked/checkpoints")
    case.run(state=f"{case.dir}/blocked/state")
    case.expect(2, "blocked/state")
    case.run(sink=f"file:{case.dir}/blocked/out/?format=jsonl")
    assert case.code in (2, 3) and "blocked/out" in case.message, (case.code, case.message)


def finished(case):
    case.write("in.csv", HEADER + GOOD)
    case.run()
    case.expect(0)


def truncated_manifest(case):
    finished(case)
    manifest = case.newest_manifest()
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: len(whole) // 2])
    case.run()
    case.expect(5, manifest.name, "truncated")
    manifest.write_bytes(whole)
    case.run()
    case.expect(0)
    assert case.flights_out() == 1, "a refused start must change nothing"


def flipped_manifest(case):
    finished(case)
    manifest = case.newest_manifest()
    whole = bytearray(manifest.read_bytes())
    whole[len(whole) // 2] ^= 0x10
    manifest.write_bytes(whole)
    case.run()
    case.expect(5, manifest.name)


def damaged_state_file(case):
    finished(case)
    for file in (case.dir / "checkpoints/files").iterdir():
        damaged = bytearray(file.read_bytes())
        if not damaged:
            continue
        damaged[len(damaged) // 2] ^= 1
        file.chmod(0o644)
        file.write_bytes(damaged)
    case.run()
    case.expect(5, "checkpoints/files")


def checkpoint_of_another_instance(case):
    finished(case)
    case.run("--instance", "1")
    case.expect(5, "instance '0'", "instance '1'", "checkpoints/manifests")


def directory_in_use(case):
    case.write("in.csv", HEADER + GOOD * 1000)
    first = subprocess.Popen([case.program, "run", "--source", f"flights=file:{case.dir}/in.csv?rate=10", "--sink", "delays=discard:",
                              "--state-dir", f"{case.dir}/state", "--checkpoint-dir", f"{case.dir}/checkpoints", "--http", "off"],
                             stderr=subprocess.DEVNULL, cwd=case.dir)
    try:
        while not list(case.dir.glob("checkpoints/manifests/*")):
            assert first.poll() is None, "the first process ended early"
        case.run()
        case.expect(5, str(first.pid), "checkpoints")
    finally:
        first.kill()
        first.wait()


def main(program, names):
    program = str(pathlib.Path(program).resolve())
    cases = [malformed_csv_fails, malformed_csv_is_skipped, dead_letters_carry_their_origin, dead_letters_need_a_sink,
             malformed_json_fails, wrong_json_type_is_skipped,
             line_ends_of_an_old_mac, columns_that_are_nearly_fields, other_separators, files_of_another_kind, envelopes,
             a_message_is_not_cut_by_what_it_quotes, dead_letters_keep_every_byte, brackets_in_a_path,
             gzip_of_endings_in_capitals_and_padded, blank_lines_without_end, unknown_flag, unknown_key_in_file, missing_file, unreachable_broker,
             unwritable_directories, truncated_manifest, flipped_manifest, damaged_state_file,
             checkpoint_of_another_instance, directory_in_use]
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
