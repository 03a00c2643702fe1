"""A broker of scripts/kafka on a free port, Kafka's own producer and consumer. Nothing of weir reads or writes here."""
import json
import os
import pathlib
import queue
import random
import socket
import subprocess
import threading
import time

import model

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "kafka"
QUIET = {**os.environ, "KAFKA_JVM_OPTS": "-XX:TieredStopAtLevel=1 -Dlog4j2.level=OFF"}  # else the log goes to stdout
TOPICS = {"input": 4, "copies": 2, "windows": 2}


def _free_port():
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


class Broker:
    def __init__(self, directory):
        self._directory = directory
        self._port = _free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._do("start")
        for topic, partitions in TOPICS.items():
            subprocess.run([SCRIPT, "jvm", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, "--create",
                            "--topic", topic, "--partitions", str(partitions)], check=True, capture_output=True, timeout=60)

    def _do(self, action):
        subprocess.run([SCRIPT, action, "--port", str(self._port), "--dir", str(self._directory / "broker")], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)

    def start(self):
        self._do("start")

    def kill(self):
        self._do("kill")

    def pause(self):
        self._do("pause")

    def resume(self):
        self._do("resume")

    def wipe(self):
        self._do("wipe")

    def producer(self):
        """Lines of key, tab, value on its stdin go to `input`. It survives the broker's failures: idempotent, acks=all."""
        with (self._directory / "producer.log").open("w") as log:
            return subprocess.Popen(
                [SCRIPT, "jvm", "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", self.address, "--topic", "input",
                 "--reader-property", "parse.key=true", "--message-send-max-retries", "1000000", "--request-timeout-ms", "30000",
                 "--max-block-ms", "300000", "--timeout", "5", "--command-property", "delivery.timeout.ms=300000"], stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)

    def read(self, isolation, idle):
        """All records of all topics, by what they are: {"input": [Seen], "copies": [Seen], "windows": [Seen]}.
        Ends when nothing has come for `idle` seconds, or for 60 at the beginning."""
        reader = subprocess.Popen(
            [SCRIPT, "jvm", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", self.address, "--include",
             "input|copies|windows", "--from-beginning", "--isolation-level", isolation, "--formatter-property",
             "print.partition=true", "--formatter-property", "print.offset=true"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=QUIET)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in reader.stdout], daemon=True).start()
        seen = {topic: [] for topic in TOPICS}
        patience = 60
        try:
            while True:
                topic, entry = _parse(lines.get(timeout=patience))
                seen[topic].append(entry)
                patience = idle
        except queue.Empty:
            return seen
        finally:
            reader.kill()
            reader.wait()


def _parse(line):
    partition, offset, value = line.split("\t")
    row = json.loads(value)
    topic = "input" if "fed" in row else "copies" if "seq" in row else "windows"
    return topic, model.Seen(int(partition.split(":")[1]), int(offset.split(":")[1]), row)


def read_both(broker, idle):
    """(committed, uncommitted), read side by side: both spend most of their time waiting for the end."""
    found = {}
    readers = [threading.Thread(target=lambda level=level: found.update({level: broker.read(level, idle)}))
               for level in ("read_committed", "read_uncommitted")]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return found["read_committed"], found["read_uncommitted"]


def pause_for(broker, seconds):
    broker.pause()
    try:
        time.sleep(seconds)
    finally:
        broker.resume()
