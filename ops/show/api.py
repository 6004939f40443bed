"""Requests to the management API, as a script needs them."""

import json
import urllib.error
import urllib.request
import uuid


class Refused(Exception):
    """An answer other than success."""


class Api:
    """A caller who is logged in."""

    def __init__(self, base, email=None, password=None):
        self.base = base
        self.token = None
        if email:
            self.token = self.post("/v1/auth/login", {"email": email, "password": password})["access_token"]

    def get(self, path):
        """Reads a resource."""
        return self.send("GET", path)

    def post(self, path, body=None):
        """Makes or does something, once."""
        return self.send("POST", path, body)

    def put(self, path, body):
        """Sets a resource."""
        return self.send("PUT", path, body)

    def patch(self, path, body):
        """Changes a resource."""
        return self.send("PATCH", path, body)

    def send(self, method, path, body=None, content_type="application/json"):
        """Sends a request, and reads the JSON of its answer."""
        data = None
        headers = {}
        if body is not None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text else None
