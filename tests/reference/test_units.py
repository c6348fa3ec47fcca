"""Units of mass and the local ones beside them."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from hub.errors import ConfigWrong
from hub.reference.units import OFFICIAL, units


def test_official_units_weigh_what_they_say() -> None:
    """The nine official units, in grams."""
    assert {unit: int(grams) for unit, grams in OFFICIAL.items()} == {
        "吨": 10**6, "t": 10**6, "千克": 1000, "公斤": 1000, "kg": 1000, "克": 1, "g": 1, "斤": 500, "万吨": 10**10,
    }
    table = units()
    assert dict(zip(table["unit"].to_pylist(), table["grams"].to_pylist(), strict=True)) == OFFICIAL
    assert table.schema.field("grams").type == pa.decimal128(11, 0)


def test_a_local_unit_is_exact() -> None:
    """The short ton keeps both of its decimals and widens the column by no more."""
    table = units({"short ton": "907184.740"})
    assert table.schema.field("grams").type == pa.decimal128(13, 2)
    assert table["grams"].to_pylist()[-1] == Decimal("907184.74")


def test_an_official_unit_may_be_repeated_but_not_redefined() -> None:
    """A local list that makes a tonne weigh something else is refused; the same figure again is fine."""
    assert units({"吨": "1000000.0"}).num_rows == len(OFFICIAL)
    with pytest.raises(ConfigWrong, match="UNIT_OFFICIAL"):
        units({"吨": "1000"})


@pytest.mark.parametrize("grams", ["0", "-5", "1e3", "inf", ""])
def test_a_unit_weighs_more_than_nothing(grams: str) -> None:
    """A unit of no positive decimal number of grams is refused."""
    with pytest.raises(ConfigWrong, match="UNIT_NOT_POSITIVE"):
        units({"方": grams})
