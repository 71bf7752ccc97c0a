#!/usr/bin/env python3
"""Fails if more than three files of a crate import each other in a circle.

An import is a path in a `use` item; re-exports are followed to the file that defines the item. Tests do not count.
Prints the circles that are too large; with -v also smaller ones.
"""
import re
import sys
from pathlib import Path

LARGEST = 3


def code(path):
    """The source without comments and tests."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    return re.split(r"#\[cfg\((?:test|any\(test[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub )?mod \w+", text)[0]


def expand(tree):
    """The paths of a use tree, each as (segments, bound name)."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace < 0:
        path, _, alias = tree.partition(" as ")
        segments = [part.strip() for part in path.split("::")]
        yield segments, (alias.strip() or segments[-1])
        return
    prefix = [part.strip() for part in tree[:brace].split("::") if part.strip()]
    depth, start = 0, brace + 1
    inside = tree[brace + 1 : tree.rfind("}")]
    start = 0
    for end, letter in enumerate(inside + ","):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            part = inside[start:end].strip()
            start = end + 1
            if part:
                for segments, name in expand(part):
                    if segments == ["self"]:
                        yield prefix, prefix[-1]
                    else:
                        yield prefix + segments, name


class Crate:
    def __init__(self, source):
        self.files = {}
        for path in sorted(source.rglob("*.rs")):
            parts = list(path.relative_to(source).with_suffix("").parts)
            if parts[-1] in ("mod", "lib", "main"):
                parts.pop()
            if not (parts and parts[-1].endswith(("tests", "testing"))):
                self.files.setdefault(tuple(parts), path)
        self.uses = {module: list(self.parse(module)) for module in self.files}

    def parse(self, module):
        """The imports of a file as (is re-export, absolute path, name)."""
        for visibility, tree in re.findall(r"^\s*(pub(?:\([^)]*\))? )?use ([^;]+);", code(self.files[module]), re.M):
            for segments, name in expand(" ".join(tree.split())):
                absolute = self.absolute(module, segments)
                if absolute is not None:
                    yield bool(visibility), absolute, name

    def absolute(self, module, segments):
        head, rest = segments[0], segments[1:]
        if head == "crate":
            return tuple(rest)
        if head == "self":
            return module + tuple(rest)
        if head == "super":
            up = module[:-1]
            while rest and rest[0] == "super":
                up, rest = up[:-1], rest[1:]
            return up + tuple(rest)
        return module + tuple(segments) if module + (head,) in self.files else None

    def definition(self, path, seen=()):
        """The module that defines the item `path`."""
        if path in self.files:
            return path
        for end in range(len(path) - 1, -1, -1):
            module, rest = path[:end], path[end:]
            if module not in self.files:
                continue
            for is_reexport, target, name in self.uses[module]:
                if is_reexport and name in (rest[0], "*") and (module, target) not in seen:
                    target = target[:-1] + rest if name == "*" else target + rest[1:]
                    found = self.definition(target, (*seen, (module, target)))
                    if name != "*" or found != target[:-1]:
                        return found
            return module
        return ()

    def graph(self):
        edges = {}
        for module, uses in self.uses.items():
            targets = {self.definition(path) for is_reexport, path, _ in uses if not is_reexport}
            edges[module] = targets - {module}
        return edges


def circles(edges):
    """The strongly connected components with more than one member (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []
    sys.setrecursionlimit(10_000)

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = []
            while True:
                member = stack.pop()
                component.append(member)
                if member == node:
                    break
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def main():
    failed = False
    for source in sorted(Path("crates").glob("*/src")):
        crate = Crate(source)
        edges = crate.graph()
        for circle in circles(edges):
            if len(circle) <= LARGEST and "-v" not in sys.argv:
                continue
            failed |= len(circle) > LARGEST
            print(f"{source}: {len(circle)} files import each other in a circle:")
            for module in circle:
                inside = sorted("::".join(target) or "crate" for target in edges[module] if target in circle)
                print(f"  {crate.files[module]} -> {', '.join(inside)}")
    sys.exit(failed)


main()
