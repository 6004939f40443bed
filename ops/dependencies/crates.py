"""The crates that the workspace is built from, as Cargo knows them.

`cargo metadata` has licences, sources and authors, but also lists crates that only a feature which is off would need;
`cargo tree` has exactly those that are compiled. Both read Cargo.lock and the local copies, never the network.
"""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A line of `cargo tree --prefix depth`: depth, name, version, and for our own crates the folder.
TREE_LINE = re.compile(r"^(?P<depth>\d+)(?P<name>[\w-]+) v(?P<version>\S+)")


@dataclass
class Crate:
    """One version of one crate, and the names of the crates that depend on it directly."""

    name: str
    version: str
    licence: str | None
    source: str | None
    repository: str | None
    description: str | None
    checksum: str | None
    wildcards: list[str]
    dependents: set[str] = field(default_factory=set)
    dependencies: set[tuple[str, str]] = field(default_factory=set)

    @property
    def ours(self):
        """True if the crate is a member of the workspace."""
        return self.source is None


def cargo(*arguments):
    """What Cargo prints, offline and by the lock file."""
    command = ["cargo", *arguments, "--offline", "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def checksums():
    """The SHA-256 of each downloaded crate by name and version, from Cargo.lock."""
    entry = r'\[\[package\]\]\nname = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"'
    found = re.findall(entry, (ROOT / "Cargo.lock").read_text())
    return {(name, version): digest for name, version, digest in found}


def described(target):
    """Every crate of the lock file that the target may need, by name and version."""
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))
    digests = checksums()
    crates = {}
    for package in metadata["packages"]:
        key = package["name"], package["version"]
        crates[key] = Crate(
            name=package["name"],
            version=package["version"],
            licence=package["license"],
            source=package["source"],
            repository=package["repository"],
            description=package["description"],
            checksum=digests.get(key),
            wildcards=[d["name"] for d in package["dependencies"] if d["req"] == "*" and not d.get("path")],
        )
    return crates


def compiled(target, edges, package=None):
    """The crates that are compiled for the package, or for the whole workspace, with who needs whom."""
    crates = described(target)
    scope = ["--package", package] if package else ["--workspace"]
    listing = cargo("tree", *scope, "--edges", edges, "--target", target, "--prefix", "depth")
    path, used = [], {}
    for line in filter(None, map(TREE_LINE.match, listing.splitlines())):
        key = line["name"], line["version"]
        crate = used.setdefault(key, crates[key])
        del path[int(line["depth"]) :]
        if path:
            crate.dependents.add(path[-1][0])
            used[path[-1]].dependencies.add(key)
        path.append(key)
    return used
