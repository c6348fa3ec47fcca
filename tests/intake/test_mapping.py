"""What a connector's map makes of a record: every rule of a field a case, every refusal by its name."""

from __future__ import annotations

from tests.intake.plugging import connector_text, errors_in, said_of


def test_a_replaced_region_names_its_successor() -> None:
    """A region code used after the year it was replaced in is set aside, and the error names the code that took over."""
    said = said_of(connector_text({"region": "region(R)"}), {"R": "371523"})
    assert errors_in(said) == [{
        "field": "region", "error": "REGION_REPLACED", "expression": "region(R)",
        "values": {"R": "371523", "T": "2026-03-01", "successor": "371503"},
    }]
