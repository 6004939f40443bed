"""The modules of one crate: which file uses what of which other file, and the circles among them.

A use counts as one of the file that defines the name, whatever re-exports lie between. That a parent declares or
re-exports its modules does not count.
"""

import re
from dataclasses import dataclass, field

from . import rust

ITEM = re.compile(
    r"\b(?:struct|enum|trait|union|type|const|static|fn)\s+(?:mut\s+)?(?:r#)?([A-Za-z_]\w*)|\bmacro_rules!\s*(\w+)"
)
USE = re.compile(r"(?P<public>\bpub(?:\s*\([^)]*\))?\s+)?\buse\s+(?P<tree>[^;]+);")
PATH = re.compile(r"(?<![\w:.])(?:r#)?([A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)+)")
WORD = re.compile(r"(?<![\w:.])[A-Za-z_]\w*")


@dataclass
class Module:
    """A module: a file, or a block inside one."""

    path: tuple
    source: rust.Source
    code: str
    """The code of this module alone, that of modules inside it blanked."""
    items: set = field(default_factory=set)
    children: set = field(default_factory=set)
    uses: dict = field(default_factory=dict)
    """Names that `use` brings in, with the path of each."""
    globs: list = field(default_factory=list)
    public: set = field(default_factory=set)
    """Names that are only re-exported."""


def top_level(code):
    """The code with the inside of every block blanked."""
    depth, kept = 0, []
    for character in code:
        if character == "}":
            depth -= 1
        kept.append(character if depth == 0 or character == "\n" else " ")
        if character == "{":
            depth += 1
    return "".join(kept)


def split_tree(tree):
    """The paths of a use tree, as (segments, alias)."""
    tree = tree.strip().removeprefix("::")
    opening = tree.find("{")
    if opening < 0:
        path, _, alias = tree.partition(" as ")
        segments = [segment.strip().removeprefix("r#") for segment in path.split("::")]
        if segments[-1] == "self" and len(segments) > 1:
            segments.pop()
        return [(segments, alias.strip() or segments[-1])]
    head = [segment.strip() for segment in tree[:opening].rstrip().rstrip(":").split("::") if segment.strip()]
    inside = tree[opening + 1 : tree.rfind("}")]
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(inside):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(inside[begin:at])
            begin = at + 1
    parts.append(inside[begin:])
    paths = []
    for part in parts:
        if not part.strip():
            continue
        for segments, alias in split_tree(part):
            if segments == ["self"]:
                paths.append((head, head[-1] if alias == "self" else alias))
            else:
                paths.append((head + segments, alias))
    return paths


class Crate:
    """The modules below one crate root."""

    def __init__(self, root):
        self.modules = {}
        self.sources = []
        self._read(root, (), root.parent)

    def _read(self, path, module_path, folder):
        source = rust.read(path)
        self.sources.append(source)
        self._add(source, source.code, module_path, folder)

    def _add(self, source, code, path, folder):
        outer = top_level(code)
        module = Module(path, source, code)
        named = {name: file for file, name in rust.PATH_ATTRIBUTE.findall(source.text)}
        for match in rust.MODULE.finditer(outer):
            name = match.group(1)
            module.children.add(name)
            if match.group(2) == "{":
                end = rust.end_of_block(code, match.end() - 1)
                inner = code[match.end() : end - 1]
                module.code = module.code.replace(inner, rust.blanked(inner), 1)
                self._add(source, inner, (*path, name), folder / name)
                continue
            candidates = [folder / f"{name}.rs", folder / name / "mod.rs"]
            if name in named:
                candidates.insert(0, source.path.parent / named[name])
            file = next((file for file in candidates if file.is_file()), None)
            if file is not None:
                self._read(file, (*path, name), folder / name)
        outer = top_level(module.code)
        module.items = {name for pair in ITEM.findall(outer) for name in pair if name}
        for match in USE.finditer(module.code):
            for segments, alias in split_tree(match.group("tree")):
                if segments[-1] == "*":
                    module.globs.append((segments[:-1], bool(match.group("public"))))
                else:
                    module.uses[alias] = segments
                    if match.group("public"):
                        module.public.add(alias)
        self.modules[path] = module

    def _start(self, module, segments):
        """The module that a path starts from, and the rest of the path; None for another crate."""
        rest = list(segments)
        path = module.path
        if rest[0] == "crate":
            return (), rest[1:]
        if rest[0] in ("self", "super"):
            while rest and rest[0] in ("self", "super"):
                if rest.pop(0) == "super":
                    path = path[:-1]
            return path, rest
        if rest[0] in module.children or rest[0] in module.items or rest[0] in module.uses:
            return path, rest
        return None

    def resolve(self, module, segments, seen=frozenset()):
        """The module that defines the item behind a path, or None."""
        key = (module.path, tuple(segments))
        if key in seen:
            return None
        start = self._start(module, segments)
        if start is None:
            return None
        return self._walk(*start, seen | {key})

    def _walk(self, path, rest, seen):
        current = self.modules.get(path)
        if current is None:
            return None
        if not rest:
            return None  # A module itself: what is used of it stands in other paths.
        name, behind = rest[0], rest[1:]
        if name in current.children and (*path, name) in self.modules:
            return self._walk((*path, name), behind, seen)
        if name in current.items:
            return current
        if name in current.uses:
            target = current.uses[name]
            if target[0] == name and name not in current.children:
                return None
            key = (path, tuple(target + behind))
            if key in seen:
                return None
            start = self._start_of_use(current, target)
            return start and self._walk(start[0], start[1] + behind, seen | {key})
        for target, _ in current.globs:
            start = self._start_of_use(current, target)
            key = (path, tuple(target), name)
            if start is None or key in seen:
                continue
            found = self._walk(start[0], start[1] + rest, seen | {key})
            if found is not None:
                return found
        return None

    def _start_of_use(self, module, target):
        if target[0] in ("crate", "self", "super") or target[0] in module.children:
            return self._start(module, target)
        return None

    def edges(self):
        """For each file the files that it uses, and the names that it uses of each."""
        edges = {source.path: {} for source in self.sources}
        for module in self.modules.values():
            used = edges[module.source.path]
            for alias, segments in module.uses.items():
                if alias not in module.public:
                    self._note(used, module, segments)
            code = USE.sub(lambda match: rust.blanked(match.group()), module.code)
            for match in PATH.finditer(code):
                segments = [segment.strip() for segment in match.group(1).split("::")]
                self._note(used, module, segments)
            for segments, public in module.globs:
                if not public:
                    for name in set(WORD.findall(code)):
                        self._note(used, module, [*segments, name])
        return edges

    def _note(self, used, module, segments):
        target = self.resolve(module, segments)
        if target is not None and target.source.path != module.source.path:
            used.setdefault(target.source.path, set()).add(segments[-1])


def circles(edges):
    """The strongly connected sets of more than one file (Tarjan's algorithm, without recursion)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, successors = work[-1]
            for successor in successors:
                if successor not in edges:
                    continue
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(sorted(edges[successor]))))
                    break
                if successor in on_stack:
                    low[node] = min(low[node], index[successor])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        last = stack.pop()
                        on_stack.discard(last)
                        component.append(last)
                        if last == node:
                            break
                    if len(component) > 1:
                        found.append(sorted(component))
    return found
