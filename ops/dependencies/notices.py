"""Prints the licence texts and notices that come with the crates and fonts in both programs, each text once.

Most licences ask that their text goes with copies of the program. A crate without such a file is named with its licence.
"""

import argparse
import json
import textwrap
from pathlib import Path

import crates

PROGRAMS = ("tollgate-daemon", "tollgate-tools")

# Fonts that are compiled into the daemon, by the files with their licences.
FONTS = Path(__file__).resolve().parents[2] / "billing" / "fonts"

# Files at the top of a crate, and of the C and C++ libraries that some bring along.
PATTERNS = ("LICEN[SC]E*", "COPYING*", "NOTICE*", "UNLICENSE*", "*/LICEN[SC]E*", "*/COPYING*")


def folders(target):
    """The folder of each crate's sources, by name and version."""
    metadata = json.loads(crates.cargo("metadata", "--format-version", "1", "--filter-platform", target))
    return {(p["name"], p["version"]): Path(p["manifest_path"]).parent for p in metadata["packages"]}


def main():
    parser = argparse.ArgumentParser(description="Print notices of third parties.")
    parser.add_argument("--target", required=True, help="triple of the platform")
    target = parser.parse_args().target
    where = folders(target)
    used = {}
    for program in PROGRAMS:
        used |= crates.compiled(target, "normal,build", program)
    texts, silent = {}, []
    for key in sorted(key for key, crate in used.items() if not crate.ours):
        files = sorted({file for pattern in PATTERNS for file in where[key].glob(pattern) if file.is_file()})
        for file in files:
            texts.setdefault(file.read_text(errors="replace").strip(), []).append(" ".join(key))
        if not files:
            silent.append(f"{' '.join(key)}: {used[key].licence}")
    for file in sorted(FONTS.glob("OFL-*.txt")):
        names = [font.stem for font in sorted(FONTS.glob(f"{file.stem.removeprefix('OFL-')}*.ttf"))]
        texts.setdefault(file.read_text().strip(), []).extend(names)
    print("Tollgate contains the following works of others.\n")
    if silent:
        print("Without a licence file of their own:\n")
        print("\n".join(f"  {line}" for line in silent))
    for text, names in texts.items():
        title = textwrap.fill(", ".join(dict.fromkeys(names)), 78, break_on_hyphens=False)
        print(f"\n{'=' * 78}\n{title}\n{'=' * 78}\n\n{text}")


main()
