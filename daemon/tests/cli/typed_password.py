"""Runs a command on a terminal of its own and types a password as often as it asks; prints what the terminal showed.

usage: typed_password.py PROGRAM ARGUMENTS…
"""

import os
import pty
import sys
import termios
import time

PASSWORD = b"correct horse\r"
DEADLINE = time.monotonic() + 60


def is_hidden(terminal):
    """True once what is typed is not shown."""
    return not termios.tcgetattr(terminal)[3] & termios.ECHO


def main():
    """Types and prints."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.argv[1], sys.argv[1:])
    shown, typed = b"", 0
    while time.monotonic() < DEADLINE:
        try:
            octets = os.read(terminal, 4096)
        except OSError:
            octets = b""
        if not octets:
            break
        shown += octets
        if shown.endswith(b": "):
            while not is_hidden(terminal):
                assert time.monotonic() < DEADLINE, "the password would be shown"
            os.write(terminal, PASSWORD)
            typed += 1
    _, status = os.waitpid(child, 0)
    sys.stdout.write(shown.decode())
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
