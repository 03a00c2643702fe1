#!/usr/bin/env python3
"""Runs the example enrichment against a rates service that is not always well, and compares every row.

    enrichment_test.py PROGRAM
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import rates_server

ORDERS = pathlib.Path(__file__).with_name("orders.csv")


def run(program, place, url, workers):
    command = [program, "run", "--source", f"orders=file:{ORDERS}", "--rates", url, "--parallelism", str(workers),
               "--sink", f"priced=file:{place}/priced/?format=jsonl", "--sink", f"unpriced=file:{place}/unpriced/?format=jsonl",
               "--state-dir", f"{place}/state", "--checkpoint-dir", f"{place}/checkpoints", "--http", "off"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"


def lines(folder):
    return sorted((json.loads(line) for part in folder.glob("*.jsonl") for line in part.open()),
                  key=lambda row: row["id"] if "id" in row else row["row"]["id"])


def check(program, workers):
    server = rates_server.RatesServer()
    with tempfile.TemporaryDirectory(prefix="weir-enrichment-") as place:
        place = pathlib.Path(place)
        run(program, place, server.url, workers)
        priced, unpriced = lines(place / "priced"), lines(place / "unpriced")
    server.shutdown()
    orders = list(csv.DictReader(ORDERS.open()))
    wanted = [order for order in orders if order["currency"] != rates_server.MISTAKEN]
    assert [row["id"] for row in priced] == [int(order["id"]) for order in wanted], priced
    for row, order in zip(priced, wanted):
        rate = rates_server.RATES.get(order["currency"])
        assert row["currency"] == order["currency"], row
        assert (row["euros"] is None) == (rate is None), row
        assert rate is None or abs(row["euros"] - float(order["amount"]) * rate) < 1e-9, row
    assert len(unpriced) == len(orders) - len(wanted) == 1, unpriced
    assert unpriced[0]["reason"] == f"{server.url}/rates/N%2FA: 400 Bad Request", unpriced
    assert unpriced[0]["attempts"] == 1, unpriced
    asked = dict(server.asked)
    if workers == 1:  # the cache: each currency once, and again after a failure
        expected = {order["currency"]: 1 for order in orders}
        expected.update({rates_server.SICK: 3, rates_server.RUDE: 2})
        assert asked == expected, asked


if __name__ == "__main__":
    for workers in (1, 2):
        check(sys.argv[1], workers)
    print("every order has its price")
