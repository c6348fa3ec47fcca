"""What must hold of any damaged file: every record of it stands once as it was said, or waits whole, or says why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.events import columns as codec
from tests.intake.world import World


@dataclass(frozen=True)
class Damaged:
    """A file, and what its department meant: key → kilograms of every record of which the key is still in the file.

    ``harmed``: keys whose record the damage touches; it may wait, or stand as it was said. ``lost_text``: such keys
    whose waiting text may be without them (the key itself was hit). ``whole``: the file may be refused as a whole.
    ``pieces``: how many records and pieces a plain count finds; None where the damage may join or part records.
    ``again``: records that are in the file a second time, word for word.
    """

    name: str
    content: bytes
    rows: dict[str, int]
    harmed: frozenset[str] = frozenset()
    lost_text: bool = False
    whole: bool = False
    pieces: int | None = None
    again: int = 0


def named(files: Iterable[Damaged], suffix: str) -> list[Damaged]:
    """The same under names that are told apart."""
    return [replace(file, name=f"{number:05d}-{file.name}{suffix}") for number, file in enumerate(files)]


def faults(world: World, files: Sequence[Damaged]) -> list[str]:
    """Pull the files through the whole way, and say what does not hold of them."""
    for number, file in enumerate(files):
        world.raw(file.name, file.content, number)
    done = world.pull()
    stands, waits = world.masses(), _waiting(world)
    found = []
    if done.read != done.events + done.unchanged + done.skipped + done.quarantined:
        found.append(f"read {done.read} are not {done}")
    waiting = sum(map(len, waits.values()))
    again = sum(file.again for file in files)
    if (done.events, done.quarantined, done.unchanged, done.skipped) != (len(stands), waiting, again, 0):
        found.append(f"{len(stands)} stand, {waiting} wait, {again} again: {done}")
    found += [f"{key} stands and nobody said it" for key in stands.keys() - {k for f in files for k in f.rows}]
    for file in files:
        mine = {key: stands[key] for key in file.rows if key in stands}
        found += [f"{file.name}: {fault}" for fault in _of_file(file, mine, waits.pop(f"in/{file.name}", []))]
    if waits:
        found.append(f"waiting of no file: {list(waits)[:3]}")
    if (again_done := world.pull()).read:
        found.append(f"read again: {again_done}")
    return found


def _of_file(file: Damaged, stands: dict[str, int], waits: list[dict[str, Any]]) -> Iterable[str]:
    for key, kg in stands.items():
        if kg != file.rows[key]:
            yield f"{key} stands with {kg}, {file.rows[key]} was said"
    if any(row["line"] is None for row in waits):
        if not file.whole:
            yield f"refused as a whole: {waits[0]['errors']}"
        if stands or len(waits) != 1:
            yield f"refused as a whole, and {len(stands)} stand and {len(waits)} wait"
        return
    if file.pieces is not None and len(stands) + len(waits) + file.again != file.pieces:
        yield f"{len(stands)} stand, {len(waits)} wait, {file.again} again, of {file.pieces}"
    for key in file.rows:
        times = sum(key in row["record"] for row in waits)
        if key not in file.harmed and (key not in stands or times):
            yield f"{key} is not harmed, and {'stands' if key in stands else 'does not stand'} and waits {times} times"
        elif key not in stands and not times and not (file.lost_text and waits):
            yield f"{key} is lost"
        elif key in stands and times:
            yield f"{key} stands and waits"


def _waiting(world: World) -> dict[str, list[dict[str, Any]]]:
    """Everything that was set aside, by file; ``line`` None: the file as a whole."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in world.embedded.read("quarantine", {}, 1_000_000):
        if run.schema_id is None:
            continue
        for row in codec.decode(run.values, world.embedded.schema(run.schema_id), "quarantine").table.to_pylist():
            file, colon, line = row["place"].rpartition(":")
            is_line = bool(colon) and line.isdigit()
            found[file if is_line else row["place"]].append({**row, "line": int(line) if is_line else None})
    return found
