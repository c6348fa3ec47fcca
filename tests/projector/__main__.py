"""``python -m tests.projector [--store postgres] [--histories N] [--seed S]``: exit 1 where store, rebuild and oracle
differ."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from tests.projector.smallest import CITIES, Judge, found_wrong
from tests.projector.stores import KINDS
from tests.projector.trial import InPostgres, judged
from tests.servers import postgres_server

HISTORIES = 20_000


def main() -> int:
    """Run the histories and say what they came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.projector", description=__doc__)
    parser.add_argument("--histories", type=int, default=HISTORIES, help="how many, in trials of 250 (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial; the others follow (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="at once (%(default)s)")
    parser.add_argument("--store", choices=KINDS, default=KINDS[0], help="in which database (%(default)s)")
    asked = parser.parse_args()
    with ExitStack() as stack:
        judge: Judge = judged
        if asked.store == "postgres":
            judge = InPostgres(stack.enter_context(postgres_server()))
        return _run(asked, judge)


def _run(asked: argparse.Namespace, judge: Judge) -> int:
    sizes = [CITIES] * (asked.histories // CITIES)
    sizes += [asked.histories % CITIES] if asked.histories % CITIES else []
    seeds = range(asked.seed, asked.seed + len(sizes))
    started, failed = time.monotonic(), 0
    with ProcessPoolExecutor(asked.workers) as pool:
        for seed, wrong in zip(seeds, pool.map(found_wrong, seeds, sizes, [judge] * len(sizes)), strict=True):
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong}", flush=True)
    print(f"{sum(sizes)} histories in {len(sizes)} trials: {failed} wrong, in {time.monotonic() - started:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
