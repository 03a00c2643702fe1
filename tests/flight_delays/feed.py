#!/usr/bin/env python3
"""Prints the flights as a Kafka console producer reads them: key, tab, JSON; at most RATE rows a second.

    feed.py FLIGHTS_DIR [RATE]

A month goes to one partition, in order; four months run side by side. Fields without a value are left out.
"""
import csv
import json
import pathlib
import sys
import time

LANES = ("2", "4", "5", "1")  # keys that Kafka's default partitioner sends to partitions 0, 1, 2, 3 of four
TEXT = {"carrier", "tailnum", "origin", "dest", "time_hour"}


def as_json(row):
    return json.dumps({name: value if name in TEXT else int(value) for name, value in row.items()
                       if value not in ("", "NA")}, separators=(",", ":"))


def read_lane(flights_dir, lane):
    for month in range(lane + 1, 13, len(LANES)):
        with (pathlib.Path(flights_dir) / f"flights-{month:02}.csv").open(newline="") as file:
            yield from csv.DictReader(file)


def main(flights_dir, rate=None):
    lanes = [list(read_lane(flights_dir, lane)) for lane in range(len(LANES))]
    # Each lane at the same share of its way, so that none holds back event time for long.
    order = sorted((index / len(rows), lane, index) for lane, rows in enumerate(lanes) for index in range(len(rows)))
    start = time.monotonic()
    for sent, (_, lane, index) in enumerate(order):
        if rate and sent % 256 == 0:
            sys.stdout.flush()
            time.sleep(max(0.0, start + sent / float(rate) - time.monotonic()))
        sys.stdout.write(f"{LANES[lane]}\t{as_json(lanes[lane][index])}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
