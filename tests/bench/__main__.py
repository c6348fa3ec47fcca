"""``python -m tests.bench [NAME...] [--rows N]``: what the hub reaches on this machine, the plain way beside it."""

from __future__ import annotations

import argparse
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.bench.folding import fold, rebuilding
from tests.bench.intake import intake
from tests.bench.latency import latency
from tests.bench.machine import machine, told
from tests.bench.result import Row, table, write
from tests.bench.shell import shell

PARTS: dict[str, Callable[[Path, int], Iterator[Row]]] = {
    "intake": intake, "fold": fold, "rebuild": rebuilding, "shell": shell, "latency": latency,
}  # fmt: skip


def main(args: Sequence[str]) -> int:
    """Measure, write ``bench.json`` into the folder, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"what to measure: {', '.join(PARTS)} (all)")
    parser.add_argument("--rows", type=int, default=500_000, help="records of the source (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("build"), help="for bench.json (%(default)s)")
    asked = parser.parse_args(args)
    unknown = set(asked.names) - set(PARTS)
    if unknown or asked.rows < 1:
        parser.error(f"no such part: {', '.join(sorted(unknown))}" if unknown else "--rows must be positive")
    found = [machine()]
    print(told(found[0]), flush=True)
    for name in asked.names or PARTS:
        found += _measured(name, asked.folder / "bench", asked.rows)
    write(found, asked.folder / "bench.json")
    print(table(found[1:]))
    print(f"Measured with {asked.rows:,} records; the plain way with 100,000 at most. {asked.folder / 'bench.json'}")
    return 0


def _measured(name: str, folder: Path, rows: int) -> list[Row]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        found = []
        for row in PARTS[name](folder, rows):
            print(f"  {row.name}: {row.value:,.1f} {row.unit}", file=sys.stderr, flush=True)
            found.append(row)
        return found
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1:]))
