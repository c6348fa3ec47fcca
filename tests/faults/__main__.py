"""``python -m tests.faults [--schedules N] [--seed S] [--short]``: exit 1 where anything was lost, doubled or wrong."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.race import race

SCHEDULES, SHORT = 200, 12


def main() -> int:
    """Run the schedules and say what they came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the first one's seed; the others follow (%(default)s)")
    parser.add_argument("--short", action="store_true", help=f"only {SHORT}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="at once (%(default)s)")
    asked = parser.parse_args()
    count = SHORT if asked.short else asked.schedules
    started, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="faults"))
    found = race(range(asked.seed, asked.seed + count), folder, asked.workers)
    for one in found:
        for sentence in one.wrong:
            print(f"seed {one.seed}: {sentence} ({folder / str(one.seed)})")
    wrong = sum(bool(one.wrong) for one in found)
    print(
        f"{len(found)} schedules, {sum(one.kills for one in found)} kills: {sum(one.lost for one in found)} lost,"
        f" {sum(one.doubled for one in found)} doubled, {wrong} wrong, in {time.monotonic() - started:.0f} s"
    )
    if not wrong:
        folder.rmdir()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
