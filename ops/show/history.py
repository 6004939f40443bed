"""A past for the business: the daemon's wall clock begins some days back and is moved on day by day, with traffic on each.

libfaketime stands in for the clock of the daemon alone. Every day the clock is confirmed over the API, as a clock that jumps is not
believed by itself. At the end the daemon starts again on the machine's own clock.
"""

import os
import subprocess
from pathlib import Path

from . import business
from .api import Api

# Messages of a day by weekday, as a factor: little at weekends.
WEEK = (1.0, 1.1, 1.15, 1.05, 1.2, 0.6, 0.45)
MESSAGES = 60
TOPUP_EVERY_DAYS = 7


def library():
    """The library that stands in for the clock; None where it is not installed."""
    given = [Path(os.environ["LIBFAKETIME"])] if "LIBFAKETIME" in os.environ else []
    found = given + sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return next((path for path in found if path.is_file()), None)


class Clock:
    """The wall clock of one daemon."""

    def __init__(self, stand_in, folder):
        self.file = folder / "wall-clock"
        self.environment = {"LD_PRELOAD": str(stand_in), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, minutes_back):
        """Sets it so far behind the machine's."""
        aside = self.file.with_suffix(".aside")
        aside.write_text(f"-{minutes_back * 60}\n")
        aside.rename(self.file)


def live_through(processes, clock, ready, days):
    """Goes through the days up to now."""
    base = f"http://{ready['http']}"
    for day in range(days):
        clock.set((days - day) * 24 * 60 - 12 * 60 if day < days - 1 else 30)
        Api(base, business.ADMIN, business.PASSWORD).post("/v1/clock/trust")
        # A day later that log-in is over.
        admin = Api(base, business.ADMIN, business.PASSWORD)
        for number, (account, rate, mix) in enumerate(business.GATEWAYS):
            messages = max(1, round(MESSAGES * rate / 6 * WEEK[day % 7] * (0.8 + 0.5 * day / days)))
            submit(processes, ready["smpp"], account, messages, mix, seed=1000 * day + number)
        if day % TOPUP_EVERY_DAYS == TOPUP_EVERY_DAYS - 1:
            top_up(admin, day)


def submit(processes, smpp, account, messages, mix, seed):
    """Has a gateway submit some messages and go."""
    command = [processes.tools, "load", "--target", smpp, "--system-id", account, "--password", business.SMPP_PASSWORD, "--messages", messages,
               "--mix", mix, "--seed", seed, "--source", business.SOURCES.get(account, business.SOURCE)]
    subprocess.run([str(part) for part in command], cwd=processes.root, capture_output=True, check=False)


def top_up(admin, day):
    """Those that pay beforehand pay for the next week."""
    for account, amount in (("acme", "25.00"), ("tinyshop", "5.00"), ("cityclinic", "10.00")):
        admin.post(f"/v1/accounts/{account}/topups", {"amount": amount, "reference": f"transfer-{account}-{day}"})
