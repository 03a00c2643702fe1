"""The input of the kill tests, a pure function of the seed, and what feeds it to the broker."""
import itertools
import json
import random
import threading
import time

KEYS = 64
FIRST_TIME = 1_700_000_000_000
JITTER = 200  # ms; the pipeline allows 250


def rows(seed):
    """Endless (key, seq, time): seq counts up within a key, times are a millisecond apart and a little out of order."""
    chance = random.Random(f"rows {seed}")
    seqs = [0] * KEYS
    for n in itertools.count():
        key = chance.randrange(KEYS)
        yield key, seqs[key], FIRST_TIME + n - chance.randrange(JITTER)
        seqs[key] += 1


def first_rows(seed, count):
    return itertools.islice(rows(seed), count)


class Feeder:
    """Sends rows through a console producer at a steady rate until told to stop."""

    def __init__(self, producer, seed, rate):
        self._producer = producer
        self._rows = rows(seed)
        self._rate = rate
        self._stop = threading.Event()
        self.sent = 0
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begun = time.monotonic()
        try:
            while not self._stop.is_set():
                due = int((time.monotonic() - begun) * self._rate) - self.sent
                for key, seq, at in itertools.islice(self._rows, max(due, 0)):
                    value = json.dumps({"key": key, "seq": seq, "time": at, "fed": 1}, separators=(",", ":"))
                    self._producer.stdin.write(f"{key}\t{value}\n")
                    self.sent += 1
                self._producer.stdin.flush()
                self._stop.wait(0.02)
            self._producer.stdin.close()
        except OSError as error:
            self._failure = error

    def finish(self):
        """Number of rows that the broker has acknowledged: all."""
        self._stop.set()
        self._thread.join(60)
        if self._thread.is_alive() or self._failure or self._producer.wait(120) != 0:
            raise RuntimeError(f"the producer failed ({self._failure}); see producer.log")
        return self.sent

    def abandon(self):
        self._stop.set()
        self._producer.kill()
