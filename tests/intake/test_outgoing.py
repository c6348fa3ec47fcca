"""Messages to be: retractions repeat the last good statement, long records keep their digest, acts are plain."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from hub.events import schema as schemas
from hub.events.columns import decode, encode
from hub.events.identity import content_hash, event_id, quarantine_id
from hub.intake.outgoing import KEPT_OF_LONG, Stamp, Withdrawal, act, content_of, quarantined, table_of, withdrawals
from tests.intake.plugging import event_of

SHANGHAI = timezone(timedelta(hours=8))
STAMP = Stamp(
    "housing.scales", "housing.scales", "housing", "m", "l=1", "b1", datetime(2026, 6, 2, 8, tzinfo=SHANGHAI), ("", "中"), "a1"
)


def withdrawal(**more: object) -> dict[str, object]:
    facts = {"revision": 7, "restated": 2, "record": '{"K":"0"}', "record_sha256": "ab", "scope": None, **more}
    last = {name: value for name, value in event_of().items() if name != "content"}
    [event] = withdrawals([Withdrawal(last, **facts)], STAMP).to_pylist()  # type: ignore[arg-type] # facts of a test
    return event


def test_a_retraction_repeats_the_last_good_statement() -> None:
    """It says the same under a new pair, retracted, with the evidence and the batch of the withdrawal."""
    said, event = event_of(), withdrawal()
    changed = {name for name in said if said[name] != event[name]}
    evidence = {"record", "record_sha256", "observed_at", "batch", "act"}
    assert changed == {"retracted", "revision", "restated", "content", "event_id"} | evidence
    assert event["retracted"] is True
    assert event["observed_at"] == datetime(2026, 6, 2)  # noqa: DTZ001 - the schema's times are naive UTC
    assert event["content"] == content_of(event)
    assert event["event_id"] == event_id(str(event["entity_id"]), 7, 2, str(event["content"]))


def test_an_absence_has_no_record() -> None:
    """Where the key is no longer there, there is no evidence but its absence."""
    event = withdrawal(record=None, record_sha256=None, scope="2026-03", act="a2")
    assert (event["record"], event["record_sha256"], event["scope"], event["act"]) == (None, None, "2026-03", "a2")


def test_a_retraction_is_a_message() -> None:
    """It passes the codec and comes back as it was."""
    last = {name: value for name, value in event_of().items() if name != "content"}
    table = withdrawals([Withdrawal(last, 7, 2, None, None, None)] * 3, STAMP)
    back = decode(encode(table.combine_chunks(), "waste_event").to_pylist(), schemas.text("waste_event"), "waste_event")
    assert back.bad == ()
    assert back.table.to_pylist() == table.drop_columns(["content"]).to_pylist()


def test_no_withdrawals_are_an_empty_table() -> None:
    """Nothing to take back is no event, in the schema's columns."""
    assert withdrawals([], STAMP).num_rows == 0


@pytest.mark.parametrize("moment", [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(9999, 12, 31)])  # noqa: DTZ001 - the schema's times are naive UTC
def test_content_counts_exact_microseconds(moment: datetime) -> None:
    """Times before 1970 and far ones are hashed as whole microseconds."""
    micros = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert content_of({"occurred_at": moment, "kind": "LOST"}) == content_hash({"occurred_at": micros, "kind": "LOST"})


def aside(record: str, sha256: str | None = None) -> dict[str, object]:
    errors = [{"field": "code", "error": "CODE_UNMAPPED", "expression": "code('w', X)", "values": {"X": "中"}}]
    return quarantined(
        key='["1"]', revision=7, restated=2, errors=errors, record=record, place="t:1", scope=None, stamp=STAMP, sha256=sha256
    )


def test_a_record_set_aside_is_whole() -> None:
    """It keeps the record, its digest, its pair, every error, the parts that it would have had, and its place."""
    row = aside('{"X":"中"}')
    digest = hashlib.sha256('{"X":"中"}'.encode()).hexdigest()
    assert row["quarantine_id"] == quarantine_id("housing.scales", '["1"]', 7, 2, digest)
    assert (row["record"], row["record_sha256"], row["stated_sha256"], row["record_bytes"]) == ('{"X":"中"}', digest, digest, 11)
    assert json.loads(str(row["errors"]))[0]["values"] == {"X": "中"}
    assert json.loads(str(row["parts"])) == ["", "中"]
    assert table_of([row], "quarantine").num_rows == 1


@pytest.mark.parametrize("text", ["x" * (KEPT_OF_LONG + 1), "中" * KEPT_OF_LONG, "𠀀" * KEPT_OF_LONG])
def test_a_long_record_keeps_its_digest_length_and_head(text: str) -> None:
    """Over the limit the first 64 KiB remain, cut between characters, with the digest and the length of all of it."""
    row = aside(text, sha256="ab" * 32)
    kept = str(row["record"])
    assert text.startswith(kept)
    assert KEPT_OF_LONG - 4 < len(kept.encode()) <= KEPT_OF_LONG
    assert (row["record_bytes"], row["record_sha256"]) == (len(text.encode()), "ab" * 32)
    assert aside("short", sha256="ab" * 32)["record"] == "short"


def test_an_act_has_person_time_and_reason() -> None:
    """An act is a row of its schema; what it is not about is null."""
    moment = datetime(2026, 6, 1, 8, tzinfo=SHANGHAI)
    row = act(UUID(int=1), "approve", person="李四", at=moment, body={"说明": "好"}, reason="核对过", identity="housing.scales")
    assert row["acted_at"] == datetime(2026, 6, 1)  # noqa: DTZ001 - the schema's times are naive UTC
    assert (row["person"], row["reason"], row["identity"], row["quarantine_id"]) == ("李四", "核对过", "housing.scales", None)
    assert json.loads(row["body"]) == {"说明": "好"}
    assert table_of([row], "act").to_pylist()[0]["act_id"] == str(UUID(int=1))
