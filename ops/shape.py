#!/usr/bin/env python3
"""Prints the shape of the workspace, and with --check fails where it breaks a rule of the house.

Sizes of crates, the largest types, circles of modules, dependencies between crates, words that are not used any more,
and doc comments that say too little. ops/shape/allowed.txt lists what is allowed nevertheless, one per line: a path and
a word. Needs nothing but Python 3.11.
"""

import argparse
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from shape import arrows, modules, rust, words

ROOT = Path(__file__).resolve().parent.parent
SHARE_MAX = 26
METHODS_MAX = 60
IMPL_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
SHOWN = 10

READ = {".rs", ".md", ".toml", ".yml", ".yaml", ".json", ".py", ".sh", ".service", ".conf", ".txt", ".csv", ""}
NOT_READ = ("ops/shape", "Cargo.lock", "LICENSE", "tools/src/load/texts.csv", "config/numbering/")


class Findings:
    """What breaks a rule, by rule."""

    def __init__(self):
        self.by_rule = defaultdict(list)

    def add(self, rule, what):
        """Notes one."""
        self.by_rule[rule].append(what)


def heading(text):
    """Prints a heading."""
    print(f"\n{text}")


def tracked():
    """The files of the repository that hold words."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if not name.startswith(NOT_READ) and path.suffix in READ and path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def roots(crate):
    """The roots of a crate's library and programs."""
    folder = ROOT / crate / "src"
    found = [folder / "lib.rs", folder / "main.rs", *sorted((folder / "bin").glob("*.rs"))]
    return [path for path in found if path.is_file()]


def read_crates():
    """Every crate of the workspace, by name, as the module trees below its roots."""
    return {name: [modules.Crate(root) for root in roots(name)] for name in arrows.members(ROOT)}


def sizes(crates, findings):
    """Lines and share of each crate."""
    lines = {name: sum(s.lines for tree in trees for s in tree.sources) for name, trees in crates.items()}
    whole = sum(lines.values())
    heading(f"Source without tests: {whole:,} lines")
    for name, count in sorted(lines.items(), key=lambda pair: -pair[1]):
        share = 100 * count / whole
        print(f"  {name:<14}{count:>8,} lines {share:5.1f} %")
        if share > SHARE_MAX:
            findings.add(f"a crate over {SHARE_MAX} % of the source", f"{name}: {share:.1f} %")


def types(crates, findings):
    """The types with the most methods and lines."""
    methods, lines = Counter(), Counter()
    for name, trees in crates.items():
        for tree in trees:
            for module in tree.modules.values():
                for block in rust.impls(module.code):
                    target = tree.resolve(module, block.path)
                    where = target.source.path.relative_to(ROOT) if target else name
                    key = f"{block.path[-1]} ({where})"
                    methods[key] += block.methods
                    lines[key] += block.lines
    heading("Largest types, over all impl blocks")
    shown = dict.fromkeys([key for key, _ in methods.most_common(5)] + [key for key, _ in lines.most_common(5)])
    for key in shown:
        print(f"  {methods[key]:>4} methods {lines[key]:>6} lines  {key}")
    for key in methods:
        if methods[key] > METHODS_MAX:
            findings.add(f"a type over {METHODS_MAX} methods", f"{key}: {methods[key]}")
        if lines[key] > IMPL_LINES_MAX:
            findings.add(f"a type over {IMPL_LINES_MAX} lines of impl", f"{key}: {lines[key]}")


def show_edges(edges, circle, folder):
    """The uses inside a circle."""
    for path in circle:
        for target, names in sorted(edges[path].items()):
            if target in circle:
                print(f"      {path.relative_to(folder)} → {target.relative_to(folder)}: {', '.join(sorted(names))}")


def circles(crates, findings, all_shown):
    """Circles of files inside each crate."""
    heading("Circles of modules")
    none = True
    for name, trees in crates.items():
        for tree in trees:
            edges = tree.edges()
            for circle in modules.circles(edges):
                files = ", ".join(str(path.relative_to(ROOT / name / "src")) for path in circle)
                findings.add("a circle of modules", f"{name}: {files}")
                print(f"  {name}, {len(circle)} files: {files}")
                none = False
                if all_shown:
                    show_edges(edges, circle, ROOT / name / "src")
    if none:
        print("  none")


def dependencies(findings):
    """The arrows between crates."""
    heading("Dependencies between crates")
    for crate in arrows.members(ROOT):
        seen = arrows.of(ROOT, crate)
        wrong = arrows.forbidden(crate, seen)
        print(f"  {crate:<14}{', '.join(seen) or '(none)'}")
        for name in wrong:
            findings.add("a forbidden dependency", f"{crate} depends on {name}")


def functions(crates):
    """Functions that are too long."""
    found = []
    for trees in crates.values():
        for tree in trees:
            for source in tree.sources:
                for name, start, end in rust.functions(source.code):
                    count = rust.code_lines(source.code[start:end])
                    if count > FUNCTION_LINES_MAX:
                        line = source.code.count("\n", 0, start) + 1
                        found.append(f"{source.path.relative_to(ROOT)}:{line}: {name} has {count} lines")
    heading(f"Functions over {FUNCTION_LINES_MAX} lines: {len(found)}")
    for line in found[:SHOWN]:
        print(f"  {line}")


def allowed():
    """Pairs of path and word that are allowed nevertheless."""
    path = ROOT / "ops/shape/allowed.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {tuple(line.split()[:2]) for line in lines if line.strip() and not line.startswith("#")}


def language(findings):
    """Old words, and doc comments that say too little."""
    exceptions = allowed()
    old, docs = Counter(), Counter()
    all_docs = 0
    for name, text in tracked():
        for number, line in enumerate(f"{name}\n{text}".splitlines()):
            for word in words.old_words(line):
                if (name, word) not in exceptions:
                    old[word.lower()] += 1
                    place = f"{name}:{number}" if number else name
                    findings.add("an old word", f"{place}: {word}: {words.instead(word)}")
        if name.endswith(".rs"):
            for number, comment in words.doc_comments(text):
                all_docs += 1
                fault = words.fault_of_doc(comment)
                if fault:
                    kind = "tests" if "/tests/" in name or name.endswith("tests.rs") else "sources"
                    docs[fault, kind] += 1
                    findings.add(f"a doc comment that {fault}", f"{name}:{number}: {comment[:70]}")
    heading("Old words")
    shown = ", ".join(f"{word} {count}" for word, count in old.most_common(2 * SHOWN))
    print(f"  {shown or 'none'}")
    heading(f"Doc comments: {all_docs:,}")
    for (fault, kind), count in sorted(docs.items()):
        print(f"  {count:>6,} in {kind}: {fault}")


def judge(findings, all_shown):
    """Prints what breaks a rule; true where nothing does."""
    heading("Rules broken" if findings.by_rule else "No rule is broken")
    for rule, found in findings.by_rule.items():
        print(f"  {len(found):>6,}  {rule}")
        for what in found if all_shown else found[:SHOWN]:
            print(f"            {what}")
        if not all_shown and len(found) > SHOWN:
            print("            … (--all shows the rest)")
    return not findings.by_rule


def main():
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail where a rule is broken")
    parser.add_argument("--all", action="store_true", help="show everything that breaks a rule, and the uses inside each circle")
    options = parser.parse_args()
    findings = Findings()
    crates = read_crates()
    sizes(crates, findings)
    types(crates, findings)
    circles(crates, findings, options.all)
    dependencies(findings)
    functions(crates)
    language(findings)
    sound = judge(findings, options.all)
    return 0 if sound or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
