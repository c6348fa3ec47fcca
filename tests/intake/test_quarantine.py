"""What was set aside: listed with its remedies, shown whole, mapped again, closed by persons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Refused, RequestWrong
from hub.intake.quarantine import shown
from tests.intake.world import HEAD, World, connector, table_source, world

SOURCE = table_source(", version: V, deleted: \"D = '1'\"")
LENIENT = connector(SOURCE).replace("num(M)", "num(replace(M, 't', ''))")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, connector(SOURCE)) as made:
        made.table([{"K": "a", "M": "1", "V": "1"}, {"K": "b", "M": "2t", "V": "5", "X": "备注"}])
        made.pull()
        yield made


def test_the_list_says_what_and_what_to_do(here: World) -> None:
    """Every failing field with its values and a remedy."""
    (row,) = here.quarantined()
    (error,) = row["errors"]
    assert (row["source_key"], row["state"], row["connector"]) == ('["b"]', "open", "housing.scales")
    assert (error["field"], error["error"], error["values"]) == ("value", "NUMBER_UNREADABLE", {"M": "2t"})
    assert error["remedy"]


def test_one_is_shown_whole(here: World) -> None:
    """With its record as the source gave it, found by the beginning of its id."""
    id_ = here.quarantined()[0]["id"]
    whole = shown(here.embedded, here.folder / "data", id_[:8])
    assert whole["record"] == {"K": "b", "M": "2t", "V": "5", "X": "备注"}
    assert (whole["id"], whole["revision"], whole["restated"], whole["parts"]) == (id_, 5, 0, [""])


@pytest.mark.parametrize("beginning", ["", "zzz"])
def test_an_id_must_tell_one(here: World, beginning: str) -> None:
    """None, or more than one: said so."""
    here.sql("INSERT INTO T (K, M, V) VALUES ('c', 'x', '1')")
    here.pull()
    with pytest.raises(RequestWrong):
        here.row(beginning)


def test_a_redrive_keeps_the_pair_and_closes(here: World) -> None:
    """Through the corrected mapping the record becomes the event it would have been."""
    here.rewrite(LENIENT)
    assert here.pull().events == 0, "a changed mapping alone maps nothing again"
    done = here.deciding().redrive(None)
    assert done == {"redriven": 1, "events": 1, "still_open": 0}
    assert (here.said("b"), here.quarantined(), here.errors("resolved")) == ([(5, 0, False, 2)], [], ["NUMBER_UNREADABLE"])
    assert here.events()[-1]["act"]
    before = here.ends()
    assert here.deciding().redrive(None)["redriven"] == 0
    here.pull()
    assert here.ends() == before


def test_a_redrive_does_not_beat_what_is_newer(here: World) -> None:
    """What was superseded is not mapped again."""
    here.sql("UPDATE T SET M = '9', V = '6' WHERE K = 'b'")
    here.pull()
    here.rewrite(LENIENT)
    assert here.deciding().redrive(None) == {"redriven": 0, "events": 0, "still_open": 0}
    assert (here.masses()["b"], here.errors("superseded")) == (9, ["NUMBER_UNREADABLE"])


def test_a_correction_after_a_redrive_is_newer(here: World) -> None:
    """At the same version it takes the next number."""
    here.rewrite(LENIENT)
    here.deciding().redrive(None)
    here.sql("UPDATE T SET M = '3' WHERE K = 'b'")
    here.pull()
    assert here.said("b") == [(5, 0, False, 2), (5, 1, False, 3)]


def test_only_the_chosen_are_redriven(here: World) -> None:
    """By id."""
    here.sql("INSERT INTO T (K, M, V) VALUES ('c', '4t', '1')")
    here.pull()
    here.rewrite(LENIENT)
    chosen = next(row["id"] for row in here.quarantined() if row["source_key"] == '["c"]')
    assert here.deciding().redrive([chosen]) == {"redriven": 1, "events": 1, "still_open": 0}
    assert [row["source_key"] for row in here.quarantined()] == ['["b"]']


def test_what_no_mapping_can_mend_waits_on(here: World) -> None:
    """Without a key, or with a key that is none, there is nothing to redrive."""
    here.table([{"K": None, "M": "1"}, {"K": "d", "M": "1", "V": "1"}, {"K": "d", "M": "2", "V": "1"}])
    here.pull()
    assert here.errors() == ["KEY_MISSING", "KEY_NOT_UNIQUE", "KEY_NOT_UNIQUE", "NUMBER_UNREADABLE"]
    assert here.deciding().redrive(None) == {"redriven": 0, "events": 0, "still_open": 4}


def test_a_rejected_record_waits_no_more(here: World) -> None:
    """It never counts, and is not set aside again when read again; a newer statement of its key counts."""
    here.deciding().reject(here.row(here.quarantined()[0]["id"]))
    here.pull()
    here.rewrite(LENIENT)
    here.deciding().redrive(None)
    assert (here.quarantined(), here.errors("rejected"), "b" in here.masses()) == ([], ["NUMBER_UNREADABLE"], False)
    here.sql("UPDATE T SET M = '3', V = '6' WHERE K = 'b'")
    here.pull()
    assert here.masses()["b"] == 3


def test_what_is_closed_cannot_be_decided_again(here: World) -> None:
    """Twice is a mistake."""
    id_ = here.quarantined()[0]["id"]
    here.deciding().reject(here.row(id_))
    with pytest.raises(Refused):
        here.deciding().reject(here.row(id_))


def test_only_retractions_can_be_approved(here: World) -> None:
    """A record that cannot be mapped is no question of yes or no."""
    with pytest.raises(Refused):
        here.deciding().approve(here.row(here.quarantined()[0]["id"]))


def test_a_deletion_closes_what_waits(here: World) -> None:
    """Soft, of a key of which nothing stood."""
    here.sql("UPDATE T SET D = '1', V = '6' WHERE K = 'b'")
    here.pull()
    assert here.quarantined() == []
    here.project()
    assert here.query("SELECT count(*) FROM quarantine_v1 WHERE state = 'open'") == [(0,)]


def test_the_journal_alone_answers(here: World) -> None:
    """Without cache and store the list is the same."""
    before = here.quarantined("all")
    here.drop_cache()
    assert here.quarantined("all") == before


def test_every_failing_field_is_named(tmp_path: Path) -> None:
    """One record, two fields, two errors."""
    yaml = HEAD.format(source=SOURCE, more="").replace("\"'371502'\"", "region(S)")
    with world(tmp_path, yaml) as made:
        made.table([{"K": "a", "M": "x", "S": "999999"}])
        made.pull()
        assert sorted(e["field"] for e in made.quarantined()[0]["errors"]) == ["region", "value"]
