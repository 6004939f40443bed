"""Which crate may depend on which: the table of the design."""

import tomllib

EVERY = {"engine", "delivery", "smpp", "storage", "provisioning", "api", "relay", "management", "cluster", "billing",
         "exports", "existing-clients", "payments", "notifications", "console", "web"}
ALLOWED = {
    "engine": set(),
    "smpp": set(),
    "delivery": {"engine"},
    "storage": {"engine"},
    "billing": {"engine"},
    "provisioning": {"engine"},
    "cluster": {"storage"},
    "api": {"provisioning", "engine"},
    "exports": {"api", "storage", "engine"},
    "existing-clients": {"api", "storage"},
    "payments": {"api", "billing", "storage", "provisioning", "engine"},
    "notifications": {"api", "storage", "provisioning", "engine"},
    "relay": {"smpp", "storage", "provisioning", "delivery", "engine"},
    "management": {"api", "billing", "existing-clients", "exports", "notifications", "payments", "relay", "storage",
                   "provisioning", "engine"},
    "console": set(),
    "web/server": set(),
    "tools": {"console", "smpp", "engine", "provisioning"},
    "daemon": EVERY,
    "benches": EVERY | {"tools", "daemon"},
}
PREFIX = "tollgate-"


def members(root):
    """The folders of the workspace's crates."""
    manifest = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))
    return manifest["workspace"]["members"]


def of(root, crate):
    """Our crates that a crate depends on, tests and benchmarks apart."""
    manifest = tomllib.loads((root / crate / "Cargo.toml").read_text(encoding="utf-8"))
    tables = [manifest, *manifest.get("target", {}).values()]
    names = [name for table in tables for kind in ("dependencies", "build-dependencies") for name in table.get(kind, {})]
    return sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX))


def forbidden(crate, seen):
    """Those that it must not depend on."""
    return [name for name in seen if name not in ALLOWED.get(crate, set())]
