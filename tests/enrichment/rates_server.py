"""A rates service on 127.0.0.1, at a free port: knows some currencies, and is not always well."""
import collections
import http.server
import json
import threading
import urllib.parse

RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17, "JPY": 0.0061, "CHF": 1.04, "SEK": 0.088, "NOK": 0.085}
UNKNOWN = "ZZZ"     # 404
MISTAKEN = "N/A"    # 400
SICK = "CHF"        # 503, twice
RUDE = "SEK"        # closes the connection, once


class RatesServer(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.asked = collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        currency = urllib.parse.unquote(self.path.removeprefix("/rates/"))
        with self.server.lock:
            self.server.asked[currency] += 1
            times = self.server.asked[currency]
        if currency == RUDE and times == 1:
            self.close_connection = True
        elif currency == SICK and times <= 2:
            self.answer(503, {"error": "not now"})
        elif currency in RATES:
            self.answer(200, {"euros": RATES[currency]})
        else:
            self.answer(400 if currency == MISTAKEN else 404, {"error": "which?"})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
