"""The plain way from Kafka into PostgreSQL: kafka-python, fastavro and SQLAlchemy, with the fold of ``plain_fold``.

As correct as the hub: entries, flows and the next offset of every partition are committed together, and read again
from there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from kafka import KafkaConsumer, TopicPartition

from tests.bench import plain_fold
from tests.bench.plain_tables import ENTRIES, FLOWS

BATCH = plain_fold.BATCH
OFFSETS = sa.Table(
    "offsets", sa.MetaData(),
    sa.Column("partition", sa.Integer, primary_key=True),
    sa.Column("next", sa.BigInteger, nullable=False),
)
_TABLES = (ENTRIES, FLOWS, OFFSETS)
_SILENT_MS = 5_000


def fold_plain_kafka(bootstrap: str, topic: str, url: str, events: int) -> tuple[float, int]:
    """Fold ``events`` events, or a few more where there are more, into the database, which has none: seconds, events."""
    engine = sa.create_engine(url)
    for table in _TABLES:
        table.create(engine)
    begun, count = time.perf_counter(), 0
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, isolation_level="read_committed",
        auto_offset_reset="none", max_poll_records=BATCH, max_partition_fetch_bytes=8 << 20,
    )  # fmt: skip
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    with engine.connect() as connection:
        standing = {row.partition: row.next for row in connection.execute(sa.select(OFFSETS))}
    for partition in partitions:
        consumer.seek(partition, standing.get(partition.partition, 0))
    while count < events:
        polled = consumer.poll(_SILENT_MS, max_records=BATCH)
        if not polled:
            raise AssertionError(f"{topic} ended after {count} of {events} events")
        count += _fold_batch(engine, polled)
    seconds = time.perf_counter() - begun
    consumer.close()
    engine.dispose()
    return seconds, count


def flows(url: str) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Its lines: (period, region, stream, scheme, code, kind, department) → (mass_g, count, entries)."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {tuple(row)[:7]: tuple(row)[7:] for row in connection.execute(sa.select(FLOWS))}
    engine.dispose()
    return found


def _fold_batch(engine: sa.Engine, polled: Mapping[Any, Sequence[Any]]) -> int:
    entries = [plain_fold.decoded(message.value, message.offset) for part in polled.values() for message in part]
    with engine.begin() as connection:
        plain_fold.apply(connection, entries)
        statement = sa.dialects.postgresql.insert(OFFSETS)
        upsert = statement.on_conflict_do_update(
            index_elements=["partition"], set_={"next": statement.excluded["next"]}
        )
        connection.execute(
            upsert, [{"partition": place.partition, "next": part[-1].offset + 1} for place, part in polled.items()]
        )
    return len(entries)
