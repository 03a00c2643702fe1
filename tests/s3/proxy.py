#!/usr/bin/env python3
"""Stands before an S3 server: checks the signature of every request with another implementation, and now and then does what networks and
busy servers do. Prints its port; ends with its process. What was wrong is counted at GET /proxy.

    proxy.py SERVER_PORT FAULT_EVERY     every so manieth request goes wrong; 0: none
"""
import http.client
import http.server
import json
import sys
import threading

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SERVER, EVERY = int(sys.argv[1]), int(sys.argv[2])
FAULTS = ["busy", "cut before", "cut after", "half an answer"]
counts = {"requests": 0, "faults": 0, "bad signatures": []}
lock = threading.Lock()


def expected_signature(method, path, headers, body, signed):
    request = AWSRequest(method, f"http://{headers['host']}{path}", headers={name: headers[name] for name in signed}, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials("test", "testing-secret"), "s3", "us-east-1")
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        length = dict((name.lower(), value) for name, value in headers).get("content-length")
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def check_signature(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = dict(part.strip().split("=", 1) for part in headers["authorization"].split(" ", 1)[1].split(","))
        want = expected_signature(self.command, self.path, headers, body, given["SignedHeaders"].split(";"))
        if want != given["Signature"]:
            with lock:
                counts["bad signatures"].append(f"{self.command} {self.path}")

    def handle_request(self):
        if self.path == "/proxy":
            return self.answer(200, [], json.dumps(counts).encode())
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.check_signature(body)
        with lock:
            counts["requests"] += 1
            number = counts["requests"]
            fault = FAULTS[number // EVERY % len(FAULTS)] if EVERY and number % EVERY == 0 else None
            counts["faults"] += fault is not None
        if fault == "busy":
            return self.answer(503, [], b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
        if fault == "cut before":
            return self.cut()
        upstream = http.client.HTTPConnection("127.0.0.1", SERVER, timeout=30)
        upstream.request(self.command, self.path, body, {**dict(self.headers.items()), "Content-Length": str(len(body))})
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        if fault == "cut after":
            return self.cut()
        if fault == "half an answer" and len(content) > 1 and self.command != "HEAD":
            self.send_response(response.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:len(content) // 2])
            return self.cut()
        self.answer(response.status, response.getheaders(), content)

    def cut(self):
        self.close_connection = True
        self.connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
