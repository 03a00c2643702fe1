#!/usr/bin/env python3
"""Jobs that keep their checkpoints on a real S3 server: killed at each point of the protocol and at random, through a bad network, beside
a second one that wants the same place, and frozen while another takes it over. What all lives wrote together is what one undisturbed writes.

    job_test.py KEEPER_BINARY
"""
import pathlib
import random
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "savepoints"))

from keeping import Keeper  # noqa: E402
from server import BUCKET, CREDENTIALS, PROGRAM, SKIPPED, Proxy, Server  # noqa: E402

FENCED, STATE_UNUSABLE = 4, 5
POINTS = ["before_manifest_rename", "after_manifest_durable", "after_commit_before_sinks", "before_retain", "mid_restore"]
SEED = 17

if not PROGRAM.exists():
    print(f"skipped: there is no {PROGRAM}; scripts/setup s3 installs it")
    sys.exit(SKIPPED)


def address(endpoint, place):
    return f"s3://{BUCKET}/jobs/{place}?endpoint={endpoint}&lease_seconds=1"


def end(keeper, place, form):
    """Runs the job to its end and compares."""
    keeper.call("run", *keeper.arguments(place, **form), "--parallelism", 2, env=CREDENTIALS)
    assert sorted(keeper.lines(place)) == keeper.expected(), f"{place}: what was written is not what is right"


def killed_at_points(keeper, endpoint):
    for number, point in enumerate(POINTS):
        place = f"point-{number}"
        form = {"checkpoints": address(endpoint, place)}
        lives = [(point, 3)] if point != "mid_restore" else [("before_retain", 3), (point, 2)]
        for name, times in lives:
            with keeper.start(place, env={**CREDENTIALS, "WEIR_KILLPOINT": f"{name}:{times}"}, rate=5000, **form) as job:
                said = job.communicate(timeout=60)[1]
                assert job.returncode == -signal.SIGKILL, f"the job was not killed at {name}:\n{said}"
        end(keeper, place, form)


def killed_at_random(keeper, endpoint):
    chance = random.Random(SEED)
    form = {"checkpoints": address(endpoint, "random")}
    for _ in range(8):
        with keeper.start("random", "--parallelism", chance.choice([1, 2]), env=CREDENTIALS, rate=5000, **form) as job:
            time.sleep(chance.uniform(0.05, 0.7))
            job.kill()
            job.communicate(timeout=60)
    end(keeper, "random", form)


def refused_while_one_runs(keeper, endpoint):
    form = {"checkpoints": address(endpoint, "busy")}
    with keeper.start("busy", env=CREDENTIALS, rate=5000, **form) as first:
        time.sleep(0.7)
        said = keeper.call("run", *keeper.arguments("second", **form), env=CREDENTIALS, expect=STATE_UNUSABLE)
        assert f"in use by process {first.pid} on host" in said, said
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
        assert first.returncode == 0
    end(keeper, "busy", form)


def fenced_when_late(keeper, endpoint):
    """A frozen process does not renew its lease; the one that takes its place goes on, and the first finds out. Files as sinks have a lock
    of their own, so that only the state is compared."""
    form = {"checkpoints": address(endpoint, "frozen"), "sink": "discard:"}
    with keeper.start("frozen", env=CREDENTIALS, rate=5000, **form) as first:
        time.sleep(0.7)
        first.send_signal(signal.SIGSTOP)
        with keeper.start("frozen", env=CREDENTIALS, rate=5000, state="another-state", **form) as second:
            time.sleep(2.5)
            first.send_signal(signal.SIGCONT)
            said = first.communicate(timeout=60)[1]
            assert first.returncode == FENCED and "has been taken over by process" in said, f"{first.returncode}\n{said}"
            said = second.communicate(timeout=60)[1]
            assert second.returncode == 0 and "going on from epoch" in said, said
    keeper.expected()
    undisturbed = keeper.call("state", "dump", *keeper.arguments("undisturbed"))
    assert keeper.call("state", "dump", *keeper.arguments("frozen", **form), env=CREDENTIALS) == undisturbed != ""


def savepoints(keeper, endpoint):
    form = {"checkpoints": address(endpoint, "saved")}
    written = keeper.stop_in_the_middle("saved", env=CREDENTIALS, rate=5000, seconds=1.2, **form)

    def call(*words, **more):
        return keeper.call(*words, env=CREDENTIALS, **more)

    own = keeper.arguments("saved", **form)
    far, near = address(endpoint, "savepoint"), keeper.scratch / "savepoint"
    call("savepoint", "create", far, *own)
    call("savepoint", "create", near, *own)
    assert "is there already" in call("savepoint", "create", far, *own, expect=2)
    dump = call("state", "dump", "--at", far)
    assert dump and dump == call("state", "dump", "--at", near) == call("state", "dump", *own)
    assert call("savepoint", "diff", far, near) == ""
    assert "every file as written" in call("savepoint", "verify", far)
    again = address(endpoint, "again")
    call("savepoint", "create", again, "--at", near, *own)
    rows = keeper.scratch / "rows.jsonl"
    rows.write_text(dump)
    made = address(endpoint, "made")
    call("savepoint", "write", made, "--rows", rows, "--base", again, *own)
    assert call("state", "dump", "--at", made) == dump
    assert "restore from savepoint s3://" in call("check", *keeper.arguments("next"), "--from", f"savepoint:{made}")
    call("run", *keeper.arguments("next", checkpoints=address(endpoint, "next")), "--from", f"savepoint:{made}")
    missing = set(keeper.expected()) - set(written + keeper.lines("next"))
    assert sorted(written + keeper.lines("next")) == keeper.expected(), (len(written), len(keeper.lines("next")), len(missing))
    call("savepoint", "delete", made)
    assert "there is no checkpoint in" in call("savepoint", "verify", made, expect=2)
    assert "NoSuchBucket" in call("check", *keeper.arguments("x", checkpoints=f"s3://none/x?endpoint={endpoint}"), expect=2)
    said = keeper.call("check", *keeper.arguments("x", checkpoints=far), env={"AWS_ACCESS_KEY_ID": ""}, expect=2)
    assert "AWS_ACCESS_KEY_ID is not set" in said, said


def bad_network(keeper, server):
    with Proxy(server, fault_every=13) as proxy:
        form = {"checkpoints": address(proxy.endpoint, "bad-network")}
        for _ in range(2):
            with keeper.start("bad-network", env=CREDENTIALS, rate=8000, **form) as job:
                time.sleep(1)
                job.kill()
                job.communicate(timeout=60)
        end(keeper, "bad-network", form)
        counts = proxy.counts()
        assert counts["faults"] > 10 and not counts["bad signatures"], counts


with tempfile.TemporaryDirectory(prefix="weir-s3-") as directory, Server() as s3:
    work = Keeper(sys.argv[1], directory)
    for scenario in (killed_at_points, killed_at_random, refused_while_one_runs, fenced_when_late, savepoints):
        begun = time.monotonic()
        scenario(work, s3.endpoint)
        print(f"{scenario.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    bad_network(work, s3)
