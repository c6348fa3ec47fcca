"""Masses as people read them. Integers all the way: a figure shown is never off by a float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.texts import N_

GRAMS_PER_TONNE = 1_000_000
GRAMS_PER_WAN_TONNES = 10_000 * GRAMS_PER_TONNE


@dataclass(frozen=True)
class Scale:
    """One unit for a whole column, so that its figures can be compared at a glance."""

    sentence: str
    grams: int
    decimals: int

    def show(self, mass_g: int) -> str:
        """``mass_g`` in this unit, rounded half away from zero, with thousands separators; a dash for nothing."""
        if mass_g == 0:
            return "–"
        units, smallest = abs(mass_g) * 10**self.decimals, 10**self.decimals
        rounded = (units + self.grams // 2) // self.grams
        if rounded == 0:
            return f"<{1 / smallest:.{self.decimals}f}" if self.decimals else "<1"
        whole, rest = divmod(rounded, smallest)
        sign = "-" if mass_g < 0 else ""
        return f"{sign}{whole:,}.{rest:0{self.decimals}d}" if self.decimals else f"{sign}{whole:,}"


TONNES = Scale(N_("t"), GRAMS_PER_TONNE, 3)
WAN_TONNES = Scale(N_("10,000 t"), GRAMS_PER_WAN_TONNES, 2)


def scale_for(masses: Iterable[int]) -> Scale:
    """万吨 where the largest figure has 100,000 t or more, else 吨."""
    return WAN_TONNES if max(map(abs, masses), default=0) >= 10 * GRAMS_PER_WAN_TONNES else TONNES
