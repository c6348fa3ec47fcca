"""The demo's hub: its configuration, which kinds each stream reports, and whose report is booked."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from hub.demo.city import WRITERS
from hub.demo.truth import AUTHORITY

#: The kinds that this city's departments report, by stream.
CHAINS = {
    "domestic": ("COLLECTED",),
    "recyclable": ("COLLECTED", "RECEIVED", "UTILISED"),
    "construction": ("GENERATED", "DISPATCHED", "RECEIVED", "UTILISED", "DISPOSED"),
    "hazardous": ("GENERATED", "DISPATCHED", "RECEIVED", "UTILISED", "DISPOSED"),
    "industrial": ("GENERATED", "STORED", "UTILISED", "DISPOSED", "OPENING"),
    "agricultural": ("GENERATED", "UTILISED"),
}


def make_hub(folder: Path) -> None:
    """Write hub.toml and the two tables of the ledger that are this city's own. An existing hub.toml stays."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "hub.toml"
    if not configuration.exists():
        use = "".join(f'  "{name}",\n' for _, names in WRITERS for name in names)
        configuration.write_text(
            '[hub]\nname = "聊城市无废城市数据枢纽（演示）"\ncity = "371500"\n\n' f"[connectors]\nuse = [\n{use}]\n",
            encoding="utf-8",
        )
    ledger = folder / "projections" / "ledger"
    ledger.mkdir(parents=True, exist_ok=True)
    authority = [(stream, kind, department) for (stream, kind), department in sorted(AUTHORITY.items())]
    _table(ledger / "authority.csv", ("stream", "kind", "department"), authority)
    chains = [(stream, kind) for stream, kinds in CHAINS.items() for kind in kinds]
    _table(ledger / "chains.csv", ("stream", "kind"), chains)


def _table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
