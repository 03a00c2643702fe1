#!/usr/bin/env python3
"""`check --from savepoint:` beside the restore that it speaks of: both must say the same.

    check_test.py KEEPER_BINARY
"""
import pathlib
import shutil
import sys
import tempfile

from keeping import Keeper

STATE_UNUSABLE = 5
KEPT = "operator 'totals', state 'kept': "


def told(keeper, savepoint, shape, *more, expect=0):
    """What `check` says, after the restore has been seen to end as it says."""
    place = f"restore-{shape}-{len(more)}"
    flags = [*keeper.arguments(place, shape=shape), "--from", f"savepoint:{savepoint}", *more]
    said = keeper.call("check", *flags, expect=expect)
    assert not (keeper.scratch / place).exists(), "check has made something"
    done = keeper.call("run", *flags, expect=expect)
    if expect:
        for line in said.splitlines():
            if "operator '" in line:
                assert line.strip().removeprefix("cannot be restored: ") in done, f"the run does not say: {line}\n{done}"
    return said


def main(keeper):
    written = keeper.stop_in_the_middle("first")
    savepoint = keeper.scratch / "savepoint"
    keeper.call("savepoint", "create", savepoint, *keeper.arguments("first"))

    said = told(keeper, savepoint, "plain")
    assert f"ok  restore from savepoint {savepoint}/manifests/" in said and "of job keeper" in said and "files as written" in said
    for state in ("kept", "last", "by hour", "timers"):
        assert f"ok  operator 'totals', state '{state}': taken over as it is\n" in said, said
    assert sorted(written + keeper.lines("restore-plain-0")) == keeper.expected()

    said = told(keeper, savepoint, "anew")
    for change in ("field note: added, takes zero, empty or absent", "field rows: int32 widens to int64"):
        assert f"ok  {KEPT}converted: " in said and change in said, said

    said = told(keeper, savepoint, "renamed")
    assert f"ok  {KEPT}converted: field sum: was total; field sum: int64 widens to double; field readings: was rows" in said, said
    assert sorted(written + keeper.lines("restore-renamed-0")) == keeper.expected()

    said = told(keeper, savepoint, "narrow", expect=STATE_UNUSABLE)
    assert f"{KEPT}field total: int64 cannot become int16; field rows: int32 cannot become int16" in said, said
    assert "keep the old type, or give the state another name" in said

    said = told(keeper, savepoint, "less", expect=STATE_UNUSABLE)
    for state in ("last", "by hour", "timers"):
        assert f"operator 'totals', state '{state}': the pipeline does not have it; " in said and "--allow-dropped-state" in said
    said = told(keeper, savepoint, "less", "--allow-dropped-state")
    assert "ok  operator 'totals', state 'last': left behind" in said and f"ok  {KEPT}taken over as it is" in said

    said = told(keeper, savepoint, "by value", expect=STATE_UNUSABLE)
    assert f"{KEPT}its key was text, and the pipeline wants int64" in said

    said = told(keeper, savepoint, "other", "--allow-dropped-state")
    assert "ok  operator 'sums', state 'kept': new, begins empty" in said, said
    said = told(keeper, savepoint, "plain", "--max-parallelism", "64", expect=STATE_UNUSABLE)
    assert "--max-parallelism 128" in said

    # Without --from: the job's own last commit; and nothing where there is none.
    assert "restore from checkpoint " in keeper.call("check", *keeper.arguments("first"))
    assert KEPT in keeper.call("check", *keeper.arguments("first", shape="narrow"), expect=STATE_UNUSABLE)
    assert "ok  nothing to restore" in keeper.call("check", *keeper.arguments("first"), "--from", "fresh")
    assert "ok  nothing to restore" in keeper.call("check", *keeper.arguments("nowhere"))

    victim = max((savepoint / "files").iterdir(), key=lambda file: file.stat().st_size)
    damaged = keeper.scratch / "damaged"
    shutil.copytree(savepoint, damaged)
    (damaged / "files" / victim.name).write_bytes(victim.read_bytes()[:-1])
    said = keeper.call("check", *keeper.arguments("nowhere"), "--from", f"savepoint:{damaged}", expect=STATE_UNUSABLE)
    assert victim.name in said and "wrong size" in said, said


with tempfile.TemporaryDirectory(prefix="weir-check-") as directory:
    main(Keeper(sys.argv[1], pathlib.Path(directory)))
