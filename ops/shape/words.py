"""The language of the repository: words that are not used any more, and doc comments that say too little."""

import re

OLD_WORDS = {
    "office": "management, service",
    "desk": "scheduler",
    "lane": "operator queue",
    "shelf": "document cache",
    "errand": "job",
    "tidings": "receipt content, commit outcome",
    "courier": "webhook worker",
    "door": "authentication",
    "orphan": "unmatched receipt",
    "bond": "bind status",
    "mailbox": "receipt queue",
    "pump": "assign",
    "envelope": "attempt",
    "bindable": "active account",
}
OLD_NAMES = {
    "World": "Core",
    "HomeQueue": "Backlog",
    "Unknowns": "UnknownOutcomes",
    "Abroad": "CountryConditions",
    "Trials": "ProbeConditions",
    "Gate": "BindHandler",
    "GateSession": "SessionHandler",
    "TollGate": "SessionHandler",
    "SimGate": "SimHandler",
    "AccountStanding": "AccountRuntime",
    "Standing": "AccountRuntime",
}
QUESTION_WORDS = {"who", "whose", "whom", "what", "which", "where", "when", "why", "how", "whether"}

IDENTIFIER = re.compile(r"[A-Za-z_]+")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
DOC = re.compile(r"(?m)(?:^[ \t]*//[/!](?!/).*\n?)+")


def singular(word):
    """The word without the s of a plural."""
    return word[:-1] if word.endswith("s") and word not in OLD_WORDS else word


def old_words(line):
    """The old words in a line."""
    found = []
    for identifier in IDENTIFIER.findall(line):
        if identifier in OLD_NAMES:
            found.append(identifier)
        for part in PART.findall(identifier):
            word = part.lower()
            if word in OLD_WORDS or singular(word) in OLD_WORDS:
                found.append(part)
    return found


def instead(word):
    """The word to be used."""
    return OLD_NAMES.get(word) or OLD_WORDS.get(word.lower()) or OLD_WORDS.get(singular(word.lower()), "")


def doc_comments(text):
    """Line and text of each doc comment."""
    for match in DOC.finditer(text):
        lines = [line.strip() for line in match.group().splitlines()]
        # An inner doc comment and an outer one behind it are two.
        begin = 0
        for at in range(1, len(lines) + 1):
            if at == len(lines) or lines[at][:3] != lines[begin][:3]:
                words = " ".join(line[3:].strip() for line in lines[begin:at]).strip()
                yield text.count("\n", 0, match.start()) + 1 + begin, words
                begin = at


def fault_of_doc(words):
    """What is wrong with a doc comment, or None."""
    first = re.match(r"[A-Za-z]+", words)
    if first and first.group().lower() in QUESTION_WORDS:
        return "begins with a question word"
    if 0 < len(words.split()) <= 2:
        return "has only one or two words"
    return None
