"""Whether a run was a test at all, and whether its output is right."""
import model
import rows
from broker import read_both


def _read(broker, fed_rows):
    """What both readers saw. A difference is looked at twice, the second time patiently: a slow reader is not a loss."""
    for idle in (4, 20):
        committed, uncommitted = read_both(broker, idle)
        wrong = model.differences(fed_rows, committed["copies"], committed["windows"])
        if not any(wrong.values()):
            break
    return committed, uncommitted, wrong


def judge(run, options, broker, fed):
    fed_rows = list(rows.first_rows(options.seed, fed))
    committed, uncommitted, wrong = _read(broker, fed_rows)
    outputs = ("copies", "windows")
    aborted = sum(len(uncommitted[topic]) - len(committed[topic]) for topic in outputs)
    with_commits = sum(fault["commits"] > 0 for fault in run.faults)
    recoveries = sorted(run.recoveries)

    failures, passed = [], 0

    def expect(holds, message):
        nonlocal passed
        if holds:
            passed += 1
        else:
            failures.append(message)

    for what, count in wrong.items():
        expect(count == 0, f"{what}: {count}")
    expect(fed > 1000 and committed["copies"] and committed["windows"], f"too little to judge: {fed} rows fed")
    expect(sorted((seen.row["key"], seen.row["seq"]) for seen in committed["input"]) == sorted((key, seq) for key, seq, _ in fed_rows),
           "the input topic does not hold what was fed: the producer's fault, not the job's")
    for topic in outputs:
        expect(model.offsets_repeated(committed[topic]) == 0, f"the reader of {topic} repeats itself")
    expect(len(run.faults) == run.planned, f"{run.planned} faults were planned, {len(run.faults)} took place")
    expect(4 * with_commits >= len(run.faults), f"only {with_commits} of {len(run.faults)} faults met a process that had committed")
    # A job may ride out a broker's failure without losing its transaction; a killed one cannot.
    expect(aborted > 0 or options.scenario == "broker", "no aborted rows in the topics: nothing that had to be undone was tested")
    # While the broker is well nothing but a kill ends an attempt. One that was taken over from may trip over its successor first, but
    # the ledger must agree always.
    suspicious = {"broker": "is not committed: on edge", "zombie": "is not committed: on edge"}.get(options.scenario, "attempt failed")
    lines = [line for line in run.place.log.read_text(errors="replace").splitlines() if suspicious in line]
    expect(not lines, f"{len(lines)} attempts failed by themselves, the first one: {lines[:1]}")
    if options.scenario == "random":
        early = sum(fault["phase"] == "recovering" for fault in run.faults)
        expect(5 * early >= len(run.faults), f"only {early} of {len(run.faults)} kills met a process that was recovering")

    result = {
        "scenario": options.scenario, "seed": options.seed, "parallelism": options.parallelism, "rounds": options.cycles,
        "rows": fed, "copies": len(committed["copies"]), "windows": len(committed["windows"]), "aborted rows": aborted,
        "faults": len(run.faults), "wrong": wrong,
        "recovery": {"count": len(recoveries), "p50": round(recoveries[len(recoveries) // 2], 3), "max": round(recoveries[-1], 3)}
        if recoveries else None,
        "passed": passed, "failures": failures, "log": run.faults,
    }
    print(f"{fed} rows, {len(run.faults)} faults ({with_commits} after commits); {aborted} aborted rows hidden; "
          + ", ".join(f"{what} {count}" for what, count in wrong.items()))
    if recoveries:
        print(f"start to first commit after a kill: p50 {result['recovery']['p50']} s, max {result['recovery']['max']} s, "
              f"{len(recoveries)} measured")
    return result
