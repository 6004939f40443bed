"""Runs the daemon and schemathesis in a network of their own, which has nothing but a loopback interface: whatever host
an invented operator or webhook names, nothing leaves.

Usage: unshare --user --map-root-user --net python run.py SCHEMATHESIS EMAIL PASSWORD COMMAND...
COMMAND starts the daemon. Exits as schemathesis does.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.request

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1

# What ends the session of whoever asks, or locks it out; and what would take minutes.
EXCLUDED = r"^/v1/auth/(logout|change-password|login|register|reset-password|reset-password/confirm|refresh)$"
# The same for sessions of browsers; and a stream has no end.
EXCLUDED_OPERATIONS = ["begin_session", "end_session", "stream"]

# A value may fit its schema and be refused all the same: a name that is taken, a plan that is not there.
UNWANTED_CHECKS = "positive_data_acceptance"


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def main():
    schemathesis, email, password, *command = sys.argv[1:]
    loopback_up()
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(daemon.stdout.readline())
        base = f"http://{ready['http']}"
        body = json.dumps({"email": email, "password": password}).encode()
        request = urllib.request.Request(
            f"{base}/v1/auth/login", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            token = json.load(answer)["access_token"]
        arguments = [
            "run", f"{base}/openapi.json",
            "--header", f"Authorization: Bearer {token}",
            "--checks", "all", "--exclude-checks", UNWANTED_CHECKS,
            "--phases", "examples,coverage,fuzzing",
            "--max-examples", os.environ.get("EXAMPLES", "4"), "--seed", "1", "--workers", "2",
            "--exclude-path-regex", EXCLUDED,
            *(f"--exclude-operation-id={name}" for name in EXCLUDED_OPERATIONS),
            "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off",
            "--request-timeout", "30",
        ]
        settings = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemathesis.toml")
        code = subprocess.run([schemathesis, "--config-file", settings, *arguments], check=False).returncode
        if daemon.poll() is not None:
            sys.exit("the daemon has ended")
    finally:
        daemon.terminate()
        ended = daemon.wait(20)
    if ended != 0:
        sys.exit(f"the daemon ended with {ended}")
    sys.exit(code)


main()
