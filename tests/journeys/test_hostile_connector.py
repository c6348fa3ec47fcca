"""A connector.yaml that is out to harm: refused with its place, and nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.run import here
from tests.intake.world import connector, table_source

YAMLS = {
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)),
    "deep": "[" * 50_000,
    "python": "!!python/object/apply:os.system ['true']\n",
    "no map": "- 1\n- 2\n",
    "nul": "hub: 1\0\n",
    "empty": "",
    "long": "hub: " + "1" * 1_000_000 + "\n",
    "sql": connector(table_source()).replace("num(M)", "(SELECT 1)"),
    "file": connector(table_source()).replace("num(M)", "read_text('/etc/passwd')"),
    "loop": connector(table_source()).replace("num(M)", "(" * 5_000 + "M" + ")" * 5_000),
    "repeat": connector(table_source()).replace("num(M)", "num(repeat(M, 1000000000))"),
}  # fmt: skip


@pytest.mark.parametrize("name", YAMLS)
def test_a_connector_that_attacks(tmp_path: Path, name: str) -> None:
    """Refused with its place, exit 2, at check and at pull."""
    hub = tmp_path / "hub"
    assert here("new", hub).code == 0
    path = hub / "connectors" / "housing" / "scales" / "connector.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(YAMLS[name], encoding="utf-8")
    for command in (("connector", "check"), ("pull", "--once")):
        done = here("-C", hub, *command)
        assert (done.code in (1, 2), "Traceback" in done.err) == (True, False), (command, done.code, done.err[-300:])
