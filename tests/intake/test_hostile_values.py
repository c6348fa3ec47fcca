"""Hostile values by the thousand: in every column and every format they come to the same, and to nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.intake.hostile_values import FORMATS, Row, expected, rows
from tests.intake.world import connector, world

MAP = {"code: \"'A'\"": "code: C", "\"ts('2026-03-01')\"": "ts(T)", "region: \"'371502'\"": "region: region(R)"}


def _connector(form: str) -> str:
    source = "{kind: file, path: 'in/*', key: [K, N]}"
    if form == "table":
        source = "{kind: sql, url: 'sqlite:///source.db', table: T, key: [K, N]}"
    yaml = connector(source).replace("'LOCAL'", "'SW'")
    for plain, said in MAP.items():
        yaml = yaml.replace(plain, said)
    return yaml


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_values(tmp_path: Path, form: str) -> None:
    """Of every record the hub knows exactly one thing: it stands with its grams, or it waits with its value."""
    records = rows()
    with world(tmp_path, _connector(form)) as here:
        FORMATS[form](tmp_path / "in", list(records.values()))
        for path in (tmp_path / "in").iterdir():
            os.utime(path, (1_700_000_000, 1_700_000_000))
        done = here.pull()
        here.project()
        grams = {json.loads(k)[1]: g for k, g in here.query("SELECT source_key, mass_g FROM entries_v1")}
        waits = [row for row in here.quarantined() if row["errors"]]
        assert (done.read, done.events, done.quarantined) == (len(records), len(grams), len(waits))
        assert len(grams) + len(waits) == len(records)
        wrong = {name: (row, grams.get(name)) for name, row in records.items() if not _is_right(row, grams.get(name))}
        assert wrong == {}
        assert here.pull().events == 0


def _is_right(row: Row, grams: int | None) -> bool:
    wanted = expected(row)
    return wanted in (-1, grams)


def test_the_letters_of_an_escape_are_no_nul(tmp_path: Path) -> None:
    """A text that holds a backslash and u0000 is six letters."""
    with world(tmp_path, connector("{kind: file, path: 'in/*', key: [K]}")) as here:
        here.raw("a.csv", b"K,M,X\nk,5,\\u0000\n")
        here.pull()
        assert here.masses() == {"k": 5}
