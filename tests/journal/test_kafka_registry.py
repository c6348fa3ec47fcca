"""Schema numbers from a schema registry: a small one that speaks Confluent's REST."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hub.errors import JournalUnavailable, Refused, RequestWrong
from hub.events import schema
from hub.journal.kafka import KafkaJournal
from hub.journal.kafka_schemas import BuiltIn
from hub.journal.port import TOPICS, Journal
from tests.broker import Broker
from tests.contracts.journal_processes import OpenJournal, batch, messages, runs
from tests.servers import free_port

CONTENT = "application/vnd.schemaregistry.v1+json"


class Registry(ThreadingHTTPServer):
    """What a registry knows; ``failing`` is a status that it answers everything with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.texts: dict[int, str] = {}
        self.subjects: dict[str, list[int]] = {}
        self.failing: int | None = None
        self.asked = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def register(self, subject: str, text: str) -> int:
        """The number of a schema; 100 for the first one."""
        number = next((n for n, known in self.texts.items() if json.loads(known) == json.loads(text)), None)
        if number is None:
            number = 100 + len(self.texts)
            self.texts[number] = json.dumps(json.loads(text))  # a registry keeps the content, not the layout
        if number not in self.subjects.setdefault(subject, []):
            self.subjects[subject].append(number)
        return number


class _Answers(BaseHTTPRequestHandler):
    server: Registry

    def do_POST(self) -> None:
        """Register a schema."""
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        subject = self.path.removeprefix("/subjects/").partition("/")[0].partition("?")[0]
        self._answer({"id": self.server.register(subject, sent["schema"])})

    def do_GET(self) -> None:
        """Tell a schema."""
        number = int(self.path.removeprefix("/schemas/ids/").partition("?")[0])
        if number in self.server.texts:
            self._answer({"schema": self.server.texts[number], "schemaType": "AVRO"})
        else:
            self._answer({"error_code": 40403, "message": "Schema not found"}, 404)

    def _answer(self, body: dict[str, object], status: int = 200) -> None:
        self.server.asked += 1
        if self.server.failing is not None:
            body, status = {"error_code": self.server.failing * 100, "message": "not now"}, self.server.failing
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what went wrong."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=["confluent", "kafka-python"])
def open_journal(request: pytest.FixtureRequest, broker: Broker, prefix: str, registry: Registry) -> OpenJournal:
    url = f"kafka://{broker.address}/{prefix}?client={request.param}&registry={registry.url}"
    return partial(KafkaJournal, url, patience=5.0)


def _filled(journal: Journal) -> None:
    journal.append(journal.fence("a"), batch("a", 0))


def test_numbers_are_the_registrys(open_journal: OpenJournal, prefix: str, registry: Registry) -> None:
    """Each topic's schema is registered under the topic's name, messages carry the registry's number, and whoever reads
    asks the registry once."""
    with closing(open_journal()) as journal:
        _filled(journal)
    assert set(registry.subjects) == {f"{prefix}.{topic}-value" for topic in TOPICS}
    with closing(open_journal()) as journal:
        for topic in TOPICS:
            (number,) = registry.subjects[f"{prefix}.{topic}-value"]
            assert {run.schema_id for run in runs(journal, topic)} == {number}
            assert json.loads(journal.schema(number)) == json.loads(schema.text(schema.FOR_TOPIC[topic]))
        asked = registry.asked
        assert journal.schema(100) == journal.schema(100)
        assert registry.asked == asked


def test_an_unknown_number(open_journal: OpenJournal) -> None:
    """A number that the registry does not know is an error that names it."""
    with closing(open_journal()) as journal, pytest.raises(RequestWrong, match="4711"):
        journal.schema(4711)


@pytest.mark.parametrize("taken", [None, '"string"', '{"type": "record", "name": "Order", "fields": []}'])
def test_a_registry_named_later(
    open_journal: OpenJournal, broker: Broker, prefix: str, registry: Registry, taken: str | None
) -> None:
    """What was written before keeps the number and the schema that it had, also where the registry gave that number to
    somebody else's; of a schema of the hub's own the registry's number counts. Each is asked for once."""
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}")) as before:
        _filled(before)
        own = {run.schema_id for topic in TOPICS for run in runs(before, topic)}
    assert own == set(BuiltIn().current().values())
    registry.texts |= {number: taken for number in BuiltIn().current().values() if taken is not None}
    with closing(open_journal()) as journal:
        _filled(journal)
        numbers = {topic: {run.schema_id for run in runs(journal, topic) if run.values} for topic in TOPICS}
        for topic, name in schema.FOR_TOPIC.items():
            assert numbers[topic] == {BuiltIn().current()[name], *registry.subjects[f"{prefix}.{topic}-value"]}
            for number in numbers[topic]:
                assert json.loads(journal.schema(number or 0)) == json.loads(schema.text(name))
        asked = registry.asked
        assert all(journal.schema(number or 0) for some in numbers.values() for number in some)
        assert registry.asked == asked


@pytest.mark.parametrize(("status", "error"), [(500, JournalUnavailable), (503, JournalUnavailable), (429, JournalUnavailable),
                                               (401, Refused), (409, Refused), (422, Refused)])  # fmt: skip
def test_it_says_no(
    open_journal: OpenJournal, registry: Registry, status: int, error: type[JournalUnavailable | Refused]
) -> None:
    """What the registry refuses stops the append, what it cannot do now is to be tried again; nothing was written, and
    afterwards the same fence goes on."""
    with closing(open_journal()) as journal:
        fence = journal.fence("a")
        registry.failing = status
        with pytest.raises(error):
            journal.append(fence, batch("a", 0))
        registry.failing = None
        journal.append(fence, batch("a", 0))
        assert len(messages(journal, "acts")) == 1


def test_nobody_listens(broker: Broker, prefix: str) -> None:
    """Where no registry is, an append is refused as "try again"."""
    url = f"kafka://{broker.address}/{prefix}?registry=http://127.0.0.1:{free_port()}"
    with closing(KafkaJournal(url, patience=2.0)) as journal, pytest.raises(JournalUnavailable):
        _filled(journal)
