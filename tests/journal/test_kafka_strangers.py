"""Who has the address, a topic and the schema file reads the journal without the hub, in Python and in Java."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from hub.config import product_path
from hub.events import columns
from hub.journal.kafka import KafkaJournal
from hub.journal.port import Outgoing
from tests.broker import Broker, jars
from tests.events.release import plain
from tests.projector.histories import history, table

SCHEMA = product_path("schemas/avro/waste_event.avsc")
JAVA = Path(__file__).parents[1] / "kafka" / "Stranger.java"
PATIENCE = 60.0


@dataclass
class Told:
    """A journal's topic of events, and how many it has."""

    address: str
    topic: str
    rows: list[tuple[int, int, str, int]]
    """(partition, position, entity_id, mass_g) as the hub reads them."""


@pytest.fixture(params=["confluent", "kafka-python"])
def told(request: pytest.FixtureRequest, broker: Broker, prefix: str) -> Iterator[Told]:
    """Random histories, written by either client."""
    with closing(KafkaJournal(f"kafka://{broker.address}/{prefix}?client={request.param}")) as journal:
        events = table(history(7, 40))
        keys, values = events["entity_id"].combine_chunks(), columns.encode(events, "waste_event")
        journal.append(journal.fence("test"), [Outgoing("events", keys, values)])
        rows = []
        for run in journal.read("events", {}, 100_000):
            assert run.schema_id is not None
            read = columns.decode(run.values, journal.schema(run.schema_id), "waste_event").table
            places = zip(run.positions.tolist(), read["entity_id"].to_pylist(), read["mass_g"].to_pylist(), strict=True)
            rows += [(run.partition, *place) for place in places]
        assert len(rows) >= 40
        yield Told(broker.address, f"{prefix}.events", sorted(rows))


def _read(told: Told) -> list[tuple[int, int, dict[str, Any]]]:
    """What confluent-kafka and fastavro make of the topic."""
    schema = plain(SCHEMA.read_text(encoding="utf-8"))
    consumer = Consumer({"bootstrap.servers": told.address, "group.id": "stranger", "enable.partition.eof": True,
                         "isolation.level": "read_committed"})  # fmt: skip
    consumer.assign([TopicPartition(told.topic, partition, 0) for partition in range(8)])
    found, ended = [], 0
    while ended < 8:
        message = consumer.poll(PATIENCE)
        assert message is not None
        if message.error() is not None:
            assert message.error().code() == KafkaError._PARTITION_EOF
            ended += 1
            continue
        magic, _ = struct.unpack_from(">BI", message.value())
        assert magic == 0
        event: Any = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema, None)
        assert message.key() == event["entity_id"].encode()
        found.append((message.partition(), message.offset(), event))
    consumer.close()
    return sorted(found, key=lambda each: each[:2])


def test_python(told: Told) -> None:
    """confluent-kafka and fastavro read what the hub reads; keys are the entities' ids."""
    assert [(partition, offset, x["entity_id"], x["mass_g"]) for partition, offset, x in _read(told)] == told.rows


def test_java(told: Told) -> None:
    """Java's own client and Avro print the same, field by field, and would give each key the partition that it has."""
    found = jars()
    if shutil.which("javac") is None:
        pytest.skip("java is there without its compiler: whether Java reads the journal is NOT tested")
    command = ["java", "-Xmx256m", "-cp", f"{found}/*", str(JAVA), told.address, told.topic, str(SCHEMA)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-2_000:]
    rows = sorted(line.split("\t") for line in done.stdout.splitlines())
    assert rows == sorted([str(p), str(o), str(p), *map(_as_java_says, x.values())] for p, o, x in _read(told))


def _as_java_says(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value).replace("\n", "\\n")
