"""Starts the daemon with two simulated operators, sample customers and resellers, and steady traffic from several gateways.

    python3 -m show --binaries FOLDER             until Ctrl-C; prints the address and a log-in for each role
    python3 -m show --binaries FOLDER --json      the same for a program: free ports, and one line of JSON

Everything lies in a temporary folder that goes at the end, unless --keep names one.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import business, history, paperwork
from .processes import Processes, free_port, unused, write_config

HTTP_PORT = 8080
SECONDS = 10**7


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="show", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--binaries", type=Path, required=True, help="the folder with tollgate and tollgate-tools")
    parser.add_argument("--keep", type=Path, help="a folder for configuration, books and logs, which stays")
    parser.add_argument("--http-port", type=int, help=f"the port of the screens [default: {HTTP_PORT}, or a free one]")
    parser.add_argument("--json", action="store_true", help="print one line of JSON, and take free ports")
    parser.add_argument("--days", type=int, help="days of history [default: 30; none with --json]")
    parser.add_argument("--traffic", type=float, default=1.0, help="how busy gateways are, as a factor [default: 1]")
    return parser.parse_args()


def stopped(*_):
    """Turns a signal into an orderly end."""
    raise KeyboardInterrupt


def http_port(options):
    """The port of the screens."""
    if options.http_port:
        return options.http_port
    return free_port() if options.json or not unused(HTTP_PORT) else HTTP_PORT


def start(processes, options):
    """Starts everything, and gives the address of the screens and of SMPP."""
    ports = [free_port(), free_port()]
    port = http_port(options)
    config = write_config(processes.folder, ports, port)
    processes.sim("alpha", ports[0], "--latency-ms", "25", "--latency-jitter-ms", "30", "--receipt-delay-ms", "1500", "--undelivered-percent", "3")
    processes.sim("beta", ports[1], "--latency-ms", "80", "--latency-jitter-ms", "90", "--receipt-delay-ms", "4000", "--undelivered-percent", "8", "--error-percent", "2")
    admin = subprocess.run([processes.tollgate, "--config", config, "admin", "create", "--email", business.ADMIN, "--name", "Olga Operations"],
                          input=f"{business.PASSWORD}\n", text=True, capture_output=True, env=processes.environment, check=False)
    if admin.returncode != 0:
        raise SystemExit(f"the admin could not be made: {admin.stderr}")
    listen = ["--smpp-listen", "127.0.0.1:0", "--http-listen", f"127.0.0.1:{port}", "--metrics-listen", "127.0.0.1:0"]
    daemon = [processes.tollgate, "--config", config, "run", *listen]
    days = (0 if options.json else 30) if options.days is None else options.days
    made, ready = begin(processes, daemon, days)
    base = f"http://{ready['http']}"
    made |= paperwork.make(base)
    for number, (account, rate, mix) in enumerate(business.GATEWAYS):
        rate = max(1, round(rate * options.traffic))
        processes.load(account, ready["smpp"], (account, business.SMPP_PASSWORD), "--rate", rate, "--seconds", SECONDS, "--mix", mix,
                       "--seed", number + 1, "--receipts", "--reconnect-seconds", 60, "--source", business.SOURCES.get(account, business.SOURCE))
    return {"address": f"{base}/app/", "smpp": ready["smpp"], "password": business.PASSWORD, "smpp_password": business.SMPP_PASSWORD, "tools": str(processes.tools),
            "mails": str(processes.folder / "data" / "mail"),
            "admin": business.ADMIN, "reseller": "reseller@example.com", "customer": "customer@example.com", **made}


def begin(processes, daemon, days):
    """Starts the daemon and makes the business, with its past where there is to be one."""
    stand_in = history.library() if days else None
    if days and not stand_in:
        print("without a history: libfaketime is not installed (Debian: faketime)", flush=True)
    if not stand_in:
        ready = processes.start("daemon", daemon, reads_ready=True)
        return business.make(f"http://{ready['http']}"), ready
    print(f"living through {days} days…", flush=True)
    clock = history.Clock(stand_in, processes.folder)
    clock.set(days * 24 * 60)
    ready = processes.start("daemon", daemon, reads_ready=True, environment=clock.environment)
    made = business.make(f"http://{ready['http']}")
    history.live_through(processes, clock, ready, days)
    processes.end("daemon")
    return made, processes.start("daemon", daemon, reads_ready=True)


def tell(scene):
    """Prints what a person needs."""
    print(f"\n  Screens      {scene['address']}\n  SMPP         {scene['smpp']}, password {scene['smpp_password']}\n")
    print("  Log in as    with the password:", scene["password"])
    for role in ("admin", "reseller", "customer"):
        print(f"    {role:<10} {scene[role]}")
    print("\n  Ctrl-C ends everything and removes its data.\n", flush=True)


def main():
    """Runs until it is told to stop."""
    options = arguments()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stopped)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="tollgate-show-"))
    folder.mkdir(parents=True, exist_ok=True)
    processes = Processes(options.binaries, folder)
    try:
        scene = start(processes, options)
        if options.json:
            print(json.dumps(scene), flush=True)
        else:
            tell(scene)
        while not (ended := processes.ended()):
            time.sleep(0.5)
        log = (folder / f"{ended}.log").read_text()
        raise SystemExit(f"{ended} has ended:\n{log[-2000:]}")
    except KeyboardInterrupt:
        print("\nstopping", file=sys.stderr)
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        processes.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
