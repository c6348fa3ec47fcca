"""What a store says of itself, and whether it may be used: the same for every store."""

from __future__ import annotations

from collections.abc import Mapping

from hub.errors import NotInOrder, Refused, Stop
from hub.projector.projection import Projection


def must_fit(said: Mapping[str, str], journal: str, *, path: str, schema: int, remedy: str) -> None:
    """The store at ``path`` was made by this version of wastehub, whose tables have the version ``schema``, and from
    the journal of this identity. Raises Refused, Stop."""
    if said.get("schema") != str(schema):
        raise Refused(
            "the store {path} was made by another version of wastehub ({found}, not {known})", path=path,
            found=said.get("schema"), known=schema, remedy=remedy,
        )  # fmt: skip
    if said["journal"] != journal:
        raise Stop(
            "the store {path} was built from another journal ({found}, not {wanted})", path=path,
            found=said["journal"], wanted=journal, remedy="Name the right journal, or another store, in hub.toml.",
        )  # fmt: skip


def must_follow(said: Mapping[str, str], projection: Projection) -> None:
    """The store was built by the rules of ``projection``. Raises Refused: other rules are a rebuild, not an edit."""
    if said["digest"] != projection.digest:
        raise Refused(
            "the rules of {projection} are not those that the store was built by", projection=projection.name,
            remedy="Run: wastehub project --rebuild {projection}",
        )  # fmt: skip


def must_be_whole(keys: int, entries: int, *, path: str) -> None:
    """Each of so many keys has its entry. Raises NotInOrder: folded on, what is lost would be counted again."""
    if entries < keys:
        raise NotInOrder(
            "the store {path} has lost {missing} entries", path=path, missing=keys - entries,
            remedy="Run: wastehub project --rebuild",
        )  # fmt: skip
