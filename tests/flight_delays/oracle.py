#!/usr/bin/env python3
"""What the example flight_delays must deliver, computed without weir, and the comparison with what it did.

    oracle.py expect  FLIGHTS_DIR                  prints the expected lines, sorted
    oracle.py compare FLIGHTS_DIR [OUTPUT_DIR|-]   exit 0 when the output holds exactly these lines, each once
    oracle.py same    OUTPUT_DIR OUTPUT_DIR        exit 0 when two outputs are equal, byte for byte, after sorting
    oracle.py worst   [OUTPUT_DIR|-]               the ten hours with the highest mean delay, as a table

An output is every visible file in the directory (and its folders) whose name ends in .jsonl or .json; `-` is stdin.
"""
import collections
import csv
import datetime
import json
import pathlib
import sys

LINES = 19_486
CANCELLED = 8_255
HOUR_MS = 3_600_000


def event_time_ms(row):
    hour = datetime.datetime.strptime(row["time_hour"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return int(hour.timestamp()) * 1000 + int(row["minute"]) * 60_000


def number(value):
    """As std::to_chars prints a double: the shortest digits that read back alike; no `.0`, no `-0`."""
    if value is None:
        return "null"
    text = repr(value)
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def line(origin, window_start, delays):
    flown = [delay for delay in delays if delay is not None]
    mean = round(sum(flown) / len(flown), 6) if flown else None
    return (f'{{"origin":"{origin}","window_start":{window_start},"flights":{len(delays)},'
            f'"cancelled":{len(delays) - len(flown)},"mean_delay":{number(mean)},'
            f'"max_delay":{number(max(flown, default=None))}}}')


def expected(flights_dir):
    windows = collections.defaultdict(list)
    for path in sorted(pathlib.Path(flights_dir).glob("flights-*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                start = event_time_ms(row) // HOUR_MS * HOUR_MS
                cancelled = row["dep_time"] in ("", "NA")
                windows[row["origin"], start].append(None if cancelled else int(row["dep_delay"]))
    lines = sorted(line(origin, start, delays).encode() for (origin, start), delays in windows.items())
    cancelled = sum(delays.count(None) for delays in windows.values())
    if (len(lines), cancelled) != (LINES, CANCELLED):
        sys.exit(f"oracle: {len(lines)} windows with {cancelled} cancelled flights in {flights_dir}, "
                 f"expected {LINES} and {CANCELLED}: are the input files complete?")
    return lines


def output(place):
    if place == "-":
        return sorted(sys.stdin.buffer.read().splitlines())
    if not pathlib.Path(place).is_dir():
        sys.exit(f"oracle: no directory {place}")
    paths = [path for path in pathlib.Path(place).rglob("*.json*")
             if path.suffix in (".json", ".jsonl") and path.is_file()
             and not any(part.startswith((".", "_")) for part in path.relative_to(place).parts)]
    return sorted(found for path in paths for found in path.read_bytes().splitlines())


def identity(found):
    try:
        row = json.loads(found)
        return row["origin"], row["window_start"]
    except (ValueError, KeyError, TypeError):
        return found


def compare(want, have):
    """Prints what differs; true when nothing does."""
    wanted = {identity(found): found for found in want}
    count = collections.Counter(map(identity, have))
    had = {identity(found): found for found in have}
    problems = {
        "missing": [wanted[key] for key in wanted if key not in had],
        "duplicated": [had[key] for key in count if count[key] > 1],
        "different": [had[key] + b"  expected  " + wanted[key] for key in wanted if key in had and had[key] != wanted[key]],
        "unexpected": [had[key] for key in had if key not in wanted],
    }
    print(f"{len(have)} lines, {len(want)} expected: " + ", ".join(f"{len(found)} {name}" for name, found in problems.items()))
    for name, found in problems.items():
        for example in sorted(found)[:3]:
            print(f"  {name}: {example.decode(errors='replace')}")
    return want == have


def worst(lines, count=10):
    rows = [row for row in map(json.loads, lines) if row["mean_delay"] is not None]
    rows.sort(key=lambda row: (-row["mean_delay"], row["origin"], row["window_start"]))
    print("hour (UTC)        from  flights  cancelled  mean delay  longest")
    for row in rows[:count]:
        hour = datetime.datetime.fromtimestamp(row["window_start"] / 1000, datetime.timezone.utc)
        print(f"{hour:%Y-%m-%d %H:%M}  {row['origin']:4} {row['flights']:8} {row['cancelled']:10} "
              f"{row['mean_delay']:7.1f} min {row['max_delay']:4} min")


def main(arguments):
    match arguments:
        case ["expect", flights]:
            sys.stdout.buffer.write(b"".join(found + b"\n" for found in expected(flights)))
        case ["compare", flights, *place] if len(place) < 2:
            return compare(expected(flights), output(place[0] if place else "-"))
        case ["same", left, right]:
            return compare(output(left), output(right))
        case ["worst", *place] if len(place) < 2:
            worst(output(place[0] if place else "-"))
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(2)
    return True


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
