"""Find every text for people in the code, and keep the Chinese in step: ``python -m tests.rules.messages``.

A text is a constant bound to a parameter named template, message, remedy or sentence (of any function or
class of hub/, so that every error and every wrapper of one counts), the help of a command or option, or what click
itself says. What lacks its Chinese is listed: write it into the .po file, and run this again to compile it.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent.parent
PO = ROOT / "hub/locale/zh_CN/LC_MESSAGES/wastehub.po"
MO = PO.with_suffix(".mo")
TEXT_PARAMETERS = ("template", "message", "remedy", "sentence")
CLICK_MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "types")
Message = str | tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A text in the code; ``text`` is None where something else than a constant is bound to a text parameter."""

    file: str
    line: int
    text: str | None


def code_files() -> dict[str, ast.Module]:
    """Every Python file of hub/, by its path from the root."""
    files = sorted((ROOT / "hub").rglob("*.py"))
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


class Takers:
    """Functions and classes that take texts: which parameters, at which positions (-1: by keyword only).

    What a file defines itself hides a namesake elsewhere.
    """

    def __init__(self, modules: dict[str, ast.Module]) -> None:
        self.everywhere: dict[str, dict[str, int]] = {}
        self.by_file: dict[str, dict[str, dict[str, int]]] = {}
        nodes = {file: list(ast.walk(module)) for file, module in modules.items()}
        classes = {n.name: n for found in nodes.values() for n in found if isinstance(n, ast.ClassDef)}
        for file, found in nodes.items():
            here = {n.name: _positions(n.args, skip_self=_is_method(n)) for n in found
                    if isinstance(n, ast.FunctionDef) and n.name != "__init__"}
            here |= {n.name: _class_positions(n, classes) for n in found if isinstance(n, ast.ClassDef)}
            self.by_file[file] = here
            self.everywhere |= {name: positions for name, positions in here.items() if positions}
        self.everywhere["_"] = self.everywhere["translate"]
        # Errors with a sentence of their own hand it to the base of all.
        self.everywhere["__init__"] = _class_positions(classes["HubError"], classes)

    def positions(self, file: str, call: ast.Call) -> dict[str, int]:
        """Of the text parameters of what ``call`` calls."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        here = self.by_file[file]
        return here[name] if name in here else self.everywhere.get(name, {})


def _is_method(function: ast.FunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg in ("self", "cls")


def _positions(arguments: ast.arguments, *, skip_self: bool) -> dict[str, int]:
    ordered = [a.arg for a in (*arguments.posonlyargs, *arguments.args)][1 if skip_self else 0 :]
    found = {name: ordered.index(name) for name in TEXT_PARAMETERS if name in ordered}
    return found | {a.arg: -1 for a in arguments.kwonlyargs if a.arg in TEXT_PARAMETERS}


def _class_positions(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> dict[str, int]:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return _positions(inner.args, skip_self=True)
    annotated = [inner.target for inner in node.body if isinstance(inner, ast.AnnAssign)]
    fields = [target.id for target in annotated if isinstance(target, ast.Name)]
    if fields:
        return {field: fields.index(field) for field in TEXT_PARAMETERS if field in fields}
    bases = [classes[b.id] for b in node.bases if isinstance(b, ast.Name) and b.id in classes]
    return _class_positions(bases[0], classes) if bases else {}


def texts_in_calls(modules: dict[str, ast.Module]) -> Iterator[Found]:
    """What is bound to text parameters, anywhere."""
    takers = Takers(modules)
    for file, module in modules.items():
        named = _named_texts(module)
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                for value in _bound(node, takers.positions(file, node)):
                    yield from _constants(file, value, named)


def _named_texts(module: ast.Module) -> dict[str, list[ast.expr]]:
    """Variable → the expressions that it is given anywhere in the file."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    named.setdefault(target.id, []).append(node.value)
    return named


def _bound(call: ast.Call, positions: dict[str, int]) -> Iterator[ast.expr]:
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    for position in positions.values():
        if not starred and 0 <= position < len(call.args):
            yield call.args[position]
    yield from (k.value for k in call.keywords if k.arg in positions)


def _constants(file: str, value: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[Found]:
    if isinstance(value, ast.IfExp):
        yield from _constants(file, value.body, named)
        yield from _constants(file, value.orelse, named)
    elif isinstance(value, ast.BoolOp):
        for each in value.values:
            yield from _constants(file, each, named)
    elif isinstance(value, ast.Name):
        for given in named.get(value.id, []):
            yield from _constants(file, given, {})
    elif isinstance(value, ast.Constant):
        if isinstance(value.value, str) and value.value:
            yield Found(file, value.lineno, value.value)
    elif isinstance(value, ast.JoinedStr | ast.BinOp):
        yield Found(file, value.lineno, None)


def texts_in_help(modules: dict[str, ast.Module]) -> Iterator[Found]:
    """The docstrings of commands and the help of options."""
    for file, module in modules.items():
        if file.startswith("hub/cli/"):
            for node in ast.walk(module):
                if isinstance(node, ast.FunctionDef) and any(_is_command(d) for d in node.decorator_list):
                    yield Found(file, node.lineno, inspect.cleandoc(ast.get_docstring(node) or ""))
                if isinstance(node, ast.keyword) and node.arg == "help":
                    yield from _constants(file, node.value, {})


def _is_command(decorator: ast.expr) -> bool:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(call, ast.Attribute) and call.attr in ("command", "group")


def texts_of_click() -> set[Message]:
    """What click itself says."""
    folder = Path(inspect.getfile(click)).parent
    return {message for m in CLICK_MODULES for _, message, _, _ in extract_from_file("python", folder / f"{m}.py")}


def all_texts() -> set[Message]:
    """Every text that the catalogue must have."""
    modules = code_files()
    ours = {found.text for found in (*texts_in_calls(modules), *texts_in_help(modules)) if found.text}
    return ours | texts_of_click()


def catalogue() -> Catalog:
    """The catalogue as it is written."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN", domain="wastehub")


def identity(message: Message) -> Message:
    """As the catalogue keys it: the singular stands for a plural pair."""
    return message[0] if isinstance(message, tuple) else message


def compiled(catalog: Catalog) -> bytes:
    """What the .mo file must hold."""
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> int:
    """Bring the .po and .mo files in step with the code; list what still lacks its Chinese."""
    old = catalogue() if PO.exists() else Catalog(locale="zh_CN")
    new = Catalog(locale="zh_CN", domain="wastehub", project="wastehub", charset="utf-8", fuzzy=False)
    for header in ("creation_date", "revision_date"):
        setattr(new, header, getattr(old, header))
    for text in sorted(all_texts(), key=str):
        known = old.get(text if isinstance(text, str) else text[0])
        new.add(text, known.string if known is not None else None)
    with PO.open("wb") as file:
        write_po(file, new, sort_output=True, width=120, omit_header=False)
    MO.write_bytes(compiled(catalogue()))
    missing = [str(identity(m.id)) for m in catalogue() if m.id and not (m.string and all(m.string))]
    print(*(f"no Chinese yet: {text!r}" for text in missing), sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
