"""What the pipeline must have put out, computed without it, and the differences to what a reader of the topics saw."""
import collections

WINDOW = 2000  # ms

# topic is told by the fields; partition and offset as the reader printed them
Seen = collections.namedtuple("Seen", "partition offset row")


def expected_windows(fed):
    windows = {}
    for key, seq, time in fed:
        start = time - time % WINDOW
        count, total, first, last = windows.get((key, start), (0, 0, seq, seq))
        windows[key, start] = (count + 1, total + seq, min(first, seq), max(last, seq))
    return windows


def _copies(fed, copies):
    wanted = {(key, seq): time for key, seq, time in fed}
    counts = collections.Counter((seen.row["key"], seen.row["seq"]) for seen in copies)
    altered = sum(1 for seen in copies if wanted.get((seen.row["key"], seen.row["seq"])) != seen.row["time"])
    reordered, last_of, places = 0, {}, collections.defaultdict(set)
    for seen in sorted(copies, key=lambda seen: (seen.partition, seen.offset)):
        key, seq = seen.row["key"], seen.row["seq"]
        places[key].add(seen.partition)
        if seq < last_of.get(key, -1):
            reordered += 1
        last_of[key] = max(seq, last_of.get(key, -1))
    return {
        "lost": sum(1 for row in wanted if row not in counts),
        "duplicated": sum(count - 1 for count in counts.values()),
        "reordered": reordered,
        "altered": altered,
        "keys in several partitions": sum(1 for partitions in places.values() if len(partitions) > 1),
    }


def _windows(fed, windows):
    wanted = expected_windows(fed)
    counts = collections.Counter((seen.row["key"], seen.row["start"]) for seen in windows)
    different = 0
    for seen in windows:
        row = seen.row
        if wanted.get((row["key"], row["start"])) != (row["count"], row["sum"], row["first"], row["last"]):
            different += 1
    return {
        "windows lost": sum(1 for window in wanted if window not in counts),
        "windows duplicated": sum(count - 1 for count in counts.values()),
        "windows different": different,
    }


def differences(fed, copies, windows):
    """Number of rows that are wrong, by what is wrong with them. `fed` is a list of (key, seq, time)."""
    return {**_copies(fed, copies), **_windows(fed, windows)}


def offsets_repeated(seen):
    """A reader that shows an offset twice would be the test's own fault."""
    places = [(entry.partition, entry.offset) for entry in seen]
    return len(places) - len(set(places))
