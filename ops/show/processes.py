"""The processes of a business: simulated operators, the daemon, gateways under way. All of them end together."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 15


def free_port():
    """A TCP port that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def unused(port):
    """True if nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Processes:
    """What runs, in the order in which it was started."""

    def __init__(self, binaries, folder):
        self.tollgate = binaries / "tollgate"
        self.tools = binaries / "tollgate-tools"
        self.folder = folder
        self.root = ROOT
        self.running = []
        # What the daemon notes about itself stays in the folder.
        self.environment = os.environ | {"XDG_STATE_HOME": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder)}

    def start(self, name, command, reads_ready=False, environment=None):
        """Starts a program with its log in the folder; gives its first line of JSON if that is asked for."""
        log = open(self.folder / f"{name}.log", "ab")
        out = subprocess.PIPE if reads_ready else log
        # A process group of its own: Ctrl-C reaches this script alone, which ends the others in order.
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                   env=self.environment | (environment or {}), cwd=ROOT, start_new_session=True)
        self.running.append((name, process))
        if not reads_ready:
            return None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{name} did not start:\n{(self.folder / f'{name}.log').read_text()}")
        return json.loads(line)

    def sim(self, name, port, *options):
        """A simulated operator."""
        return self.start(f"operator-{name}", [self.tools, "sim", "--listen", f"127.0.0.1:{port}", *options], reads_ready=True)

    def load(self, name, target, gateway, *options):
        """A gateway that submits messages until it is stopped."""
        system_id, password = gateway
        command = [self.tools, "load", "--target", target, "--system-id", system_id, "--password", password, *options]
        self.start(f"gateway-{name}", command)

    def end(self, name):
        """Ends one of them in order."""
        at = next(at for at, (running, _) in enumerate(self.running) if running == name)
        _, process = self.running.pop(at)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def ended(self):
        """The name of a process that has ended by itself, if any has; gateways may."""
        for name, process in self.running:
            if process.poll() is not None and not name.startswith("gateway-"):
                return name
        return None

    def stop(self):
        """Ends all, the last first, so that nobody is left without a peer. Gateways keep nothing, and would wait for receipts."""
        for name, process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL if name.startswith("gateway-") else signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def write_config(folder, ports, http_port):
    """A copy of the shipped configuration with its operators switched on, on ports that are free."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    main = config / "tollgate.toml"
    text = main.read_text()
    text = text.replace("# [operators]", "[operators]").replace('# file = "operators.toml"', 'file = "operators.toml"')
    text = text.replace('# exchange_rates = "exchange_rates.csv"', 'exchange_rates = "exchange_rates.csv"')
    text = text.replace('# default_delivery = "operators"', 'default_delivery = "operators" #')
    text = text.replace("# requests_per_second = 200", "requests_per_second = 2000").replace("# requests_burst = 400", "requests_burst = 4000")
    # Where mails and pay links lead to.
    text = re.sub(r'(?m)^#? ?public_url = "[^"]*"', f'public_url = "http://127.0.0.1:{http_port}"', text)
    # Receivers of events may be on this machine.
    text = text.replace("# allowed_networks = []", 'allowed_networks = ["127.0.0.0/8"] #')
    text = re.sub(r'data_dir = "[^"]*"', f'data_dir = "{folder / "data"}"', text)
    main.write_text(text)
    operators = config / "operators.toml"
    text = operators.read_text()
    for shipped, port in zip((2776, 2777), ports, strict=True):
        text = text.replace(f"port = {shipped}", f"port = {port}")
    operators.write_text(text)
    return main
