"""What every journal must survive: others at work, a kill at any moment, damage, a full disk."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from hub.errors import JournalCorrupt
from hub.journal.port import TOPICS, Journal, Topic
from tests.contracts.journal_processes import (
    OpenJournal,
    append_batches,
    append_until_full,
    batch,
    batches,
    outgoing,
    seen,
    start,
    whole_batches,
)

PATIENCE = 60.0  # seconds for another process to get somewhere; reached only when something is broken


class JournalFailures:
    """A part of the contract. Its hooks are what only the implementation knows how to do to itself."""

    whole_at_once = True
    """Whether a transaction comes into sight as a whole even while others write."""

    def damage(self, topic: str, position: int) -> None:
        """Change what is stored of the message at this place (partition 0)."""
        pytest.skip("this journal's storage is out of reach")

    def fill(self) -> Callable[[], None]:
        """A picklable function that leaves the calling process little room to store anything."""
        pytest.skip("this journal's disk is out of reach")

    @pytest.fixture
    def journal(self, open_journal: OpenJournal) -> Iterator[Journal]:
        """An open handle."""
        with closing(open_journal()) as opened:
            yield opened

    def test_two_processes(self, open_journal: OpenJournal, journal: Journal) -> None:
        """Two processes appending at once for two identities: all is there, each one's in its order, and a reader in
        a third sees at every moment, of each partition, a beginning of what is there in the end: whole transactions,
        where the journal promises that."""
        count = 12
        workers = [start(append_batches, open_journal, writer, count) for writer in ("a", "b")]
        for _, connection in workers:
            assert connection.poll(PATIENCE)
            assert connection.recv() == "ready"
        for _, connection in workers:
            connection.send("go")
        moments: list[tuple[Topic, dict[int, list[bytes]]]] = []
        while any(process.is_alive() for process, _ in workers):
            moments += [(topic, seen(journal, topic)) for topic in ("events", "quarantine")]
        final = {topic: seen(journal, topic) for topic in TOPICS}
        assert [process.exitcode for process, _ in workers] == [0, 0]
        for topic, moment in moments:
            for partition, values in moment.items():
                whole = final[topic][partition]
                assert values == whole[: len(values)]
                if self.whole_at_once:
                    assert batches(values).items() <= batches(whole).items()
        for writer in ("a", "b"):
            assert whole_batches(journal, writer) == list(range(count))

    @pytest.mark.parametrize("seed", range(6))
    def test_kill(self, open_journal: OpenJournal, journal: Journal, seed: int) -> None:
        """A writer killed at any moment leaves whole transactions: all that it was told are in, at most one more, none
        in part; and its successor goes on."""
        process, connection = start(append_batches, open_journal, "a", 10_000)
        assert connection.poll(PATIENCE)
        assert connection.recv() == "ready"
        connection.send("go")
        assert connection.poll(PATIENCE)
        process.join(random.Random(seed).uniform(0, 0.12))
        process.kill()
        process.join(PATIENCE)
        acknowledged = -1
        while connection.poll():
            try:
                acknowledged = connection.recv()
            except EOFError:
                break
        fence = journal.fence("a")
        found = whole_batches(journal, "a")
        assert found == list(range(len(found)))
        assert acknowledged + 1 <= len(found) <= acknowledged + 2
        journal.append(fence, batch("a", len(found)))
        assert whole_batches(journal, "a") == [*found, len(found)]

    def test_damage(self, journal: Journal) -> None:
        """Where what is stored is not what was written, reading stops there, naming the place, and what lies before
        it can still be read."""
        fence = journal.fence("a")
        places = []
        for number in range(3):
            (answer,) = journal.append(fence, [outgoing("events", [b"%d %d" % (number, i) for i in range(100)])])
            places.append((int(answer.partitions[0]), int(answer.positions[0])))
        self.damage("events", places[1][1])
        with pytest.raises(JournalCorrupt) as raised:
            journal.read("events", {}, 1_000)
        assert raised.value.facts["topic"] == "events"
        assert (raised.value.facts["partition"], raised.value.facts["position"]) == places[1]
        with pytest.raises(JournalCorrupt):
            journal.read_at("events", [places[1]])
        before = journal.read("events", {}, 100)
        assert [value for run in before for value in run.values] == [b"0 %d" % i for i in range(100)]

    def test_full_disk(self, open_journal: OpenJournal) -> None:
        """On a full disk an append is refused as "try again" and leaves nothing; what was acknowledged stays readable,
        and once there is room again, work goes on."""
        process, connection = start(append_until_full, open_journal, self.fill(), 500)
        assert connection.poll(PATIENCE)
        acknowledged, reason, readable = connection.recv()
        process.join(PATIENCE)
        assert 0 < acknowledged < 500, reason
        assert readable == list(range(acknowledged))
        with closing(open_journal()) as journal:
            journal.append(journal.fence("filler"), batch("filler", acknowledged))
            assert whole_batches(journal, "filler") == list(range(acknowledged + 1))
