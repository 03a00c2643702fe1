#!/usr/bin/env python3
"""The command line of a real process: what becomes of answers that cannot be written, whether reasons are said and secrets are not, and whether
probes are answered however many connections are held open.

    command_line_test.py PROGRAM [CASE]...
"""
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIMIT_SECONDS = 20
ANSWER_CUT = 6
NOBODY = 65534
HEADER = "origin,time_hour,minute,dep_time,dep_delay\n"
SECRETS = ["CaNaRy/one+1", "CaNaRyTwo22"]


class Case:
    """A directory of its own, and the program run in it."""

    def __init__(self, program):
        self.program = program
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="weir-command-line-"))
        self.dir.chmod(0o755)
        self.scratch = self.dir / "tmp"
        self.scratch.mkdir()
        rows = "".join(f"EWR,2013-01-01T{hour:02}:00:00Z,15,517,{minute}\n" for hour in range(24) for minute in range(60))
        (self.dir / "in.csv").write_text(HEADER + rows)

    def places(self, given=()):
        defaults = {"--state-dir": f"{self.dir}/state", "--checkpoint-dir": f"{self.dir}/checkpoints", "--http": "off"}
        return [word for flag, value in defaults.items() if flag not in given for word in (flag, value)]

    def run(self, *arguments, places=True, **options):
        command = [self.program, *arguments, *(self.places(arguments) if places else [])]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        done = subprocess.run(command, text=True, timeout=LIMIT_SECONDS, cwd=self.dir,
                              env={**os.environ, "TMPDIR": str(self.scratch)}, check=False, **options)
        self.code, self.out, self.err = done.returncode, done.stdout or "", done.stderr or ""
        return self

    def run_job(self, *arguments, **options):
        return self.run("run", "--source", f"flights=file:{self.dir}/in.csv", "--sink", f"delays=file:{self.dir}/out/?format=jsonl", *arguments, **options)

    def expect(self, code, *words):
        assert self.code == code, f"ended with {self.code} instead of {code}: {self.out[-500:]}{self.err}"
        for word in words:
            assert word in self.out + self.err, f"'{word}' is not in: {self.out[-2000:]}{self.err}"

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def with_state(case):
    """A savepoint with state in it, and every command that prints."""
    case.run_job()
    case.expect(0)
    case.run("savepoint", "create", f"{case.dir}/kept")
    case.expect(0)
    kept = f"{case.dir}/kept"
    return [["--help"], ["help"], ["version"], ["version", "--json"], ["config"], ["config", "--json"], ["graph"], ["graph", "--format", "dot"],
            ["graph", "--format", "mermaid"], ["check", "--source", f"flights=file:{case.dir}/in.csv"], ["state"], ["state", "ls"],
            ["state", "count"], ["savepoint", "list", case.dir], ["savepoint", "list", kept], ["savepoint", "verify", kept],
            ["savepoint", "inspect", kept]]


def full_device(case):
    for command in with_state(case):
        with open("/dev/full", "w") as full:
            case.run(*command, stdout=full)
        case.expect(ANSWER_CUT, "the answer is cut off: standard output cannot be written: No space left on device")


def reader_has_left(case):
    for command in with_state(case):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            case.run(*command, stdout=pipe)
        case.expect(-signal.SIGPIPE)
        assert case.err == "", case.err
    assert not list(case.scratch.iterdir()), f"left behind: {list(case.scratch.iterdir())}"


def reader_has_left_where_sigpipe_is_ignored(case):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        case.run("config", stdout=pipe, restore_signals=False, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    case.expect(ANSWER_CUT, "Broken pipe")


def closed_descriptors(case):
    with_state(case)
    for command in (["config"], ["state", "ls"], ["savepoint", "inspect", f"{case.dir}/kept"]):
        case.run(*command, preexec_fn=lambda: os.close(1))
        case.expect(ANSWER_CUT, "Bad file descriptor")
    # What is printed must not end up in the job's own files.
    shutil.rmtree(case.dir / "checkpoints")
    shutil.rmtree(case.dir / "out")
    case.run_job(preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)])
    case.expect(0)
    case.run("savepoint", "verify", f"{case.dir}/checkpoints")
    case.expect(0, "every file as written")


def reasons_at_every_log_level(case):
    for level in ("info", "error", "off"):
        case.run("run", "--source", f"flights=file:{case.dir}/missing.csv", "--log-level", level)
        case.expect(3, "error job failed", "missing.csv")
        assert case.err.count("no such file") == 1, case.err
    (case.dir / "bad.csv").write_text(HEADER + "EWR,2013-01-01T10:00:00Z,fifteen,517,2\n")
    case.run("run", "--source", f"flights=file:{case.dir}/bad.csv", "--log-level", "off")
    case.expect(1, "fifteen")


def places_that_clash(case):
    out = f"{case.dir}/out"
    for other in (out, f"{out}/", f"{case.dir}/x/../out/?format=csv", "out", "./out/"):
        for command in ("check", "run"):
            case.run(command, "--source", f"flights=file:{case.dir}/in.csv", "--sink", f"delays=file:{out}", "--sink", f"late=file:{other}")
            case.expect(2, "the sink 'delays' and the sink 'late' write to one directory")
    case.run("check", "--source", f"flights=file:{case.dir}/*.jsonl", "--sink", f"delays=file:{case.dir}")
    case.expect(2, "the source 'flights' reads what the sink 'delays' writes")
    case.run("check", "--sink", f"delays=file:{case.dir}/checkpoints/out")
    case.expect(2, "writes into --checkpoint-dir")


def savepoints_are_listed(case):
    with_state(case)
    for place in (f"{case.dir}/kept", f"{case.dir}/kept/"):
        case.run("savepoint", "list", place)
        case.expect(0, "kept", "job flight-delays, epoch ")
    case.run("savepoint", "list", case.dir)
    case.expect(0, f"{case.dir}/kept  job flight-delays", f"{case.dir}/checkpoints  job flight-delays")
    case.run("savepoint", "list", f"{case.dir}/out")
    case.expect(0, "no savepoint in")
    case.run("savepoint", "list", f"{case.dir}/nowhere")
    case.expect(2, "nowhere cannot be listed: No such file or directory")


def near_names_are_suggested(case):
    for binding, near in (("flights=kafka://127.0.0.1:1/x?fromat=json", "format"), ("flights=kafka://127.0.0.1:1/x?isolaton.level=a", "`isolaton.level`"),
                          ("flights=kafka://127.0.0.1:1/x?tombstone=skip", "tombstones"), ("flights=kafka://127.0.0.1:1/x?client.ids=a", "client.id"),
                          ("flights=file:in.csv?fromat=csv", "format"), ("fligths=file:in.csv", "flights")):
        case.run("check", "--source", binding)
        case.expect(2, near)
        assert "did you mean" in case.err or near.startswith("`"), case.err
    case.run("check", "--source", "flights=file:in.csv", "--checkpoint-dir", "s3://bucket/p?regoin=eu")
    case.expect(2, "did you mean region?")


def secrets_stay_secret(case):
    first, second = SECRETS
    address = f"s3://AKIA:{first}@bucket/p?region=eu&secret_access_key={second}&endpoint=http://ann:{second}@127.0.0.1:1"
    kafka = f"kafka://ann:{second}@127.0.0.1:1/x?sasl.password={first}"
    for arguments in (["config", "--checkpoint-dir", address], ["config", "--from", f"savepoint:{address}"], ["config", "--from", f"s{address}"],
                      ["run", "--checkpoint-dir", address], ["check", "--checkpoint-dir", address], ["state", "ls", "--at", address],
                      ["savepoint", "inspect", address], ["savepoint", "create", address], ["savepoint", "delete", address],
                      ["config", "--source", f"flights={kafka}"], ["run", "--source", f"flights={kafka}"], ["check", "--source", f"flights={kafka}"],
                      ["check", "--sink", f"delays={kafka}"], ["run", "--sink", f"delays=kafka://127.0.0.1:1/x?brokers=ann:{second}@127.0.0.1:1"],
                      ["check", "--source", f"flights=generator:?events=x&token={first}"], ["graph", "--source", f"flights={kafka}"]):
        case.run(*arguments, "--log-level", "trace")
        assert case.code in (0, 2, 3), (arguments, case.code, case.err)
        for secret in SECRETS:
            assert secret.lower() not in (case.out + case.err).lower(), f"{arguments}: {case.out}{case.err}"


def no_more_threads(case):
    """RLIMIT_NPROC does not hold root back, so the program runs as nobody. A job waits for threads as for other things that may come back: what
    counts is that it says so, and is not killed by itself."""
    if os.geteuid() != 0:
        return
    case.dir.chmod(0o777)
    case.scratch.chmod(0o777)
    for most in (1, 2, 4, 6, 8, 9, 11, 13, 40):
        for folder in ("state", "checkpoints", "out"):
            shutil.rmtree(case.dir / folder, ignore_errors=True)

        def few_threads(most=most):
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        command = ["run", "--source", f"flights=file:{case.dir}/in.csv", "--sink", f"delays=file:{case.dir}/out/?format=jsonl",
                   "--parallelism", "4", *case.places()]
        with subprocess.Popen([case.program, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=case.dir,
                              preexec_fn=few_threads) as job:
            with contextlib.suppress(subprocess.TimeoutExpired):
                job.wait(timeout=1.5)
            ended = job.poll()
            job.kill()
            said = job.stderr.read()
        assert ended is None or ended >= 0, f"{most} threads: killed by signal {-ended}: {said[-1000:]}"
        assert ended == 0 or "the system gives no thread for" in said, f"{most} threads, code {ended}: {said[-1000:]}"


def probes_are_answered(case):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [case.program, "run", "--source", f"flights=file:{case.dir}/in.csv?rate=20", "--state-dir", f"{case.dir}/state",
               "--checkpoint-dir", f"{case.dir}/checkpoints", "--http", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=case.dir) as job:
        try:
            with contextlib.ExitStack() as held:
                until = time.monotonic() + LIMIT_SECONDS
                while True:
                    with contextlib.suppress(OSError):
                        socket.create_connection(("127.0.0.1", port), timeout=1).close()
                        break
                    assert time.monotonic() < until
                    time.sleep(0.05)
                for i in range(150):
                    client = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=2))
                    client.sendall([b"", b"GET /hea", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: "][i % 3])
                for path in ("/healthz", "/readyz", "/healthz"):
                    began = time.monotonic()
                    answer = b"nothing"
                    with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
                        probe.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                        with contextlib.suppress(ConnectionResetError):
                            answer = probe.recv(1000)
                    assert answer.startswith(b"HTTP/1.1 200") or path == "/readyz" and answer.startswith(b"HTTP/1.1 503"), answer
                    assert time.monotonic() - began < 1
        finally:
            job.kill()


CASES = [full_device, reader_has_left, reader_has_left_where_sigpipe_is_ignored, closed_descriptors, reasons_at_every_log_level, places_that_clash,
         savepoints_are_listed, near_names_are_suggested, secrets_stay_secret, no_more_threads, probes_are_answered]


def main():
    program, *wanted = sys.argv[1:]
    failed = 0
    for case_function in CASES:
        if wanted and case_function.__name__ not in wanted:
            continue
        case = Case(str(pathlib.Path(program).resolve()))
        began = time.monotonic()
        try:
            case_function(case)
            print(f"ok    {case_function.__name__} ({time.monotonic() - began:.1f} s)")
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            failed += 1
            print(f"WRONG {case_function.__name__}: {problem}")
        finally:
            case.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
