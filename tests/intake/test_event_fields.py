"""The fields that a connector may map, against the schema."""

from __future__ import annotations

import json

from hub.config import product_path
from hub.intake.event_fields import COMPUTED, MAPPED, REQUIRED


def test_every_field_is_either_mapped_or_computed() -> None:
    """The schema's fields are those that connectors map and those that the hub computes, each exactly once."""
    schema = json.loads(product_path("schemas/avro/waste_event.avsc").read_text(encoding="utf-8"))
    assert sorted(MAPPED + COMPUTED) == sorted(field["name"] for field in schema["fields"])
    assert set(REQUIRED) <= set(MAPPED)
