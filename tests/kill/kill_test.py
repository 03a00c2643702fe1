#!/usr/bin/env python3
"""Kills a pipeline, or freezes it, or does so to its broker, and compares what it put out with what it should have.

    kill_test.py --program ordered_counts --scenario points|random|zombie|broker [--cycles N] [--parallelism P] [--seed S]

A round (--cycles, or WEIR_CYCLES, default 1) is: points, a SIGKILL at each point of docs/checkpoint-protocol.md; random, ten SIGKILLs;
zombie, five takeovers; broker, one SIGKILL and one freeze. docs/testing-exactly-once.md tells what is checked.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import rows
import scenarios
import verdict
from broker import Broker
from engine import Lived, Place


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--scenario", required=True, choices=sorted(scenarios.ALL))
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("WEIR_CYCLES", "1")))
    parser.add_argument("--parallelism", default="2", help="or several, `1,2`: each start takes one of them")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rate", type=int, default=2000, help="rows a second")
    parser.add_argument("--points", help="only these, separated by commas")
    parser.add_argument("--report", type=pathlib.Path, help="where the verdict goes, as JSON")
    parser.add_argument("--keep", action="store_true", help="leaves the working directory")
    return parser.parse_args()


def finish(run, feeder):
    """Stops the input and lets the job come to its end. Returns how many rows it had to process."""
    fed = feeder.finish()
    last = run.start(arguments=("--until", "latest"))
    code = last.await_end(180)
    if code != 0:
        raise Lived(f"the last run ended with {code} instead of 0:\n{last.said()[-2000:]}")
    return fed


def check(options, directory, broker):
    place = Place(options.program.resolve(), directory, broker)
    run = scenarios.Run(place, broker, random.Random(options.seed), options)
    feeder = rows.Feeder(broker.producer(), options.seed, options.rate)
    try:
        scenarios.ALL[options.scenario](run)
        fed = finish(run, feeder)
    finally:
        run.end_all()
        feeder.abandon()
    return verdict.judge(run, options, broker, fed)


def main():
    options = arguments()
    print(f"scenario {options.scenario}, rounds {options.cycles}, parallelism {options.parallelism}, seed {options.seed}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-kill-"))
    began = time.monotonic()
    broker = Broker(directory)
    try:
        result = check(options, directory, broker)
    except Lived as failure:
        result = {"scenario": options.scenario, "seed": options.seed, "failures": [str(failure)], "passed": 0}
    finally:
        broker.wipe()
    result["seconds"] = round(time.monotonic() - began, 1)
    if options.report:
        options.report.write_text(json.dumps(result, indent=1) + "\n")
    for failure in result["failures"]:
        print(f"FAILED: {failure}")
    if options.keep or result["failures"]:
        print(f"files are in {directory}")
    else:
        shutil.rmtree(directory)
    print(f"{result['passed']} passed, {len(result['failures'])} failed ({result['seconds']} s)")
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
