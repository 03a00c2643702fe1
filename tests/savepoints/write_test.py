#!/usr/bin/env python3
"""Savepoints written from lines of JSON: what was dumped comes back, what was made by hand begins a job, and what is wrong is named.

    write_test.py KEEPER_BINARY
"""
import json
import pathlib
import sys
import tempfile

from keeping import HOUR, Keeper

USAGE = 2


def dump_lines(keeper, place):
    return keeper.call("state", "dump", "--at", place).splitlines()


def check_round_trip(keeper, written):
    """Every entry is written anew, beside the positions of the savepoint that they come from; the job goes on as if it were the same."""
    savepoint, rows = keeper.scratch / "savepoint", keeper.scratch / "rows.jsonl"
    before = dump_lines(keeper, savepoint)
    assert {json.loads(line)["state"] for line in before} == {"kept", "last", "by hour", "timers"}
    rows.write_text("\n".join(before) + "\n")
    again = keeper.scratch / "again"
    assert f"savepoint with {len(before):,} entries" in keeper.call(
        "savepoint", "write", again, "--rows", rows, "--base", savepoint, *keeper.arguments("first"))
    assert dump_lines(keeper, again) == before
    for workers in (1, 2):
        place = f"from-again-{workers}"
        keeper.call("run", *keeper.arguments(place), "--from", f"savepoint:{again}", "--parallelism", workers)
        assert sorted(written + keeper.lines(place)) == keeper.expected()

    # Without a base the state is the same, and the input begins anew.
    alone = keeper.scratch / "alone"
    keeper.call("savepoint", "write", alone, "--rows", rows, *keeper.arguments("first"))
    assert dump_lines(keeper, alone) == before
    assert "ok  everything" in keeper.call("check", *keeper.arguments("nowhere"), "--from", f"savepoint:{alone}")


def check_edited(keeper):
    """One state of a savepoint is replaced; the others stay."""
    savepoint, rows, edited = keeper.scratch / "savepoint", keeper.scratch / "edited.jsonl", keeper.scratch / "edited"
    before = [json.loads(line) for line in dump_lines(keeper, savepoint)]
    kept = [entry for entry in before if entry["state"] == "kept"]
    rows.write_text("\n".join(json.dumps({"key": e["key"], "value": {"total": 7, "rows": 1}}) for e in kept[:3]))
    keeper.call("savepoint", "write", edited, "--rows", f"totals/kept={rows}", "--base", savepoint, *keeper.arguments("first"))
    after = [json.loads(line) for line in dump_lines(keeper, edited)]
    assert [e for e in after if e["state"] != "kept"] == [e for e in before if e["state"] != "kept"]
    assert [e for e in after if e["state"] == "kept"] == [{**e, "value": {"total": 7, "rows": 1}} for e in kept[:3]]
    rows.write_text("")
    keeper.call("savepoint", "write", keeper.scratch / "emptied", "--rows", f"totals/kept={rows}", "--base", savepoint,
                *keeper.arguments("first"))
    assert "totals/kept 0" in keeper.call("state", "count", "--at", keeper.scratch / "emptied")


def check_by_hand(keeper):
    """A job begins with totals out of a table, as if it had read what is behind them."""
    totals, last, timers = (keeper.scratch / f"{name}.jsonl" for name in ("totals", "last", "timers"))
    totals.write_text("".join(json.dumps({"key": f"s{n:02}", "value": {"total": n * 1000, "rows": n}}) + "\n" for n in range(40)))
    last.write_text('{"state":"last","operator":"totals","key":"s01","value":[{"time":-5,"row":{"sensor":"s01","time":-5,"value":11}}]}\n'
                    '{"state":"last","operator":"totals","key":"s01","value":[{"time":-4,"row":{"sensor":"s01","time":-4,"value":12}}]}\n'
                    '{"operator":"totals","state":"by hour","key":"s01","map_key":-1,"value":2}\n')
    timers.write_text(f'{{"key":"s01","value":[{5 * HOUR},-1,{5 * HOUR}]}}\n')
    readings = keeper.scratch / "few.jsonl"
    readings.write_text('{"sensor":"s01","time":0,"value":5}\n{"sensor":"new","time":1,"value":6}\n')
    bootstrap = keeper.scratch / "bootstrap"
    form = {"readings": readings}
    keeper.call("savepoint", "write", bootstrap, "--rows", f"totals/kept={totals}", "--rows", last, "--rows", f"totals/timers={timers}",
                *keeper.arguments("by-hand", **form))
    keeper.call("run", *keeper.arguments("by-hand", **form), "--from", f"savepoint:{bootstrap}", "--parallelism", 2)
    rows = [json.loads(line) for line in keeper.lines("by-hand")]
    said = {row["sensor"]: row for row in rows if row["rows"]}
    assert said["s01"] == {"sensor": "s01", "time": 0, "total": 1005, "rows": 2, "last": 28, "hours": 2}, said
    assert said["new"] == {"sensor": "new", "time": 1, "total": 6, "rows": 1, "last": 6, "hours": 1}, said
    fired = sorted((row["sensor"], row["time"]) for row in rows if not row["rows"])
    assert fired == [("new", HOUR - 1), ("s01", -1), ("s01", HOUR - 1), ("s01", 5 * HOUR)], fired
    assert "totals/kept 41" in keeper.call("state", "count", *keeper.arguments("by-hand", **form))


def check_bad_lines(keeper):
    """Each is named by number and reason; nothing is written."""
    good = '{"key":"a","value":{"total":1,"rows":2}}'
    bad = {
        '{"key":"b","value":{"total":"1","rows":2}}': 'value.total: "1" is not int64',
        '{"key":"c","value":{"total":1,"rows":2147483648}}': "value.rows: 2147483648 is not in the range of int32",
        '{"key":"d","value":{"total":1.5,"rows":2}}': "value.total: 1.5 is not int64",
        '{"key":"e","value":{"total":1}}': "value: field rows is missing",
        '{"key":"f","value":{"total":1,"rows":2,"row":3}}': "value: there is no field row in {total:int64,rows:int32}",
        '{"key":"g","value":{"total":1,"rows":2,"rows":2}}': "value: field rows is there twice",
        '{"key":7,"value":{"total":1,"rows":2}}': "key: 7 is not text",
        '{"value":{"total":1,"rows":2}}': "key is missing",
        '{"key":"h"}': "value is missing",
        '{"key":"i","map_key":1,"value":{"total":1,"rows":2}}': "map_key: the state is not a map",
        '{"key":"j","value":{"total":1,"rows":2},"vlaue":1}': "there is no member vlaue",
        '{"key":"k","value":{"total":1,': "it is not JSON",
        '[1]': "it is not a JSON object",
        '{"state":"keep","key":"l","value":1}': "state totals/keep is not in this program; there are: totals/kept, totals/last,",
        '{"state":"by hour","key":"m","value":1}': "map_key is missing",
        '{"pane_end":1,"key":"n","value":1}': "pane_end: the state of windows cannot be written",
        good: "the same key is in ",
    }
    rows, nowhere = keeper.scratch / "bad.jsonl", keeper.scratch / "nowhere-written"
    rows.write_text(good + "\n\n" + "\n".join(bad) + "\n")
    said = keeper.call("savepoint", "write", nowhere, "--rows", f"totals/kept={rows}", *keeper.arguments("first"), expect=USAGE)
    assert f"{len(bad)} lines cannot be taken, nothing was written" in said, said
    for number, reason in enumerate(bad.values(), start=3):
        assert f"{rows} line {number}: {reason}" in said, f"line {number}, {reason} is not in:\n{said}"
    assert not nowhere.exists()
    rows.write_text('{"key":"a"}\n' * 1000)
    said = keeper.call("savepoint", "write", nowhere, "--of", "totals/kept", "--rows", rows, *keeper.arguments("first"), expect=USAGE)
    assert "1000 lines cannot be taken" in said and said.count("value is missing") == 20
    rows.write_text(good)
    said = keeper.call("savepoint", "write", nowhere, "--rows", rows, *keeper.arguments("first"), expect=USAGE)
    assert "does not say which operator and state" in said
    said = keeper.call("savepoint", "write", nowhere, "--rows", keeper.scratch / "none", *keeper.arguments("first"), expect=USAGE)
    assert "cannot be read: No such file" in said


def main(keeper):
    written = keeper.stop_in_the_middle("first")
    keeper.call("savepoint", "create", keeper.scratch / "savepoint", *keeper.arguments("first"))
    check_round_trip(keeper, written)
    check_edited(keeper)
    check_by_hand(keeper)
    check_bad_lines(keeper)


with tempfile.TemporaryDirectory(prefix="weir-write-") as directory:
    main(Keeper(sys.argv[1], pathlib.Path(directory)))
