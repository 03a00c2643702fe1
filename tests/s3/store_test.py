#!/usr/bin/env python3
"""The promises of a checkpoint store, on a real S3 server: as they are kept there, and through a network that loses requests and answers.

    store_test.py TEST_CHECKPOINT_BINARY
"""
import os
import subprocess
import sys

from server import PROGRAM, SKIPPED, Proxy, Server

if not PROGRAM.exists():
    print(f"skipped: there is no {PROGRAM}; scripts/setup s3 installs it")
    sys.exit(SKIPPED)


def run(environment):
    subprocess.run([sys.argv[1], "[store],[s3]"], check=True, timeout=250, env={**os.environ, **environment})


with Server() as server:
    run(server.environment())
    with Proxy(server, fault_every=11) as proxy:
        run(proxy.environment())
        counts = proxy.counts()
        assert counts["bad signatures"] == [], counts["bad signatures"][:5]
        assert counts["requests"] > 300 and counts["faults"] > 20, counts
        print(f"{counts['requests']} requests, {counts['faults']} of them went wrong, every signature was right")
