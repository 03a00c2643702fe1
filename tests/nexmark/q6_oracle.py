#!/usr/bin/env python3
"""q6 as a batch over the whole input, since Flink SQL, which gave the other golden results, cannot say it.

    q6_oracle.py EVENTS.jsonl > q6.jsonl

The mean price of each seller's last ten auctions that have closed with a valid bid, at each such closing.
"""
import collections
import json
import sys

auctions, bids = {}, collections.defaultdict(list)
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("auction"):
        auctions[event["auction"]["id"]] = event["auction"]
    elif event.get("bid"):
        bids[event["bid"]["auction"]].append(event["bid"])

last, lines = collections.defaultdict(list), []
for auction in sorted(auctions.values(), key=lambda a: (a["expires"], a["id"])):
    prices = [bid["price"] for bid in bids[auction["id"]] if auction["dateTime"] <= bid["dateTime"] <= auction["expires"]]
    if prices:
        sales = last[auction["seller"]]
        sales.append(max(prices))
        del sales[:-10]
        lines.append('{"seller":%d,"price":%d}' % (auction["seller"], sum(sales) // len(sales)))
sys.stdout.writelines(line + "\n" for line in sorted(lines))
