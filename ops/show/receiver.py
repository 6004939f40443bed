"""A receiver of events, as customers have one: it takes whatever is posted to it."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Receiver(BaseHTTPRequestHandler):
    """Answers every post well."""

    def do_POST(self):  # pylint: disable=invalid-name
        """Reads a post, and takes it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


def listen():
    """Receives until this process ends, and gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/events"
