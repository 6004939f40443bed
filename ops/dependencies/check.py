"""Checks licences, bans and sources by the rules of deny.toml where cargo-deny is not installed.

Reads of that file only what it needs: `licenses.allow`, `bans.deny` with `wrappers`, `bans.wildcards`, and the registries of
`sources`. Prints every violation and ends with exit code 1 if there is one.
"""

import argparse
import re
import sys

import crates

try:
    import tomllib
except ImportError:  # before Python 3.11; pip brings a reader along
    from pip._vendor import tomli as tomllib


def licence_holds(expression, allowed):
    """True if an SPDX expression can be met with the allowed licences. An old-style slash means OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    result, rest = alternatives(tokens, allowed)
    if rest:
        raise ValueError(f"{rest[0]} is not expected in {expression}")
    return result


def alternatives(tokens, allowed):
    result, tokens = conjunction(tokens, allowed)
    while tokens[:1] == ["OR"]:
        other, tokens = conjunction(tokens[1:], allowed)
        result = result or other
    return result, tokens


def conjunction(tokens, allowed):
    result, tokens = one_licence(tokens, allowed)
    while tokens[:1] == ["AND"]:
        other, tokens = one_licence(tokens[1:], allowed)
        result = result and other
    return result, tokens


def one_licence(tokens, allowed):
    if tokens[0] == "(":
        result, tokens = alternatives(tokens[1:], allowed)
        return result, tokens[1:]
    if tokens[1:2] == ["WITH"]:  # an exception has to be allowed by name, as in "Apache-2.0 WITH LLVM-exception"
        return " ".join(tokens[:3]) in allowed, tokens[3:]
    return tokens[0] in allowed, tokens[1:]


def violations(used, rules):
    """Sentences about everything that the rules forbid."""
    allowed = set(rules["licenses"]["allow"])
    registries = {f"registry+{address}" for address in rules["sources"]["allow-registry"]}
    banned = {ban["crate"]: ban for ban in rules["bans"]["deny"]}
    for crate in used.values():
        name = f"{crate.name} {crate.version}"
        if crate.ours:
            if crate.wildcards and rules["bans"]["wildcards"] == "deny":
                yield f"{name} asks for any version of {', '.join(crate.wildcards)}"
            continue
        if not crate.licence or not licence_holds(crate.licence, allowed):
            yield f"{name} has the licence {crate.licence!r}, which deny.toml does not allow"
        if crate.source not in registries:
            yield f"{name} comes from {crate.source}, which deny.toml does not allow"
        if crate.checksum is None:
            yield f"{name} has no checksum in Cargo.lock"
        ban = banned.get(crate.name)
        unexpected = crate.dependents - set(ban.get("wrappers", [])) if ban else set()
        if unexpected:
            yield f"{name} is banned ({ban['reason']}), and {', '.join(sorted(unexpected))} needs it"


def main():
    parser = argparse.ArgumentParser(description="Check dependencies against deny.toml.")
    parser.add_argument("--target", required=True, help="triple of the platform")
    target = parser.parse_args().target
    rules = tomllib.loads((crates.ROOT / "deny.toml").read_text())
    used = crates.compiled(target, "normal,build,dev")
    found = list(violations(used, rules))
    for violation in found:
        print(f"deny.toml: {violation}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"bans ok, licenses ok, sources ok: {len(used)} crates")


main()
