"""Nested facts under each other, with names and values in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from hub.cli.cells import cell
from hub.cli.visible import visible
from hub.cli.words import heading, origin, source_text

AS_THE_SOURCE_HAS_IT = {"record": visible, "values": origin}
"""Under these the names are columns of the source, not ours: how they are shown."""


def show_tree(document: Mapping[str, Any], name: str = "") -> None:
    """Any document, as a tree; what is empty is left out."""
    if name:
        click.secho(visible(name), bold=True)
    for line in branches(document, outermost=not name):
        click.echo(line)


def branches(
    document: Mapping[str, Any], *, outermost: bool = True, source: Callable[[str], str] | None = None
) -> Iterator[str]:
    """The lines of a tree; the outermost names of one without a root have no branch before them.

    ``source`` shows the names of what a source said.
    """
    told = [(key, value) for key, value in document.items() if value not in (None, "", [], {}, ())]
    for number, (key, value) in enumerate(told, 1):
        last = number == len(told)
        before, below = ("", "") if outermost else ("└── ", "    ") if last else ("├── ", "│   ")
        label = source(key) if source else heading(key)
        nested = _nested(value)
        if nested is None:
            text = source_text(value) if source else cell(key, value)
            yield f"{before}{label}: " + text.replace("\n", f"\n{below}")
        else:
            inside = source or AS_THE_SOURCE_HAS_IT.get(key)
            yield before + label
            yield from (below + line for line in branches(nested, outermost=False, source=inside))


def _nested(value: Any) -> Mapping[str, Any] | None:
    """What stands below: a map, or a numbered list of such; a list of plain values is one value."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(x, Mapping | list) for x in value):
        return {str(number): below for number, below in enumerate(value, 1)}
    return None
