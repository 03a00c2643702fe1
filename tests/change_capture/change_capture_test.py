#!/usr/bin/env python3
"""Runs the example change_capture over small tables, and over larger ones that are made up, and compares what its upserts add up to
with a join of the tables as the events leave them.

    change_capture_test.py PROGRAM
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def table(events):
    """The rows that change events leave, by id."""
    rows = {}
    for event in events:
        if event["op"] == "d":
            del rows[event["before"]["id"]]
        else:
            rows[event["after"]["id"]] = event["after"]
    return rows


def joined(orders, customers):
    result = {}
    for order in orders.values():
        customer = customers.get(order["customer_id"], {})
        result[order["id"]] = {"order_id": order["id"], "cents": order["cents"], "status": order["status"],
                               "customer": customer.get("name"), "city": customer.get("city"), "deleted": False}
    return result


def events_of(path):
    return [json.loads(line) for line in path.open(encoding="utf-8")]


def run(program, orders, customers, workers):
    with tempfile.TemporaryDirectory(prefix="weir-change-capture-") as place:
        subprocess.run([program, "run", "--source", f"orders=file:{orders}", "--source", f"customers=file:{customers}",
                        "--sink", f"joined=file:{place}/out/?format=jsonl", "--state-dir", f"{place}/state",
                        "--checkpoint-dir", f"{place}/checkpoints", "--parallelism", str(workers), "--http", "off"],
                       check=True, timeout=60, stderr=subprocess.DEVNULL)
        return [json.loads(line) for part in sorted(pathlib.Path(place, "out").glob("*.jsonl"))
                for line in part.open(encoding="utf-8")]


def check(program, orders, customers):
    want = joined(table(events_of(orders)), table(events_of(customers)))
    for workers in (1, 3):
        have, last = {}, {}
        for upsert in run(program, orders, customers, workers):
            key = upsert["order_id"]
            assert last.get(key) != upsert, f"said twice: {upsert}"
            last[key] = upsert
            if upsert["deleted"]:
                assert have.pop(key, None) is not None, f"deleted, but never there: {upsert}"
            else:
                have[key] = upsert
        assert have == want, f"{workers} workers: {len(have)} rows instead of {len(want)}:\n{have}\n{want}"
    return want


def made_up(random_numbers, path, ids, events, row_of):
    """Random change events of a table, in the order of its log."""
    rows = {}
    with path.open("w", encoding="utf-8") as out:
        for n in range(events):
            key = random_numbers.randrange(ids)
            before = rows.get(key)
            if before and random_numbers.random() < 0.2:
                event = {"op": "d", "before": rows.pop(key), "after": None}
            else:
                rows[key] = row_of(key)
                event = {"op": "u" if before else "c", "before": before, "after": rows[key]}
            out.write(json.dumps({**event, "ts_ms": 1718200000000 + n, "source": {"lsn": n}}) + "\n")


def main(program):
    small = check(program, HERE / "orders.jsonl", HERE / "customers.jsonl")
    assert small[10002]["city"] == "Kiel" and small[10004]["customer"] is None and 10003 not in small, small
    print("the small tables agree")
    random_numbers = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="weir-change-capture-") as place:
        orders, customers = pathlib.Path(place, "orders.jsonl"), pathlib.Path(place, "customers.jsonl")
        made_up(random_numbers, orders, 500, 20_000, lambda key: {
            "id": key, "customer_id": random_numbers.randrange(60), "cents": random_numbers.randrange(10_000),
            "status": random_numbers.choice(["placed", "paid", "sent"])})
        made_up(random_numbers, customers, 50, 2_000, lambda key: {
            "id": key, "name": f"customer {key}", "city": random_numbers.choice([None, "Rome", "Oslo", "Kiel"])})
        check(program, orders, customers)
    print("the larger tables agree")


if __name__ == "__main__":
    main(sys.argv[1])
