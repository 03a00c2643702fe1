#!/usr/bin/env python3
"""The promises of a checkpoint store, on a real S3 server: as they are kept there, and through a network that loses requests and answers.

    store_test.py TEST_CHECKPOINT_BINARY
"""
import os
import subprocess
import sys
import tempfile

from server import PROGRAM, SKIPPED, Proxy, Server, make_certificate

if not PROGRAM.exists():
    print(f"skipped: there is no {PROGRAM}; scripts/setup s3 installs it")
    sys.exit(SKIPPED)


def run(environment, tests="[store],[s3]~[takeover]", **more):
    return subprocess.run([sys.argv[1], tests], timeout=120, env={**os.environ, **environment}, **{"check": True, **more})


with Server() as server:
    run(server.environment())
    run(server.environment(), "[takeover]")
    with Proxy(server, fault_every=11) as proxy:
        run(proxy.environment())
        counts = proxy.counts()
        assert counts["bad signatures"] == [], counts["bad signatures"][:5]
        assert counts["requests"] > 300 and counts["faults"] > 20, counts
        print(f"{counts['requests']} requests, {counts['faults']} of them went wrong, every signature was right")

with tempfile.TemporaryDirectory(prefix="weir-s3-tls-") as directory, Server(make_certificate(directory)) as server:
    environment = server.environment()
    run(environment, "[s3]~[takeover]")
    del environment["SSL_CERT_FILE"]
    done = run(environment, "A large file goes to S3*", check=False, capture_output=True, text=True)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0 and "certificate verify failed" in said, said
