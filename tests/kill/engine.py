"""The process under test: started, watched through its checkpoint directory, and killed."""
import os
import signal
import subprocess
import time


class Lived(Exception):
    """A process did not end, or ended otherwise than it should have."""


class Place:
    """Directories and addresses that every process of the job is given: the very same arguments each time."""

    def __init__(self, program, directory, broker, interval="100ms"):
        cluster = f"kafka://{broker.address}"
        self.checkpoints = directory / "checkpoints"
        self.log = directory / "job.log"
        self.command = [program, "run", "--source", f"input={cluster}/input?format=json", "--sink", f"copies={cluster}/copies?key=key",
                        "--sink", f"windows={cluster}/windows?key=key", "--state-dir", str(directory / "state"), "--checkpoint-dir",
                        str(self.checkpoints), "--checkpoint-interval", interval, "--memory", "256MiB", "--http", "off"]

    def epochs(self):
        try:
            return sorted(int(name) for name in os.listdir(self.checkpoints / "manifests") if name.isdigit())
        except FileNotFoundError:
            return []


class Process:
    def __init__(self, place, parallelism, kill_point=None, arguments=()):
        self._place = place
        self.born_with = max(place.epochs(), default=0)
        self.log_begin = place.log.stat().st_size if place.log.exists() else 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
        if kill_point:
            environment["WEIR_KILLPOINT"] = kill_point
        with place.log.open("a") as log:
            self._process = subprocess.Popen([*place.command, "--parallelism", str(parallelism), *arguments], stdout=log, stderr=log,
                                             env=environment)
        self.started = time.monotonic()
        self.first_commit = None  # seconds after the start

    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process.poll() is None

    def age(self):
        return time.monotonic() - self.started

    def said(self):
        with self._place.log.open("rb") as log:
            log.seek(self.log_begin)
            return log.read().decode(errors="replace")

    def commits(self):
        """At least this many epochs were committed since the start. Older manifests than the last two are deleted right after
        a commit, so a new one without a third beside it is committed, and so is each that has a successor."""
        epochs = self._place.epochs()
        new = [epoch for epoch in epochs if epoch > self.born_with]
        committed = (new[-1] - self.born_with if len(epochs) <= 2 else new[-1] - self.born_with - 1) if new else 0
        if committed and self.first_commit is None:
            self.first_commit = self.age()
        return committed

    def await_commits(self, count, within):
        deadline = time.monotonic() + within
        while self.commits() < count:
            if not self.alive():
                raise Lived(f"the process ended with {self._process.returncode} instead of committing:\n{self.said()[-2000:]}")
            if time.monotonic() > deadline:
                raise Lived(f"no {count} commits within {within} s:\n{self.said()[-2000:]}")
            time.sleep(0.005)

    def watch_until(self, seconds):
        """Returns when the process is that old, or gone."""
        while self.alive() and self.age() < seconds:
            self.commits()
            time.sleep(0.005)
        return self.alive()

    def await_end(self, within):
        """The exit code; negative for a signal. Watches for the first commit meanwhile."""
        deadline = time.monotonic() + within
        while self.alive():
            if time.monotonic() > deadline:
                self.kill()
                raise Lived(f"the process did not end within {within} s:\n{self.said()[-2000:]}")
            self.commits()
            time.sleep(0.005)
        return self._process.returncode

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """Whether a SIGKILL met a living process."""
        if not self.alive():
            return False
        self._process.kill()
        return self._process.wait(30) == -signal.SIGKILL
