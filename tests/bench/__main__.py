"""``python -m tests.bench [NAME...] [--rows N]``: what the hub reaches on this machine, the plain way beside it.

``kafka`` stands for all that is measured on Kafka and PostgreSQL. What needs minutes and gigabytes runs by its name or
with ``--large`` only.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.bench.folding import fold, rebuilding
from tests.bench.intake import intake
from tests.bench.kafka_fold import kafka_fold
from tests.bench.kafka_intake import kafka_intake
from tests.bench.kafka_latency import kafka_latency
from tests.bench.kafka_size import kafka_large, kafka_rebuild
from tests.bench.kafka_two import kafka_two
from tests.bench.latency import latency
from tests.bench.machine import machine, told
from tests.bench.result import Row, table, write
from tests.bench.shell import shell

PARTS: dict[str, Callable[[Path, int], Iterator[Row]]] = {
    "intake": intake, "fold": fold, "rebuild": rebuilding, "shell": shell, "latency": latency,
    "kafka-pg.fold": kafka_fold, "kafka-pg.two": kafka_two, "kafka.intake": kafka_intake, "kafka-pg.rebuild": kafka_rebuild,
    "kafka-pg.latency": kafka_latency, "kafka-pg.fold.10m": kafka_large,
}  # fmt: skip
LARGE = {"kafka-pg.fold.10m"}
GROUPS = {"kafka": tuple(name for name in PARTS if name.startswith("kafka"))}


def main(args: Sequence[str]) -> int:
    """Measure, write ``bench.json`` into the folder, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    known = ", ".join((*PARTS, *GROUPS))
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"what to measure: {known} (all)")
    parser.add_argument("--rows", type=int, default=500_000, help="records of the source (%(default)s)")
    parser.add_argument("--large", action="store_true", help=f"also {', '.join(sorted(LARGE))}")
    parser.add_argument("--folder", type=Path, default=Path("build"), help="for bench.json (%(default)s)")
    asked = parser.parse_args(args)
    unknown = set(asked.names) - set(PARTS) - set(GROUPS)
    if unknown or asked.rows < 1:
        parser.error(f"no such part: {', '.join(sorted(unknown))}" if unknown else "--rows must be positive")
    found = [machine()]
    print(told(found[0]), flush=True)
    for name in chosen(asked.names, large=asked.large):
        found += _measured(name, asked.folder / "bench", asked.rows)
    write(found, asked.folder / "bench.json")
    print(table(found[1:]))
    print(f"Measured with {asked.rows:,} records; the plain way with 100,000 at most. {asked.folder / 'bench.json'}")
    return 0


def chosen(names: Sequence[str], *, large: bool) -> list[str]:
    """The parts in their order: those that are named, and those that a group or nothing at all stands for."""
    groups = [GROUPS[name] for name in names if name in GROUPS] if names else [tuple(PARTS)]
    meant = {part for group in groups for part in group if large or part not in LARGE}
    return [part for part in PARTS if part in meant or part in names]


def _measured(name: str, folder: Path, rows: int) -> list[Row]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        found = []
        for row in PARTS[name](folder, rows):
            print(f"  {row.name}: {row.value:,.1f} {row.unit}", file=sys.stderr, flush=True)
            found.append(row)
        return found
    except pytest.skip.Exception as reason:  # a server that is not installed
        print(f"  {name}: not measured: {reason}", file=sys.stderr, flush=True)
        return []
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1:]))
