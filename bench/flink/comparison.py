"""What both comparisons of weir with Flink share: programs of Java, lines of results, means and tables."""
import json
import math
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "bench/flink"
BUILT = ROOT / ".cache/flink"
WEIR = ROOT / "build/release/bench/nexmark"
OPENED = ["java.util", "java.lang", "java.net", "java.io", "java.nio", "java.lang.reflect", "java.text", "java.time",
          "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch"]  # packages that Flink reaches into


class Failure(Exception):
    """What has gone wrong, for people."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def stop_cleanly():
    """SIGTERM and SIGINT end this program as an exception does: what it has started is ended, too."""
    def interrupt(*_):
        raise KeyboardInterrupt
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


def on_core(core, command):
    return ["taskset", "-c", str(core), *map(str, command)]


def java(core, program, heap, **arguments):
    """The command for one of the programs beside this file, with a processor of its own."""
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    words = [f"{key.replace('_', '-')}={value}" for key, value in arguments.items()]
    return on_core(core, ["java", f"-Xms{heap}", f"-Xmx{heap}", "-XX:MaxDirectMemorySize=2g", "-XX:+UseParallelGC",
                          "-XX:ActiveProcessorCount=1", "-Duser.timezone=UTC", *opened,
                          "-cp", f"{BUILT}/target/classes:{BUILT}/lib/*", f"weir.nexmark.{program}", *words])


def run(command, timeout):
    """What a program has printed, how long it took and how much of the processor. It and what it started are gone afterwards."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        child = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        try:
            status, usage = wait(child, began + timeout)
        finally:
            kill_group(child.pid)
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        printed, complained = out.read(), err.read()
    if status != 0:
        raise Failure(f"exit {os.waitstatus_to_exitcode(status)}: {' '.join(map(str, command))[:300]}\n{(printed + complained)[-2000:]}")
    return {"out": printed, "seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024}


def wait(child, deadline):
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return status, usage
        if time.monotonic() > deadline:
            raise Failure(f"has not ended in time: {' '.join(child.args)[:300]}")
        time.sleep(0.01)


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def last_json(printed):
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    if not lines:
        raise Failure(f"no result in: {printed[-500:]!r}")
    return json.loads(lines[-1])


def commit():
    said = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}"


class Results:
    """Lines of JSON, in a file if there is a name: what is there already is not measured again."""

    def __init__(self, path, key, settings, echo=False):
        self.path = pathlib.Path(path) if path else None
        self.key, self.echo, self.lines = key, echo, []
        if self.path and self.path.exists():
            self.lines = self.read_whole_lines()
        for line in self.lines:
            if line["kind"] == "run" and line["settings"] != settings:
                raise Failure(f"{self.path} was measured with {line['settings']}, not with {settings}: name another file")
        self.add({"kind": "run", "settings": settings, "commit": commit(), "machine": machine(),
                  "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})

    def read_whole_lines(self):
        """A run that was killed may have left half a line at the end; it is cut off."""
        text = self.path.read_bytes()
        whole = text[:text.rfind(b"\n") + 1]
        if whole != text:
            self.path.write_bytes(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def find(self, *wanted):
        found = [line for line in self.lines if line["kind"] == "result" and tuple(line.get(k) for k in self.key) == wanted]
        return found[-1] if found else None

    def add(self, line):
        self.lines.append(line)
        text = json.dumps(line)
        if self.path:
            with self.path.open("a") as out:
                out.write(text + "\n")
        if self.echo:
            print(text, flush=True)


def geometric_mean(numbers):
    if not numbers:
        raise ValueError("the mean of nothing")
    return math.exp(sum(map(math.log, numbers)) / len(numbers))


def summary(ratios):
    """Of ratios by query: geometric mean, the smallest and whose that is."""
    worst = min(ratios, key=ratios.get)
    return {"queries": len(ratios), "geometric_mean": geometric_mean(list(ratios.values())), "minimum": ratios[worst], "minimum_query": worst}


def thousands(number):
    return "-" if number is None else f"{number / 1e3:,.0f}"


def times(number):
    return "-" if number is None else f"{number:.2f}"


def chosen(text, known, what):
    names = known if text == "all" else text.split(",")
    for name in names:
        if name not in known:
            raise Failure(f"there is no {what} '{name}'; there are {', '.join(known)}")
    return names
