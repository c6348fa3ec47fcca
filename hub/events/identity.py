"""Ids: who a statement is about, which statement it is. The same input has the same ids, always.

Ids are UUIDv5 (RFC 9562 5.5) of texts that anyone can build again; :mod:`hub.intake` computes the same in SQL over
whole batches (``*_sql``), and ``tests/events/test_identity.py`` holds the two against each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("6f3c1f7e-2d0b-5c5e-9a55-77617374656d")
"""Namespace of all ids of the hub; fixed for ever."""

SEPARATOR = "\x1f"
"""Between the texts of a name; it cannot occur in identities or parts, and canonical JSON escapes it."""

_ESCAPE = "\x1b"

CONTENT_FIELDS = (
    "amount_fen",
    "basis",
    "carrier",
    "carrier_name",
    "carrier_scheme",
    "carrier_site",
    "code",
    "count",
    "counterparty",
    "counterparty_name",
    "counterparty_scheme",
    "counterparty_site",
    "facility",
    "holder",
    "holder_name",
    "holder_scheme",
    "holder_site",
    "kind",
    "manifest",
    "manifest_line",
    "mass_g",
    "method",
    "occurred_at",
    "precision",
    "region",
    "retracted",
    "scheme",
    "stream",
    "unit",
    "value",
    "vehicle",
    "waste_name",
)
"""What a statement says: the mapped fields and ``retracted``; not evidence, batch, lists or clocks. They and
their order are fixed for ever; a field that the schema gets later is to follow by its name, where it is not null."""


def canonical_json(value: Any) -> str:
    """JSON with keys by code point, no spaces, UTF-8 as it stands, control characters as \\b \\f \\n \\r \\t or \\u00xx."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def canonical_record(record: Mapping[str, str | None]) -> str:
    """A record as evidence: canonical JSON of its texts, nulls left out."""
    return canonical_json({name: text for name, text in record.items() if text is not None})


def source_key(texts: Sequence[str]) -> str:
    """The JSON array of a key's canonical texts."""
    return json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))


def sha256_hex(text: str) -> str:
    """SHA-256 of the UTF-8 text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(event: Mapping[str, Any]) -> str:
    """SHA-1 (the hash of UUIDv5, into which it goes) over what the event says, hex.

    The texts of CONTENT_FIELDS in their order, ``occurred_at`` in µs since the epoch, nulls empty, with SEPARATOR
    between them; within a text ESC is ESC ESC and SEPARATOR is ESC u.
    """
    said = [event.get(name) for name in CONTENT_FIELDS]
    text = SEPARATOR.join("" if value is None else _escaped(text_of(value)) for value in said)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _escaped(text: str) -> str:
    return text.replace(_ESCAPE, _ESCAPE * 2).replace(SEPARATOR, _ESCAPE + "u")


def escaped_sql(text: str) -> str:
    """DuckDB text for a text of the content in which control characters may stand."""
    escape, separator = f"chr({ord(_ESCAPE)})", f"chr({ord(SEPARATOR)})"
    return f"replace(replace({text}, {escape}, {escape} || {escape}), {separator}, {escape} || 'u')"


def text_of(value: Any) -> str:
    """A field's value as the text that is hashed: integers plain, booleans true/false."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def entity_id(identity: str, key: str, part: str) -> str:
    """UUIDv5(identity, canonical key, part): who the statement is about."""
    return str(uuid5(NAMESPACE, SEPARATOR.join((identity, key, part))))


def event_id(entity: str, revision: int, restated: int, content: str) -> str:
    """UUIDv5(entity_id, revision, restated, content hash): which statement it is."""
    return str(uuid5(NAMESPACE, SEPARATOR.join((entity, str(revision), str(restated), content))))


def quarantine_id(identity: str, key_or_place: str, revision: int, restated: int, record_sha256: str) -> str:
    """Id of a record set aside: the same record at the same pair is the same quarantine."""
    return str(uuid5(NAMESPACE, SEPARATOR.join((identity, key_or_place, str(revision), str(restated), record_sha256))))


def uuid5_sql(name: str) -> str:
    """DuckDB text for ``str(uuid5(NAMESPACE, name))``; ``name`` is an SQL expression giving text."""
    literal = "".join(f"\\x{byte:02X}" for byte in NAMESPACE.bytes)
    digest = f"sha1('{literal}'::BLOB || encode({name}))"
    return f"uuid5_text({digest})"


UUID5_TEXT_MACRO = (
    "CREATE OR REPLACE TEMP MACRO uuid5_text(h) AS concat(substr(h,1,8),'-',substr(h,9,4),'-5',substr(h,14,3),'-',"
    "substr('89ab89ab89ab89ab',instr('0123456789abcdef',substr(h,17,1)),1),substr(h,18,3),'-',substr(h,21,12))"
)
"""DuckDB macro: the text of a UUIDv5 from the hex of its SHA-1."""
