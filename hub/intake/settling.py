"""One read states a key once: what to make of several records with one key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settled:
    """Either the one ``row`` that counts, or all of ``rows``, to be set aside under ``stated_sha256``."""

    row: Mapping[str, Any] | None
    rows: tuple[Mapping[str, Any], ...] = ()
    stated_sha256: str = ""


def settle(rows: Sequence[Mapping[str, Any]], *, last_wins: bool) -> Settled:
    """``rows`` of one key in the order they stand, each with ``sha`` and ``version`` (None: none).

    Equal texts count once; else the newest version; else, in a file (``last_wins``), the last line; in a table all
    are set aside.
    """
    distinct = list({row["sha"]: row for row in rows}.values())
    if len(distinct) == 1:
        return Settled(distinct[0])
    versions = [row["version"] for row in distinct if row["version"] is not None]
    newest = [row for row in distinct if row["version"] == max(versions)] if versions else distinct
    if len(newest) == 1 or last_wins:
        last = [row for row in rows if row["sha"] in {n["sha"] for n in newest}]
        return Settled(last[-1])
    digest = hashlib.sha256("\n".join(sorted(row["sha"] for row in distinct)).encode()).hexdigest()
    return Settled(None, tuple(distinct), digest)
