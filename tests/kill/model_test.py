#!/usr/bin/env python3
"""Whether the verdict of the kill tests can fail: each kind of damage, done on purpose, must be found and named."""
import random
import sys

import model
import rows

FED = list(rows.first_rows(7, 20_000))


def clean_copies():
    ends, copies = [0, 0], []
    for key, seq, time in FED:
        copies.append(model.Seen(key % 2, ends[key % 2], {"key": key, "seq": seq, "time": time}))
        ends[key % 2] += 1
    return copies


def clean_windows():
    found = sorted(model.expected_windows(FED).items())
    return [model.Seen(0, offset, dict(key=key, start=start, count=c, sum=s, first=f, last=l))
            for offset, ((key, start), (c, s, f, l)) in enumerate(found)]


def swap(copies):
    mine = [index for index, seen in enumerate(copies) if seen.row["key"] == 3]
    a, b = mine[10], mine[11]
    copies[a], copies[b] = copies[a]._replace(row=copies[b].row), copies[b]._replace(row=copies[a].row)


def replay(copies):
    tail = [seen.row for seen in copies[-50:]]
    for number, row in enumerate(tail):
        copies.append(model.Seen(row["key"] % 2, 10**6 + number, row))


def change(seen, **fields):
    return seen._replace(row={**seen.row, **fields})


DAMAGE = {
    "lost": lambda c, w: c.pop(12_345),
    "duplicated": lambda c, w: replay(c),
    "reordered": lambda c, w: swap(c),
    "altered": lambda c, w: c.append(change(c.pop(), time=5)),
    "keys in several partitions": lambda c, w: c.append(c.pop()._replace(partition=9)),
    "windows lost": lambda c, w: w.pop(random.Random(1).randrange(len(w))),
    "windows duplicated": lambda c, w: w.append(w[4]._replace(offset=10**6)),
    "windows different": lambda c, w: w.append(change(w.pop(), count=w[-1].row["count"] + 1)),
}


def main():
    failed = []
    if any(model.differences(FED, clean_copies(), clean_windows()).values()):
        failed.append("clean output is called wrong")
    for name, do_damage in DAMAGE.items():
        copies, windows = clean_copies(), clean_windows()
        do_damage(copies, windows)
        if model.differences(FED, copies, windows)[name] == 0:
            failed.append(f"not found: {name}")
    empty = model.differences(FED, [], [])
    if empty["lost"] != len(FED) or empty["windows lost"] != len(model.expected_windows(FED)):
        failed.append("empty output is not all lost")
    print("\n".join(failed) or f"{len(DAMAGE) + 2} kinds of output judged rightly")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
