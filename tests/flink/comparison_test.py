#!/usr/bin/env python3
"""What the comparisons with Flink make of recorded results: means, tables, going on after a stop. Measures nothing."""
import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench/flink"
sys.path.insert(0, str(BENCH))
sys.dont_write_bytecode = True
import comparison  # noqa: E402


def script(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


side_by_side, kafka_to_kafka = script("side-by-side"), script("kafka-to-kafka")


def flink(query, api, state, speed):
    return {"kind": "result", "engine": "flink", "query": query, "api": api, "state": state, "events_per_second": speed,
            "events_per_core_second": 2 * speed}


def weir(query, speed):
    return {"kind": "result", "engine": "weir", "query": query, "api": None, "state": "rocksdb", "events_per_second": speed,
            "events_per_core_second": speed}


def through_kafka(engine, query, speed, digest, half=0):
    return {"kind": "result", "engine": engine, "query": query, "records_per_second": speed, "records_per_core_second": speed,
            "second_half_records_per_second": half, "second_half_records_per_core_second": half,
            "output": {"records": 7, "digest": digest}}


class Comparing(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name) / "results.jsonl"

    def results(self, settings=None, key=("engine", "query", "api", "state")):
        return comparison.Results(self.path, key, settings or {"rate": 1})

    def test_the_geometric_mean_of_ratios_is_that_of_a_product(self):
        self.assertAlmostEqual(comparison.geometric_mean([2, 8]), 4)
        self.assertAlmostEqual(comparison.geometric_mean([0.5, 2, 10, 0.1]), 1)
        with self.assertRaises(ValueError):
            comparison.geometric_mean([])

    def test_a_summary_names_the_worst_query(self):
        told = comparison.summary({"q0": 9.0, "q5": 1.0})
        self.assertAlmostEqual(told.pop("geometric_mean"), 3)
        self.assertEqual(told, {"queries": 2, "minimum": 1.0, "minimum_query": "q5"})

    def test_what_is_in_the_file_is_found_by_the_next_run(self):
        self.results().add(flink("q0", "sql", "rocksdb", 100))
        again = self.results()
        self.assertEqual(again.find("flink", "q0", "sql", "rocksdb")["events_per_second"], 100)
        self.assertIsNone(again.find("flink", "q0", "sql", "hashmap"))
        self.assertIsNone(again.find("weir", "q0", None, "rocksdb"))

    def test_half_a_line_of_a_killed_run_is_cut_off(self):
        self.results().add(weir("q0", 100))
        with self.path.open("a") as out:
            out.write('{"kind": "result", "engine": "we')
        self.results().add(weir("q1", 200))
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        self.assertEqual([line["query"] for line in lines if line["kind"] == "result"], ["q0", "q1"])

    def test_a_failure_is_measured_again(self):
        self.results().add({"kind": "failure", "engine": "weir", "query": "q0", "api": None, "state": "rocksdb", "why": "x"})
        self.assertIsNone(self.results().find("weir", "q0", None, "rocksdb"))

    def test_a_file_of_other_settings_is_refused(self):
        self.results({"rate": 1})
        with self.assertRaises(comparison.Failure):
            self.results({"rate": 2})

    def test_ratios_are_told_apart_by_variant_and_against_the_best(self):
        results = self.results()
        for line in (flink("q0", "sql", "rocksdb", 100), flink("q0", "sql", "hashmap", 200), weir("q0", 1000),
                     flink("q3", "sql", "rocksdb", 100), weir("q3", 300), weir("q6", 5), flink("q7", "sql", "rocksdb", 1)):
            results.add(line)
        found = side_by_side.ratios_by_variant(results, side_by_side.QUERIES, ["sql"], ["rocksdb", "hashmap"], "events_per_second")
        self.assertEqual(found, {"sql, rocksdb": {"q0": 10, "q3": 3}, "sql, hashmap": {"q0": 5}, "the best of Flink": {"q0": 5, "q3": 3}})

    def test_the_report_tells_mean_and_minimum(self):
        results = self.results()
        for line in (flink("q0", "sql", "rocksdb", 100), weir("q0", 1600), flink("q1", "sql", "rocksdb", 100), weir("q1", 400)):
            results.add(line)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            side_by_side.report(argparse.Namespace(json=False), results, ["q0", "q1"], ["sql"], ["rocksdb"])
        self.assertIn("(sql, rocksdb) by wall time: geometric mean 8.00 of 2 queries, minimum 4.00 (q1)", out.getvalue())
        self.assertIn("(sql, rocksdb) by CPU time: geometric mean 4.00 of 2 queries, minimum 2.00 (q1)", out.getvalue())

    def test_queries_without_a_form_are_left_out(self):
        self.assertEqual(side_by_side.variants("q6", ["sql", "datastream"], ["rocksdb"]), [])
        self.assertEqual(side_by_side.variants("q3", ["sql", "datastream"], ["rocksdb"]), [("sql", "rocksdb")])
        self.assertEqual(len(side_by_side.variants("q5", ["sql", "datastream"], ["rocksdb", "hashmap"])), 4)
        for query in side_by_side.QUERIES:
            written = (BENCH / f"src/main/resources/generated/{query}.sql").exists()
            self.assertEqual(written, query not in side_by_side.WITHOUT_SQL, query)

    def test_a_longer_run_is_not_extrapolated_from_a_moment(self):
        self.assertEqual(side_by_side.more_events(400_000, 2.0, 10.0), 2_000_000)
        self.assertEqual(side_by_side.more_events(400_000, 0.001, 10.0), 20_000_000)

    def test_unknown_names_are_refused(self):
        self.assertEqual(comparison.chosen("q5,q0", side_by_side.QUERIES, "query"), ["q5", "q0"])
        self.assertEqual(len(comparison.chosen("all", side_by_side.QUERIES, "query")), 24)
        with self.assertRaises(comparison.Failure):
            comparison.chosen("q24", side_by_side.QUERIES, "query")

    def test_the_last_line_of_json_is_the_result(self):
        self.assertEqual(comparison.last_json('noise\n{"a": 1}\n{"a": 2}\nmore\n'), {"a": 2})
        with self.assertRaises(comparison.Failure):
            comparison.last_json("nothing")

    def test_other_records_of_the_same_number_are_seen(self):
        ours = through_kafka("weir", "q0", 900, "aa")
        self.assertIn("the same", kafka_to_kafka.verdict(through_kafka("flink", "q0", 100, "aa"), ours))
        self.assertIn("DIFFERENT", kafka_to_kafka.verdict(through_kafka("flink", "q0", 100, "bb"), ours))
        fewer = {**ours, "output": {"records": 6, "digest": "aa"}}
        self.assertIn("DIFFERENT", kafka_to_kafka.verdict(through_kafka("flink", "q0", 100, "aa"), fewer))

    def test_flink_through_kafka_is_taken_at_its_best(self):
        theirs, ours = through_kafka("flink", "q0", 100, "aa", half=300), through_kafka("weir", "q0", 900, "aa")
        self.assertEqual(kafka_to_kafka.ratio(theirs, ours, "records_per_second"), 3)
        results = self.results(key=("engine", "query"))
        results.add(theirs)
        results.add(ours)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertTrue(kafka_to_kafka.report(argparse.Namespace(json=False, weir_only=False), results, ["q0"]))
            self.assertFalse(kafka_to_kafka.report(argparse.Namespace(json=False, weir_only=False), results, ["q0", "q1"]))
        self.assertIn("minimum 3.00 (q0)", out.getvalue())

    def test_a_program_that_hangs_is_ended_with_what_it_started(self):
        marker = self.path.with_suffix(".pid")
        with self.assertRaises(comparison.Failure):
            comparison.run(["bash", "-c", f"sleep 60 & echo $! > {marker}; wait"], 1)
        with self.assertRaises((ProcessLookupError, FileNotFoundError)):
            self.await_end(int(marker.read_text()))

    def await_end(self, pid):
        """Until a process that was killed is gone, or a zombie that nobody has waited for."""
        for _ in range(500):
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                raise ProcessLookupError
            os.sched_yield()
        self.fail(f"{pid} goes on")


if __name__ == "__main__":
    unittest.main()
