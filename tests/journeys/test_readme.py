"""A new user who has nothing but the README."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.run import Outcome, wastehub
from tests.rules.code import ROOT

FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module", params=["README.md", "README.zh.md"])
def steps(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    """A README's blocks in order: (file name, content) of files, ("", "$ …" and output) of commands."""
    blocks = FENCE.findall((ROOT / request.param).read_text(encoding="utf-8"))
    found = [(info.strip(), body) for language, info, body in blocks if info.strip() or language == "console"]
    assert len(found) >= 5
    return found


def _run_block(folder: Path, body: str) -> list[tuple[str, Outcome]]:
    """Run each command of a console block; the lines under it must be shown, spaces aside."""
    done = []
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        args = shlex.split(command)
        assert args[0] == "wastehub"
        outcome = wastehub(*args[1:], folder=folder)
        assert outcome.code == 0, outcome.err
        shown = [line.split() for line in outcome.out.splitlines()]
        for line in expected.splitlines():
            assert set(line.strip()) <= {"─"} or line.split() in shown, (line, outcome.out)
        done.append((command, outcome))
    return done


def test_the_readme_does_what_it_says(tmp_path: Path, steps: list[tuple[str, str]]) -> None:
    """Files and commands of the README, taken as they stand, give the ledger that it shows and the one bad record, and
    let it through once its code is in the list."""
    ran: dict[str, Outcome] = {}
    for name, body in steps:
        if name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(body, encoding="utf-8")
            continue
        if "quarantine redrive" in body:
            file = tmp_path / "myhub/connectors/urban_management/bridge/connector.yaml"
            mended = file.read_text(encoding="utf-8").replace("其他垃圾: SW64", "其他垃圾: SW64, 大件: SW63")
            file.write_text(mended, encoding="utf-8")
        ran |= dict(_run_block(tmp_path, body))
    assert "CODE_UNMAPPED" in ran["wastehub -C myhub quarantine list"].out
    assert "1.200 吨" in ran["wastehub -C myhub explain D004"].out
    rows = wastehub("-C", "myhub", "ledger", "--by", "code", "--json", folder=tmp_path).json["rows"]
    assert {row["code"]: row["mass_g"] for row in rows} == {"SW61": 8_240_000, "SW63": 1_200_000, "SW64": 5_120_000}
    assert wastehub("-C", "myhub", "quarantine", "list", "--json", folder=tmp_path).json["rows"] == []
