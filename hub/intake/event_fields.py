"""The fields of an event that a connector maps; the hub computes all others."""

from __future__ import annotations

_PARTIES = ("holder", "counterparty", "carrier")

MAPPED = (
    "kind",
    "stream",
    "scheme",
    "code",
    "waste_name",
    "method",
    "value",
    "unit",
    "count",
    "basis",
    "amount_fen",
    "occurred_at",
    "precision",
    "recorded_at",
    "region",
    *(party + suffix for party in _PARTIES for suffix in ("", "_scheme", "_name", "_site")),
    "facility",
    "vehicle",
    "manifest",
    "manifest_line",
)
"""What may stand on the left of ``map``."""

REQUIRED = ("kind", "stream", "scheme", "code", "occurred_at", "region")
"""What every event needs, beside value + unit or count."""

COMPUTED = (
    "entity_id",
    "revision",
    "restated",
    "event_id",
    "identity",
    "part",
    "source_key",
    "retracted",
    "code_unverified",
    "mass_g",
    "factor",
    "factor_version",
    "period",
    "business_day",
    "observed_at",
    "department",
    "connector",
    "mapping",
    "lists",
    "marks",
    "scope",
    "batch",
    "act",
    "record",
    "record_sha256",
)
"""What the hub writes itself; ``tests/intake/test_event_fields.py`` holds both against the schema."""
