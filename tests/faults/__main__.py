"""``python -m tests.faults [--schedules N] [--seed S] [--pairs …] [--short]``: exit 1 where anything was lost, doubled
or wrong. ``--short``: other seeds every day (in CI: always the same), so that many short runs see much."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.parts import PAIRS, Pair
from tests.faults.race import race
from tests.faults.schedule import Found

SCHEDULES, SHORT = 2_000, 8


def main() -> int:
    """Run the schedules and say what they came to."""
    asked = _asked()
    pairs = [_pair(text) for text in asked.pairs.split(",")] if asked.pairs else PAIRS
    count = SHORT if asked.short else asked.schedules
    again = f"--seed {asked.seed} --schedules {count}{f' --pairs {asked.pairs}' if asked.pairs else ''}"
    print(f"these schedules again: python -m tests.faults {again}", flush=True)
    started, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="faults"))
    until = time.time() + 60 * asked.minutes if asked.minutes else None
    found = race(range(asked.seed, asked.seed + count), folder, asked.workers, pairs, until)
    for reason in sorted({one.left_out for one in found if one.left_out}):
        print(f"{sum(one.left_out == reason for one in found)} schedules were left out: {reason}")
    found = [one for one in found if not one.left_out]
    for one in found:
        for sentence in one.wrong:
            print(f"seed {one.seed} on {'+'.join(one.pair)}: {sentence} ({folder / str(one.seed)})")
    wrong = sum(bool(one.wrong) for one in found)
    print(*_table(found, pairs), sep="\n")
    print(
        f"{len(found)} schedules: {sum(one.lost for one in found)} lost, {sum(one.doubled for one in found)} doubled,"
        f" {wrong} wrong, in {time.monotonic() - started:.0f} s"
    )
    if not wrong:
        folder.rmdir()
    return int(wrong > 0)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, help="the first one's seed; the others follow (1; with --short the day's)")
    parser.add_argument("--short", action="store_true", help=f"only {SHORT}")
    parser.add_argument("--minutes", type=float, help="begin none after so long")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="at once (%(default)s)")
    parser.add_argument("--pairs", help=f"of {','.join(map('+'.join, PAIRS))} (all)")
    asked = parser.parse_args()
    if asked.seed is None:
        asked.seed = _of_the_day() if asked.short and not os.environ.get("CI") else 1
    return asked


def _of_the_day() -> int:
    """Days that follow each other have all seeds between them, and begin with the same pair."""
    return datetime.now(UTC).toordinal() * SHORT


def _pair(text: str) -> Pair:
    found = [pair for pair in PAIRS if "+".join(pair) == text]
    if not found:
        sys.exit(f"there is no pair {text}")
    return found[0]


def _table(found: Sequence[Found], pairs: Sequence[Pair]) -> list[str]:
    """A row per pair and kind of fault: a schedule counts for every kind that happened in it."""
    rows = [f"{'':18} {'kind':8} {'schedules':>9} {'times':>7} {'lost':>6} {'doubled':>8} {'wrong':>6}"]
    for pair in pairs:
        own = [one for one in found if one.pair == pair]
        for kind in sorted({kind for one in own for kind in one.times if one.times[kind]}):
            having = [one for one in own if one.times[kind]]
            times = sum(one.times[kind] for one in having)
            lost, doubled = sum(one.lost for one in having), sum(one.doubled for one in having)
            wrong = sum(bool(one.wrong) for one in having)
            rows.append(f"{'+'.join(pair):18} {kind:8} {len(having):9} {times:7} {lost:6} {doubled:8} {wrong:6}")
    return rows


if __name__ == "__main__":
    sys.exit(main())
