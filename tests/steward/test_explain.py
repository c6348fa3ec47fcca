"""From a figure to the source records, and from each of them back to the figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.errors import RequestWrong
from hub.events.identity import entity_id
from hub.journal.embedded import EmbeddedJournal
from hub.journal.kafka import KafkaJournal
from hub.projector.project import project_once
from hub.projector.query import ledger as read_ledger
from hub.projector.views import Views
from hub.steward.explain import explain
from tests.broker import Broker
from tests.projector.histories import append, event, ledger
from tests.projector.stores import KINDS, SqliteStores, stores_of
from tests.projector.test_quarantine import act, record

Hub = tuple[EmbeddedJournal, Views]

LINE = "line:2026-03/371502/construction/SW/SW70/RECEIVED/housing"
IDENTITY = "housing.weighbridge"


def said(key: str, revision: int, **more: Any) -> dict[str, Any]:
    text = json.dumps([key], separators=(",", ":"))
    raw = json.dumps({"DJBH": key, "JZ": str(revision)}, separators=(",", ":"))
    return event(key, revision, entity_id=entity_id(IDENTITY, text, ""), source_key=text, record=raw,
                 record_sha256="0" * 64, lists="zj_waste=2026-01", **more)  # fmt: skip


OLD, NEW = said("A1", 1, mass_g=5), said("A1", 2, mass_g=7)
OTHER, GONE = said("B/2", 1, mass_g=9), said("C3", 1, retracted=True, act="rejected")
SLASHED = said("D4", 1, code="a/b", scheme="LOCAL")
WAITING = record(3)


@pytest.fixture(scope="module", params=KINDS)
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder: Path = tmp_path_factory.mktemp("explain")
    with (
        stores_of(request.param, folder, request) as stores,
        closing(EmbeddedJournal(folder / "j.db")) as journal,
        closing(stores.open()) as store,
    ):
        append(journal, [NEW, OLD, OTHER, GONE, SLASHED], junk=1)
        append(journal, [WAITING], "quarantine")
        append(journal, [act("rejected", quarantine_id=WAITING["quarantine_id"], reason="重复")], "acts")
        project_once(journal, store, ledger(), folder / "locks")
        yield journal, stores.views()


def test_a_line_leads_to_its_entries_events_and_records(hub: Hub) -> None:
    """The figure, the entries behind it, and for each the event with the record as the source gave it."""
    found = explain(*hub, LINE)
    assert (found["what"], found["mass_g"], found["entries_in_all"]) == ("line", 16, 2)
    assert {entry["mass_g"] for entry in found["entries"]} == {7, 9}
    assert {event["record"]["DJBH"] for event in found["events"]} == {"A1", "B/2"}
    assert {row["account"]: row["debit_g"] - row["credit_g"] for row in found["accounts"]} == {
        "held": 16, "unreported": -16,
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found


WAYS = [OLD["entity_id"], OLD["event_id"], NEW["event_id"], '["A1"]', '[ "A1" ]', "A1", "events/0/1"]


@pytest.mark.parametrize("name", WAYS)
def test_every_way_back_leads_to_the_line(hub: Hub, name: str) -> None:
    """An entity, its events, its key or its place: all statements, oldest first, and the line they count in."""
    found = explain(*hub, name)
    assert [event["event_id"] for event in found["events"]] == [OLD["event_id"], NEW["event_id"]]
    assert [line["id"] for line in found["lines"]] == [LINE]
    assert [row["id"] for row in found["quarantine"]] == [WAITING["quarantine_id"]]
    assert found["events"][1]["lists"] == "zj_waste=2026-01"


def test_rows_of_the_ledger_have_ids_that_explain_takes(hub: Hub) -> None:
    """Whatever columns and filters a figure was asked with, its id leads to entries of the same sum."""
    questions: list[dict[str, Any]] = [
        {}, {"by": ["stream"]}, {"by": ["code", "department"]}, {"by": ["kind"], "period": "2026"},
        {"by": ["region"], "stream": "construction"}, {"by": ["period"], "region": "371502", "period": "2026Q1"},
    ]  # fmt: skip
    for question in questions:
        rows = read_ledger(hub[1], **question)["rows"]
        assert rows
        for row in rows:
            found = explain(*hub, row["id"])
            assert {name: found[name] for name in ("mass_g", "count", "entries_in_all")} == {
                "mass_g": row["mass_g"], "count": row["count"], "entries_in_all": row["entries"],
            }  # fmt: skip
            assert sum(entry["mass_g"] for entry in found["entries"]) == row["mass_g"]


def test_a_code_may_hold_a_slash(hub: Hub) -> None:
    """The cells of a line's id are told apart although its code has a slash."""
    found = explain(*hub, "line:2026-03/371502/construction/LOCAL/a/b/RECEIVED/housing")
    assert [entry["entity_id"] for entry in found["entries"]] == [SLASHED["entity_id"]]


def test_an_account_leads_to_its_lines(hub: Hub) -> None:
    """The lines of the kinds that post there."""
    found = explain(*hub, "account:2026-03/371502/construction/SW/SW70/unreported")
    assert [line["id"] for line in found["lines"]] == [LINE]


def test_a_retracted_entity_counts_in_no_line(hub: Hub) -> None:
    """What was withdrawn is still explained, with the act that led to it."""
    found = explain(*hub, "C3")
    assert (found["lines"], found["entries"][0]["retracted"]) == ([], 1)
    assert [row["reason"] for row in found["acts"]] == ["重复"]


def test_what_waits_in_quarantine_is_explained(hub: Hub) -> None:
    """By its id: errors, the raw record, what was decided, and the events of its key."""
    found = explain(*hub, WAITING["quarantine_id"])
    (row,) = found["quarantine"]
    assert (found["what"], row["state"], row["record"]) == ("quarantine", "rejected", {})
    assert row["errors"][0]["error"] == "CODE_UNMAPPED"
    assert [act["person"] for act in found["acts"]] == ["赵"]
    assert len(found["events"]) == 2


def test_a_message_that_cannot_be_read_is_shown_raw(hub: Hub) -> None:
    """By its place: why, and its first bytes."""
    (row,) = explain(*hub, "events/0/5")["quarantine"]
    assert bytes.fromhex(row["raw"]) == b"\xff junk"


def test_a_place_without_a_message(broker: Broker, tmp_path: Path) -> None:
    """On Kafka the end of every transaction takes a place: who asks for such a one is told that no message stands there,
    not that the journal is damaged."""
    stores = SqliteStores(tmp_path)
    with closing(KafkaJournal(f"kafka://{broker.address}/explain")) as journal, closing(stores.open()) as store:
        for statement in (OLD, NEW):
            append(journal, [statement])
        project_once(journal, store, ledger(), tmp_path / "locks")
        (partition,) = (run.partition for run in journal.read("events", {}, 10) if run.values)
        for position, event_id in ((0, OLD["event_id"]), (2, NEW["event_id"])):
            found = explain(journal, stores.views(), f"events/{partition}/{position}")
            assert event_id in [event["event_id"] for event in found["events"]]
        for marker in (1, 3):
            with pytest.raises(RequestWrong, match=f"no message at events/{partition}/{marker}"):
                explain(journal, stores.views(), f"events/{partition}/{marker}")


NOTHING = [
    "", "no such key", "line:2026-03/1/construction/SW/SW70/RECEIVED/housing", "line:2026", "account:x",
    "line:'/*/*/*/*/*/*", "events/0/99", "acts/0/0", "00000000-0000-0000-0000-000000000000", "[1,",
    "account:1/2/3/4/5/6", "\udcff", "line:\udcff/*/*/*/*/*/*", "a\0b", '["\\u0000"]', '["\\udcff"]', "[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_not_there_is_said_to_be_not_there(hub: Hub, name: str) -> None:
    """An id of nothing is the request's fault, whatever it looks like."""
    with pytest.raises(RequestWrong):
        explain(*hub, name)
