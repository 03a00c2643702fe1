"""A local S3 server for tests, on a free loopback port, with a bucket; ended by its process."""
import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BUCKET = "weir-test"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".cache/s3/bin/moto_server"
SKIPPED = 77


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def make_certificate(directory):
    """For 127.0.0.1, signed by itself."""
    certificate, key = pathlib.Path(directory, "certificate.pem"), pathlib.Path(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Server:
    """`certificate`: that file and its key's; then by TLS."""

    def __init__(self, certificate=None):
        self.certificate = certificate

    def __enter__(self):
        self.port = free_port()
        self.endpoint = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"
        security = ["-s", "-c", *map(str, self.certificate[:1]), "-k", *map(str, self.certificate[1:])] if self.certificate else []
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([PROGRAM, "-H", "127.0.0.1", "-p", str(self.port), *security], stdout=self.log, stderr=self.log,
                                        env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": "7"})
        try:
            self.make_bucket()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def make_bucket(self):
        trust = ssl.create_default_context(cafile=self.certificate[0]) if self.certificate else None
        for _ in range(300):
            assert self.process.poll() is None, "the S3 server has ended"
            try:
                request = urllib.request.Request(f"{self.endpoint}/{BUCKET}", method="PUT")
                urllib.request.urlopen(request, timeout=5, context=trust)
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("the S3 server does not answer")

    def environment(self):
        trusted = {"SSL_CERT_FILE": str(self.certificate[0])} if self.certificate else {}
        return {**CREDENTIALS, **trusted, "WEIR_S3_TEST": self.endpoint}


class Proxy:
    """Before a server: checks signatures, and lets every so manieth request go wrong."""

    def __init__(self, server, fault_every):
        self.server, self.fault_every = server, fault_every

    def __enter__(self):
        script = pathlib.Path(__file__).with_name("proxy.py")
        self.process = subprocess.Popen([PROGRAM.with_name("python3"), script, str(self.server.port), str(self.fault_every)],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.endpoint = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def counts(self):
        return json.load(urllib.request.urlopen(f"{self.endpoint}/proxy", timeout=5))

    def environment(self):
        return {**CREDENTIALS, "WEIR_S3_TEST": self.endpoint}
