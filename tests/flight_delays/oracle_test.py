#!/usr/bin/env python3
"""The oracle's own arithmetic and its comparison, on a few rows."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import oracle


def compared(want, have):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        equal = oracle.compare(want, have)
    return equal, text.getvalue()


class OracleTest(unittest.TestCase):
    WANT = [oracle.line("EWR", 0, [1, 2, None]).encode(), oracle.line("JFK", 0, [None]).encode()]

    def test_writes_a_window_as_the_example_does(self):
        self.assertEqual(oracle.line("EWR", 3_600_000, [1, 0, None, 1]),
                         '{"origin":"EWR","window_start":3600000,"flights":4,"cancelled":1,"mean_delay":0.666667,"max_delay":1}')
        self.assertIn('"cancelled":2,"mean_delay":null,"max_delay":null}', oracle.line("EWR", 0, [None, None]))

    def test_prints_numbers_by_their_shortest_digits(self):
        self.assertEqual([oracle.number(value) for value in (5.0, -0.0, 0.5, -1.421053, 7)], ["5", "0", "0.5", "-1.421053", "7"])

    def test_takes_the_minute_into_the_event_time(self):
        self.assertEqual(oracle.event_time_ms({"time_hour": "2013-08-15T10:00:00Z", "minute": "59"}), 1_376_564_340_000)

    def test_accepts_the_expected_lines_only(self):
        self.assertTrue(compared(self.WANT, list(self.WANT))[0])
        for have, word in [(self.WANT[:1], "1 missing"), (self.WANT + self.WANT[:1], "1 duplicated"),
                           ([self.WANT[0].replace(b"1.5", b"1.6"), self.WANT[1]], "1 different"),
                           (self.WANT + [b"garbage"], "1 unexpected")]:
            equal, text = compared(self.WANT, sorted(have))
            self.assertFalse(equal)
            self.assertIn(word, text)

    def test_reads_visible_parts_only(self):
        with tempfile.TemporaryDirectory() as place:
            for name in ("b.jsonl", "a.jsonl", ".hidden.jsonl", ".staged/c.jsonl", "notes.txt"):
                path = pathlib.Path(place, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text(name + "\n")
            self.assertEqual(oracle.output(place), [b"a.jsonl", b"b.jsonl"])


if __name__ == "__main__":
    unittest.main()
