"""The code as a thing to look at: its files, modules and functions."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def hub_files() -> tuple[Path, ...]:
    """Every Python file of the product."""
    return tuple(sorted((ROOT / "hub").rglob("*.py")))


@cache
def test_files() -> tuple[Path, ...]:
    """Every Python file of the tests."""
    return tuple(sorted((ROOT / "tests").rglob("*.py")))


@cache
def tracked_files() -> tuple[Path, ...]:
    """What the repository holds; without git, every file outside hidden and built folders."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    kept = (p for p in ROOT.rglob("*") if p.is_file())
    return tuple(p for p in kept if not any(x.startswith(".") or x == "build" for x in p.relative_to(ROOT).parts))


def place(path: Path, line: int | None = None) -> str:
    """Where, for people."""
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))


def module_name(path: Path) -> str:
    """``hub/cli/main.py`` → ``hub.cli.main``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def names_used(path: Path) -> Iterator[tuple[str, int]]:
    """Every dotted name in a file with its line, in full: after ``from os import environ``, environ is os.environ."""
    full = dict(_imported(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute | ast.Name):
            dotted = _dotted(node)
            if dotted:
                first, _, rest = dotted.partition(".")
                name = full.get(first, first)
                yield (f"{name}.{rest}" if rest else name), node.lineno


def imports(path: Path) -> set[str]:
    """Every module, and every ``module.name``, that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _imported(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((a.asname or a.name.partition(".")[0], a.name if a.asname else a.name.partition(".")[0])
                        for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""
