"""The plain way: what a good engineer writes first. csv, json, fastavro and SQLAlchemy, one record after another.

It does what the hub does with the connector of :mod:`tests.bench.data`, and no less: evidence and hash, unchanged
records known again, every error of a record, exact decimals, the same ids; journal and what was seen in one
transaction; a fold that survives duplicates and corrections. ``tests/bench/test_plain.py`` holds its events against
the hub's, field by field, and its ledger against a sum over the rows.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import fastavro
import sqlalchemy as sa

from hub.events import calendar, quantities, schema
from hub.events.identity import canonical_record, content_hash, entity_id, event_id, sha256_hex, source_key
from hub.events.standing import Known, Statement, place
from hub.reference import regions, uscc, waste_codes
from tests.bench import plain_fold
from tests.bench.plain_tables import JOURNAL, METADATA, QUARANTINE, SCHEMA_ID, SEEN, open_database

BATCH = 5_000
NAME, DEPARTMENT = "housing.weighbridge", "housing"
PERSONAL = ("SJXM",)
ZJ_WASTE = {"01": "SW70", "02": "SW71", "03": "SW73", "04": "SW74"}
GRAMS = {
    "吨": Decimal(10**6), "t": Decimal(10**6), "千克": Decimal(1000), "公斤": Decimal(1000), "kg": Decimal(1000),
    "克": Decimal(1), "g": Decimal(1), "斤": Decimal(500), "万吨": Decimal(10**10),
}
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,9})?")
_FULLWIDTH = str.maketrans("０１２３４５６７８９，．－", "0123456789,.-")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SCHEMA = fastavro.parse_schema(json.loads(schema.text("waste_event")))
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, str | None]
T = TypeVar("T")

fold_plain = plain_fold.fold_plain


def intake_plain(csv_path: Path, db_path: Path) -> tuple[float, int]:
    """Read the file into the journal of the database (made where there is none): seconds, rows."""
    with csv_path.open(encoding="gb18030", newline="") as file:
        lines = csv.reader(file)
        header = next(lines)
        return _intake((dict(zip(header, line, strict=True)) for line in lines), db_path)


def intake_plain_table(source_path: Path, table: str, db_path: Path) -> tuple[float, int]:
    """The same from a table of an SQLite database."""
    source = sa.create_engine(f"sqlite:///{source_path}")
    with source.connect() as connection:
        found = connection.execution_options(yield_per=BATCH).execute(sa.text(f"SELECT * FROM {table}"))
        taken = _intake((dict(row) for row in found.mappings()), db_path)
    source.dispose()
    return taken


def _intake(rows: Iterable[Mapping[str, str]], db_path: Path) -> tuple[float, int]:
    begun, count = time.perf_counter(), 0
    engine = open_database(db_path)
    METADATA.create_all(engine)
    stamp = {"observed_at": datetime.now(UTC), "batch": str(uuid4())}
    for batch in batches(rows, BATCH):
        with engine.begin() as connection:
            _take(connection, [_record(row) for row in batch], stamp)
        count += len(batch)
    engine.dispose()
    return time.perf_counter() - begun, count


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of ``size``, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _record(row: Mapping[str, str]) -> Row:
    """The row without personal columns, blanks as None."""
    return {name: text if text.strip() else None for name, text in row.items() if name not in PERSONAL}


def _take(connection: sa.Connection, rows: list[Row], stamp: dict[str, Any]) -> None:
    """What is new among ``rows`` goes to the journal or is set aside, and is known from then on."""
    known = _known(connection, [source_key([row["DJBH"] or ""]) for row in rows])
    messages, refused, seen = [], [], {}
    for row in rows:
        key, record = source_key([row["DJBH"] or ""]), canonical_record(row)
        sha, version = sha256_hex(record), _version(row)
        before, content = known.get(key, (None, None))
        placed = place(Statement(sha, version, declared=True, readable=version is not None), before)
        if placed.outcome != "stated":
            continue
        event, errors = map_record(row)
        if errors or version is None:
            errors = errors or [{"field": "version", "error": "VERSION_UNREADABLE"}]
            refused.append({"source_key": key, "revision": placed.revision, "restated": placed.restated,
                            "errors": json.dumps(errors, ensure_ascii=False), "record": record, "sha256": sha})
            known[key] = Known(sha, placed.revision, placed.restated, "quarantined"), content
        else:
            said = content_hash(event | {"occurred_at": (event["occurred_at"] - _EPOCH) // _MICROSECOND})
            if placed.always or said != content:
                entity = entity_id(NAME, key, "")
                event |= stamp | {
                    "entity_id": entity, "revision": placed.revision, "restated": placed.restated,
                    "event_id": event_id(entity, placed.revision, placed.restated, said), "source_key": key,
                    "record": record, "record_sha256": sha,
                }
                messages.append({"key": entity, "value": encode(event)})
            known[key] = Known(sha, placed.revision, placed.restated, "good"), said
        now, said_now = known[key]
        seen[key] = {"source_key": key, "sha256": now.sha256, "revision": now.revision, "restated": now.restated,
                     "state": now.state, "content": said_now}
    if messages:
        connection.execute(sa.insert(JOURNAL), messages)
    if refused:
        connection.execute(sa.insert(QUARANTINE), refused)
    if seen:
        connection.execute(sa.insert(SEEN).prefix_with("OR REPLACE"), list(seen.values()))


def _known(connection: sa.Connection, keys: list[str]) -> dict[str, tuple[Known, str | None]]:
    found = connection.execute(sa.select(SEEN).where(SEEN.c.source_key.in_(keys)))
    return {row.source_key: (Known(row.sha256, row.revision, row.restated, row.state), row.content) for row in found}


def encode(event: Mapping[str, Any]) -> bytes:
    """The event framed for the journal: magic byte, schema id, Avro body."""
    body = io.BytesIO()
    body.write(b"\0" + SCHEMA_ID.to_bytes(4, "big"))
    fastavro.schemaless_writer(body, _SCHEMA, event)
    return body.getvalue()


def map_record(row: Row) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The event's fields as the connector maps them, and every error; with errors the event is of no use."""
    errors: list[dict[str, Any]] = []

    def wrong(field: str, error: str, *columns: str) -> None:
        errors.append({"field": field, "error": error, "values": {name: row[name] for name in columns}})

    value, unit = number(row["JZ"]), _text(row["DW"])
    if value is None:
        wrong("value", "NUMBER_UNREADABLE" if row["JZ"] else "FIELD_MISSING", "JZ")
    elif unwell := _measure_error(value, unit):
        wrong(*unwell, "JZ", "DW")
    local, precision = moment(row["CZSJ"])
    if local is None:
        wrong("occurred_at", "TIME_UNREADABLE" if row["CZSJ"] else "FIELD_MISSING", "CZSJ")
    day = local.date() if local else None
    code = ZJ_WASTE.get(_text(row["ZLLX"]) or "")
    known = waste_code(code, day)
    if code is None:
        wrong("code", "CODE_UNMAPPED" if row["ZLLX"] else "FIELD_MISSING", "ZLLX")
    elif known.error:
        wrong("code", known.error, "ZLLX", "CZSJ")
    region = _text(row["QHDM"])
    region_error = "FIELD_MISSING" if region is None else _region_error(region, day)
    if region_error:
        wrong("region", region_error, "QHDM", "CZSJ")
    gross, tare = number(row["MZ"]), number(row["PZ"])
    if value is not None and gross is not None and tare is not None and gross - tare != value:
        wrong("net_is_gross_minus_tare", "CHECK_FAILED", "MZ", "PZ", "JZ")
    if errors or code is None or value is None or unit is None or local is None:
        return {}, errors
    holder = _text(row["XNCBH"])
    return {
        "identity": NAME, "part": "", "kind": "RECEIVED", "retracted": False, "stream": "construction", "scheme": "SW",
        "code": code, "code_unverified": known.unverified,
        "mass_g": quantities.mass_g(value, GRAMS[unit]), "value": quantities.plain(value), "unit": unit,
        "basis": "weighed", "occurred_at": calendar.utc(local), "precision": precision,
        "period": calendar.period(local, precision), "business_day": calendar.business_day(local, precision),
        "region": region, "holder_scheme": _scheme(holder), "holder": holder, "holder_name": _text(row["XNCMC"]),
        "vehicle": _text(row["CPH"]), "manifest": _text(row["LDH"]), "department": DEPARTMENT, "connector": NAME,
        "mapping": "plain", "lists": "zj_waste=2026-01",
    }, []


def _measure_error(value: Decimal, unit: str | None) -> tuple[str, str] | None:
    if unit not in GRAMS:
        return "unit", "UNIT_UNKNOWN" if unit else "FIELD_MISSING"
    if value < 0:
        return "value", "MASS_NEGATIVE"
    return ("value", "MASS_TOO_LARGE") if quantities.mass_g(value, GRAMS[unit]) > quantities.MAX_MASS_G else None


def number(text: str | None) -> Decimal | None:
    """``1,234.5`` and full-width digits as an exact decimal; None for nothing and for what is no number."""
    if text is None:
        return None
    text = text.strip()
    if not text.isascii():
        text = text.translate(_FULLWIDTH)
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def moment(text: str | None) -> tuple[datetime | None, str]:
    """A wall-clock time and its precision; None for nothing and for what is no time."""
    text = (text or "").strip()
    precision = "instant" if _TIME.fullmatch(text) else "day"
    if precision == "day" and not _DAY.fullmatch(text):
        return None, precision
    try:
        return datetime.fromisoformat(text), precision
    except ValueError:
        return None, precision


def _version(row: Row) -> int | None:
    local, _ = moment(row["GXSJ"])
    return None if local is None else (calendar.utc(local) - _EPOCH) // _MICROSECOND


def _text(text: str | None) -> str | None:
    return text.strip() if text else None


@cache
def _region_error(region: str, day: date | None) -> str | None:
    return regions.check(region, day).error


@cache
def waste_code(code: str | None, day: date | None) -> waste_codes.CodeCheck:
    """What the official list says about a code on that day."""
    return waste_codes.check("SW", code, day)


@cache
def _scheme(holder: str | None) -> str | None:
    return None if holder is None else "USCC" if uscc.valid(holder) else "LOCAL"
