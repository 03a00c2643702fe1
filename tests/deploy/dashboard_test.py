#!/usr/bin/env python3
"""Whether the dashboard and the alerts that weir ships would show something.

    dashboard_test.py check                    form of dashboard, provisioning and rules; the alerts' own unit tests
    dashboard_test.py live PROGRAM             every panel without Kafka has data while PROGRAM reads the flights
    dashboard_test.py live PROGRAM --kafka     every panel has data while PROGRAM goes from topic to topic

Starts Debian's Prometheus, and with --kafka a broker, on free loopback ports; stops what it started.
"""
import contextlib
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "deploy/grafana/dashboards/weir.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
FLIGHTS = ROOT / "data/flights"
DEADLINE_SECONDS = 20


def fail(message):
    sys.exit(f"dashboard_test: {message}")


def expressions(dashboard):
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]


def check_panel(panel, datasource, problems):
    name = panel.get("title", panel.get("id"))
    missing = {"id", "type", "title", "gridPos"} - panel.keys()
    if panel.get("type") != "row":
        missing |= {"datasource", "targets", "fieldConfig", "options"} - panel.keys()
    if missing:
        problems.append(f"panel {name}: without {', '.join(sorted(missing))}")
        return
    grid = panel["gridPos"]
    if grid["x"] + grid["w"] > 24:
        problems.append(f"panel {name}: reaches beyond the 24 columns")
    for target in panel.get("targets", []):
        if target["datasource"]["uid"] != datasource or not target.get("refId") or not target.get("expr"):
            problems.append(f"panel {name}: a target without query, letter or the provisioned data source")


def overlaps(left, right):
    a, b = left["gridPos"], right["gridPos"]
    return a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def check_form():
    dashboard = json.loads(DASHBOARD.read_text())
    problems = [f"the dashboard has no {key}" for key in ("uid", "title", "schemaVersion", "panels", "templating", "time") if not dashboard.get(key)]
    panels = dashboard.get("panels", [])
    source_file = ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml"
    datasource = re.search(r"^\s*uid: (\S+)", source_file.read_text(), re.MULTILINE).group(1)
    for panel in panels:
        check_panel(panel, datasource, problems)
    if len({panel["id"] for panel in panels}) != len(panels):
        problems.append("two panels have the same id")
    problems += [f"panels {a['title']} and {b['title']} overlap" for i, a in enumerate(panels) for b in panels[:i] if overlaps(a, b)]
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    for title, expression in expressions(dashboard):
        unknown = set(re.findall(r"\$(\w+)", expression)) - variables - {"__rate_interval"}
        problems += [f"panel {title}: unknown variable ${name}" for name in unknown]
    if problems:
        fail("\n".join(problems))
    for command in (["check", "rules", ALERTS], ["check", "config", "--syntax-only", ALERTS.parent / "prometheus.yml"],
                    ["test", "rules", ROOT / "tests/deploy/alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True)
        if done.returncode:
            fail(f"promtool {' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    print(f"{len(expressions(dashboard))} queries, {len(panels)} panels: well formed")


def free_port():
    """One whose neighbour 1000 above, where a broker puts its controller, is free as well."""
    while True:
        port = random.randrange(20000, 40000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 1000))
            return port


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]
    except (urllib.error.URLError, ConnectionError, json.JSONDecodeError):
        return None


@contextlib.contextmanager
def running(command, log, **options):
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def prometheus(scratch, target):
    port = free_port()
    config = scratch / "prometheus.yml"
    config.write_text(json.dumps({
        "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"}, "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "weir", "static_configs": [{"targets": [target]}]}]}))
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={scratch / 'tsdb'}",
               f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, scratch / "prometheus.log"):
        yield f"http://127.0.0.1:{port}/api/v1"


@contextlib.contextmanager
def broker(scratch):
    port = free_port()
    kafka = ROOT / "scripts/kafka"
    address = f"127.0.0.1:{port}"
    tool = [kafka, "jvm"]
    subprocess.run([kafka, "start", "--port", str(port), "--dir", scratch / "broker"], check=True, stdout=subprocess.DEVNULL)
    try:
        for topic in ("flights", "delays"):
            subprocess.run([*tool, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", address, "--create",
                            "--topic", topic, "--partitions", "4"], check=True, capture_output=True)
        feed = [sys.executable, ROOT / "tests/flight_delays/feed.py", FLIGHTS, "5000"]
        with subprocess.Popen(feed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as rows:
            with running([*tool, "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", address, "--topic", "flights",
                          "--reader-property", "parse.key=true"], scratch / "producer.log", stdin=rows.stdout):
                yield [f"--source=flights=kafka://{address}/flights?format=json", f"--sink=delays=kafka://{address}/delays?format=json"]
            rows.kill()
    finally:
        subprocess.run([kafka, "wipe", "--port", str(port), "--dir", scratch / "broker"], check=False, stdout=subprocess.DEVNULL)


def without_data(api, queries):
    empty = []
    for title, expression in queries:
        filled = expression.replace("$__rate_interval", "5s").replace("$instance", ".*")
        answer = ask(f"{api}/query?query={urllib.parse.quote(filled)}")
        if not answer or not answer["result"]:
            empty.append(f"{title}: {filled}")
    return empty


def watch(api, queries, program, log):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while empty := without_data(api, queries):
        if program.poll() is not None:
            fail(f"the program ended with {program.returncode} before these panels had data:\n" + "\n".join(empty) + log.read_text()[-2000:])
        if time.monotonic() > deadline:
            fail(f"no data after {DEADLINE_SECONDS} s:\n" + "\n".join(empty))
        time.sleep(0.3)
    rules = [rule for group in ask(f"{api}/rules")["groups"] for rule in group["rules"]]
    sick = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] == "err"]
    if sick or not rules:
        fail("alert rules: " + ("\n".join(sick) or "none loaded"))
    print(f"{len(queries)} queries have data, {len(rules)} alert rules are evaluated")


def check_live(program, with_kafka):
    queries = expressions(json.loads(DASHBOARD.read_text()))
    if not with_kafka:
        queries = [query for query in queries if "weir_kafka_" not in query[1]]
    subprocess.run([ROOT / "scripts/fetch-flights", FLIGHTS], check=True)
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-dashboard-")))
        ends = (stack.enter_context(broker(scratch)) if with_kafka else
                [f"--source=flights=file:{FLIGHTS}/*.csv?rate=10000", f"--sink=delays=file:{scratch}/out/?format=jsonl"])
        http = f"127.0.0.1:{free_port()}"
        command = [program, "run", *ends, f"--state-dir={scratch}/state", f"--checkpoint-dir={scratch}/checkpoints",
                   "--checkpoint-interval=500ms", f"--http={http}"]
        api = stack.enter_context(prometheus(scratch, http))
        log = scratch / "program.log"
        watch(api, queries, stack.enter_context(running(command, log)), log)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            check_form()
        case ["live", program]:
            check_live(program, with_kafka=False)
        case ["live", program, "--kafka"]:
            check_live(program, with_kafka=True)
        case _:
            sys.exit(__doc__)
