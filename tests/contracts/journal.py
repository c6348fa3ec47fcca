"""What every journal must pass. A subclass gives the fixtures ``open_journal`` and ``open_other``, and the hooks.

A fixture is a function without parameters that opens one handle of one journal (another one for ``open_other``); it
is called in other processes too, so it must be picklable. Nothing here knows how many partitions there are, whether
positions are contiguous, or how exact the journal's clock is.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import Fenced, HubError, JournalCorrupt
from hub.events import schema
from hub.journal.port import TOPICS, Journal
from tests.contracts.journal_failures import JournalFailures
from tests.contracts.journal_processes import (
    OpenJournal,
    batch,
    messages,
    outgoing,
    runs,
    whole_batches,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JournalContract(JournalFailures):
    """The suite."""

    def test_one_append_over_three_topics(self, journal: Journal) -> None:
        """What is appended to the three topics at once is in each of them, where the answer says."""
        given = batch("a", 0)
        answers = journal.append(journal.fence("a"), given)
        for item, answer in zip(given, answers, strict=True):
            found = {(m.partition, m.position): m.value for m in messages(journal, item.topic)}
            places = list(zip(answer.partitions.tolist(), answer.positions.tolist(), strict=True))
            assert [found[place] for place in places] == item.values.to_pylist()
            assert len(found) == len(item.values)

    def test_order(self, journal: Journal) -> None:
        """Within a partition, messages stand in the order in which they were appended, and their times never fall."""
        fence = journal.fence("a")
        for number in range(3):
            journal.append(fence, [outgoing("events", [b"%d" % (number * 1_500 + i) for i in range(1_500)])])
        by_partition = defaultdict(list)
        for message in messages(journal, "events", limit=1_000):
            by_partition[message.partition].append(message)
        assert set(by_partition) <= set(journal.partitions["events"])
        for found in by_partition.values():
            assert found == sorted(found, key=lambda m: m.position)
            assert found == sorted(found, key=lambda m: int(m.value))
            assert found == sorted(found, key=lambda m: m.appended_us)
        assert sum(map(len, by_partition.values())) == 4_500

    @pytest.mark.parametrize("seed", range(4))
    def test_resuming(self, journal: Journal, seed: int) -> None:
        """However reading is cut into pieces, the same messages come, each once; a limit is kept."""
        chance = random.Random(seed)
        fence = journal.fence("a")
        for size in chance.choices((1, 7, 999, 1_000, 1_001, 2_300), k=4):
            journal.append(fence, [outgoing("events", [b"%d" % chance.getrandbits(60) for _ in range(size)])])
        whole = sorted(messages(journal, "events"), key=lambda m: (m.partition, m.position))
        for limit in (1_000_000, chance.randint(1, 3_000), chance.randint(300, 400)):
            pieces = messages(journal, "events", limit)
            assert sorted(pieces, key=lambda m: (m.partition, m.position)) == whole
        middle = whole[len(whole) // 2]
        others_done = journal.end("events") | {middle.partition: middle.position}
        first = journal.read("events", others_done, 10)
        assert sum(len(run.values) for run in first) <= 10
        resumed = [run for run in first if run.partition == middle.partition]
        assert resumed[0].values[0] == middle.value

    def test_reading_by_place(self, journal: Journal) -> None:
        """Messages are found by their places, in the order asked for, as often as asked for."""
        values = [b"%d" % i for i in range(3_000)]
        (answer,) = journal.append(journal.fence("a"), [outgoing("quarantine", values)])
        places = list(zip(answer.partitions.tolist(), answer.positions.tolist(), strict=True))
        wanted = random.Random(1).choices(range(3_000), k=200)
        found = journal.read_at("quarantine", [places[i] for i in wanted])
        assert [x.value for x in found] == [values[i] for i in wanted]
        assert [(x.partition, x.position) for x in found] == [places[i] for i in wanted]
        assert journal.read_at("quarantine", []) == []

    def test_a_place_that_is_not_there(self, journal: Journal) -> None:
        """Asking for a place that has no message is an error that names it, never another message."""
        (answer,) = journal.append(journal.fence("a"), [outgoing("events", [b"only"])])
        place = (int(answer.partitions[0]), int(answer.positions[0]))
        for partition, position in ((place[0], place[1] + 1_000_000), (len(journal.partitions["events"]) + 7, 0)):
            with pytest.raises(JournalCorrupt) as raised:
                journal.read_at("events", [place, (partition, position)])
            assert (raised.value.facts["topic"], raised.value.facts["position"]) == ("events", position)

    def test_as_known_at(self, journal: Journal) -> None:
        """What was appended by a time is exactly what lies below the positions of that time."""
        fence = journal.fence("a")
        for number in range(3):
            journal.append(fence, [outgoing("events", [b"%d %d" % (number, i) for i in range(20)])])
            _let_the_clock_move()
        everything = messages(journal, "events")
        times = {m.appended_us + shift for m in everything for shift in (-1_000, 0)}
        assert len({m.appended_us for m in everything}) >= 3
        for known in times | {0, -10_000_000}:
            bounds = journal.at("events", EPOCH + timedelta(microseconds=known))
            assert set(bounds) == set(journal.partitions["events"])
            below = {m for m in everything if m.position < bounds[m.partition]}
            assert below == {m for m in everything if m.appended_us <= known}
        assert journal.at("events", datetime(9999, 1, 1, tzinfo=UTC)) == journal.end("events")

    def test_end(self, journal: Journal) -> None:
        """Nothing is to be read at the end, and what is appended next stands there or later."""
        fence = journal.fence("a")
        for topic in TOPICS:
            before = journal.end(topic)
            assert set(before) == set(journal.partitions[topic])
            assert journal.read(topic, before, 10) == []
            (answer,) = journal.append(fence, [outgoing(topic, [b"%d" % i for i in range(50)])])
            for partition, position in zip(answer.partitions.tolist(), answer.positions.tolist(), strict=True):
                assert before[partition] <= position < journal.end(topic)[partition]
            assert sum(len(run.values) for run in journal.read(topic, before, 1_000)) == 50

    def test_empty_appends(self, journal: Journal) -> None:
        """Appending nothing, or items without messages, is allowed and leaves nothing to read."""
        fence = journal.fence("a")
        assert journal.append(fence, []) == []
        answers = journal.append(fence, [outgoing("events", []), outgoing("acts", [])])
        assert [(len(x.partitions), len(x.positions)) for x in answers] == [(0, 0), (0, 0)]
        assert [messages(journal, topic) for topic in TOPICS] == [[], [], []]

    def test_an_unread_topic_is_empty(self, journal: Journal) -> None:
        """A new journal has nothing to read, and says so."""
        assert [journal.read(topic, {}, 10) for topic in TOPICS] == [[], [], []]

    def test_the_later_writer_wins(self, open_journal: OpenJournal, journal: Journal) -> None:
        """After a second fence of an identity, the first one's append is refused, also amid the reports of its many messages,
        and leaves nothing behind, while the second one and other identities go on."""
        with closing(open_journal()) as second:
            old, other = journal.fence("a"), journal.fence("b")
            journal.append(old, [outgoing("events", [b"before"])])
            new = second.fence("a")
            with pytest.raises(Fenced):
                journal.append(old, [outgoing("events", [b"zombie"] * 40), outgoing("acts", [b"zombie"] * 40)])
            second.append(new, [outgoing("events", [b"after"])])
            journal.append(other, [outgoing("acts", [b"other"])])
            assert {m.value for m in messages(second, "events")} == {b"before", b"after"}
            assert [m.value for m in messages(journal, "acts")] == [b"other"]

    def test_threads_share_a_handle(self, journal: Journal) -> None:
        """Threads fence, append and read through one handle at once; nothing is lost or mixed up."""
        failures: list[BaseException] = []

        def work(writer: str) -> None:
            try:
                fence = journal.fence(writer)
                for number in range(4):
                    journal.append(fence, batch(writer, number))
                    assert number in whole_batches(journal, writer)
            except BaseException as error:  # noqa: BLE001 - carried to the thread that asks
                failures.append(error)

        threads = [threading.Thread(target=work, args=(writer,)) for writer in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert [whole_batches(journal, writer) for writer in "abc"] == [list(range(4))] * 3

    def test_reading_one_identity(self, journal: Journal) -> None:
        """Reading for one identity leaves none of its messages out, and gets to the end."""
        one, other = journal.fence("one"), journal.fence("other")
        for number, fence in enumerate([other, one, other] * 3):
            values = [f"{fence.identity} {number} {i}".encode() for i in range(1_200)]
            journal.append(fence, [outgoing("events", values)])
        for identity, count in (("one", 3_600), ("other", 7_200), ("nobody", 0)):
            found = [m.value for m in messages(journal, "events", 1_000, identity)]
            mine = [x for x in found if x.startswith(identity.encode() + b" ")]
            assert len(set(mine)) == len(mine) == count
            reached: dict[int, int] = {}
            for run in runs(journal, "events", 1_000, identity):
                reached[run.partition] = run.next
            assert journal.read("events", reached, 10) == []

    def test_schemas(self, journal: Journal) -> None:
        """Each message says which schema it was written with, and the journal knows it; an unknown one is an error."""
        journal.append(journal.fence("a"), [outgoing(topic, [b"x"]) for topic in TOPICS])
        for topic in TOPICS:
            (run,) = runs(journal, topic)
            assert run.schema_id is not None
            assert journal.schema(run.schema_id) == schema.text(schema.FOR_TOPIC[topic])
        with pytest.raises(HubError):
            journal.schema(2**31 - 1)

    def test_large_and_small_messages(self, journal: Journal) -> None:
        """Messages of 4 MiB, of one byte and of none come back as they went, from one append."""
        chance = random.Random(4)
        large = [chance.randbytes(4 << 20) for _ in range(3)]
        values = [large[0], b"", b"\0", large[1], *[b"small"] * 1_500, large[2], b""]
        (answer,) = journal.append(journal.fence("a"), [outgoing("events", values)])
        places = list(zip(answer.partitions.tolist(), answer.positions.tolist(), strict=True))
        found = {(m.partition, m.position): m.value for m in messages(journal, "events")}
        assert [found[place] for place in places] == values
        assert [x.value for x in journal.read_at("events", places)] == values

    def test_identity(self, open_journal: OpenJournal, open_other: OpenJournal, journal: Journal) -> None:
        """A journal keeps its identity and its place through any number of handles; another one has another identity."""
        with closing(open_journal()) as again, closing(open_other()) as other:
            assert journal.place == again.place
            assert journal.identity == again.identity
            assert journal.identity != other.identity

    def test_reopening(self, open_journal: OpenJournal) -> None:
        """After closing and opening, messages stand where they stood, later ones come after, and an old fence of which
        there is a newer one stays refused."""
        with closing(open_journal()) as journal:
            old = journal.fence("a")
            journal.append(journal.fence("a"), batch("a", 0))
            before = messages(journal, "events")
        with closing(open_journal()) as journal:
            assert messages(journal, "events") == before
            with pytest.raises(Fenced):
                journal.append(old, batch("a", 1))
            journal.append(journal.fence("a"), batch("a", 1))
            assert whole_batches(journal, "a") == [0, 1]
            later = messages(journal, "events")
            assert set(before) < set(later)


def _let_the_clock_move() -> None:
    """Until the clocks of all journals, of which Kafka's counts milliseconds, have moved on."""
    begun = time.time_ns()
    while time.time_ns() < begun + 3_000_000:
        pass
