"""Rust sources as text: comments and strings blanked, tests left out, blocks matched. Not a parser, but enough to count."""

import re
from dataclasses import dataclass, field
from pathlib import Path

NOT_CODE = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|b?r(?P<hashes>#*)".*?"(?P=hashes)'
    r'|[bc]?"(?:\\.|[^"\\])*"'
    r"|b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]+\}|.)|[^\\'\n])'",
    re.DOTALL,
)
TEST_ATTRIBUTE = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]")
MODULE = re.compile(r"\bmod\s+(?:r#)?(\w+)\s*([;{])")
PATH_ATTRIBUTE = re.compile(r'#\[path\s*=\s*"([^"]+)"\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;')


def blanked(text):
    """The text with everything but line ends replaced by spaces."""
    return re.sub(r"[^\n]", " ", text)


def code_of(text):
    """The text with comments, strings and characters blanked; positions stay."""
    return NOT_CODE.sub(lambda match: blanked(match.group()), text)


def end_of_block(code, opening):
    """The position behind the bracket that closes the one at `opening`."""
    pairs = {"{": "}", "(": ")", "[": "]"}
    opens, closes = code[opening], pairs[code[opening]]
    depth = 0
    for match in re.finditer(re.escape(opens) + "|" + re.escape(closes), code[opening:]):
        depth += 1 if match.group() == opens else -1
        if depth == 0:
            return opening + match.end()
    return len(code)


def end_of_item(code, start):
    """The position behind the item that begins at `start`, attributes before it included."""
    position = start
    while match := re.compile(r"\s*#\[").match(code, position):
        position = end_of_block(code, match.end() - 1)
    for match in re.finditer(r"[;{(\[]", code[position:]):
        at = position + match.start()
        if at < position:
            continue
        if match.group() == ";":
            return at + 1
        if match.group() == "{":
            return end_of_block(code, at)
    return len(code)


@dataclass
class Source:
    """One file without its tests."""

    path: Path
    text: str
    code: str
    lines: int
    test_modules: set = field(default_factory=set)
    """Modules in files of their own that hold tests."""


def read(path):
    """Reads a file and leaves its tests out."""
    text = path.read_text(encoding="utf-8")
    code = code_of(text)
    tests = set()
    removed = 0
    while match := TEST_ATTRIBUTE.search(code):
        end = end_of_item(code, match.start())
        item = code[match.start() : end]
        module = MODULE.search(item)
        if module and module.group(2) == ";":
            tests.add(module.group(1))
        removed += item.count("\n") + 1
        code = code[: match.start()] + blanked(item) + code[end:]
    return Source(path, text, code, text.count("\n") - removed, tests)


FUNCTION = re.compile(r"\bfn\s+(\w+)")


def functions(code):
    """Name, position and end of every function with a body."""
    for match in FUNCTION.finditer(code):
        depth = 0
        for at in range(match.end(), len(code)):
            character = code[at]
            if character in "([":
                depth += 1
            elif character in ")]":
                depth -= 1
            elif depth == 0 and character == ";":
                break
            elif depth == 0 and character == "{":
                yield match.group(1), match.start(), end_of_block(code, at)
                break


def code_lines(code):
    """The lines that are neither blank nor only a comment."""
    return sum(1 for line in code.splitlines() if line.strip())


IMPL = re.compile(r"(?m)^[ \t]*(?:unsafe\s+)?impl\b")


@dataclass
class Impl:
    """One impl block."""

    path: list
    """The path of the type, as written."""
    methods: int
    lines: int
    start: int


def without_generics(text):
    """The text without what stands in angle brackets."""
    depth, kept = 0, []
    for at, character in enumerate(text):
        if character == "<":
            depth += 1
        elif character == ">" and text[at - 1] != "-":
            depth -= 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


def impls(code):
    """Every impl block."""
    for match in IMPL.finditer(code):
        opening = code.find("{", match.end())
        if opening < 0:
            continue
        head = without_generics(code[match.end() : opening])
        head = re.split(r"\bwhere\b", head)[0]
        kind = re.split(r"\bfor\b", head)[-1]
        path = re.findall(r"\w+", re.sub(r"\bdyn\b|\bmut\b|&|'\w+", " ", kind))
        if not path:
            continue
        end = end_of_block(code, opening)
        block = code[opening:end]
        depth_one = re.sub(r"\s+", " ", depth_of_one(block))
        methods = len(FUNCTION.findall(depth_one))
        yield Impl(path, methods, block.count("\n") + 1, match.start())


def depth_of_one(block):
    """What stands directly in a block, and not in blocks inside it."""
    depth, kept = 0, []
    for character in block:
        if character == "}":
            depth -= 1
        if depth == 1:
            kept.append(character)
        if character == "{":
            depth += 1
    return "".join(kept)
