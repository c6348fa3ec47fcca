"""Which schema a message on Kafka was written with, where a schema registry says so (Confluent's, or one that speaks
like it): the subject of a topic's schema is ``<topic>-value``, as every tool of Kafka's expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError

from hub.errors import JournalUnavailable, Refused
from hub.events import schema as schemas
from hub.journal.registry import no_schema

_UNKNOWN: Final = 404
_TRY_AGAIN: Final = (408, 429)


class Registry:
    """:class:`hub.journal.kafka_schemas.Schemas` at ``url``. ``topics``: name of a schema → the topic it is for;
    ``patience`` is in seconds, for each of a few attempts."""

    def __init__(self, url: str, topics: Mapping[str, str], patience: float) -> None:
        self._topics = topics
        with _translated():
            self._client = SchemaRegistryClient(
                {"url": url, "timeout": patience, "max.retries": 2, "retries.wait.ms": 100, "retries.max.wait.ms": 1_000}
            )

    def current(self) -> Mapping[str, int]:
        """Name → the number of its current version, which is registered where it is new."""
        found = {}
        for name, topic in self._topics.items():
            schemas.arrow(name)  # the codec can do it
            with _translated():
                found[name] = int(self._client.register_schema(f"{topic}-value", Schema(schemas.text(name), "AVRO")))
        return found

    def text(self, schema_id: int) -> str:
        """The schema with this number. RequestWrong where there is none."""
        with _translated(schema_id):
            return str(self._client.get_schema(schema_id).schema_str)


@contextmanager
def _translated(schema_id: int | None = None) -> Iterator[None]:
    """The registry client's errors as the hub's."""
    try:
        yield
    except SchemaRegistryError as error:
        code, reason = error.http_status_code, error.error_message
        if code == _UNKNOWN and schema_id is not None:
            raise no_schema(schema_id) from error
        if code < 500 and code not in _TRY_AGAIN:
            raise Refused(
                "the schema registry refuses: {reason}",
                remedy="Look at the user and its rights, the compatibility of the subjects, and registry= in hub.toml.",
                reason=reason,
            ) from error
        raise _away(reason) from error
    except (HTTPError, OSError, ValueError) as error:
        raise _away(str(error)) from error


def _away(reason: str) -> JournalUnavailable:
    return JournalUnavailable(
        "the schema registry does not answer: {reason}",
        remedy="Look whether the schema registry runs and can be reached from here; what was not done is done at the "
        "next try.",
        reason=reason,
    )
