"""Where a journal on Kafka is: the URL in hub.toml, taken apart.

    kafka://host:9092,host2:9092/prefix?client=confluent&partitions=8&registry=http://…&librdkafka.security.protocol=SSL

``prefix`` begins the topics' names. What begins with ``librdkafka.`` goes to the client as librdkafka names it (TLS,
SASL); kafka-python knows the ones that matter to it by the same names. Their values, and the registry's, may be
``env:NAME`` or ``file:PATH``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from hub.errors import ConfigWrong, Problem

CLIENTS: Final = ("confluent", "kafka-python")
_OPTION: Final = "librdkafka."
_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")  # Kafka's rule for topics, less the room for ours
_OURS: Final = re.compile(  # what the clients set themselves, by each name that librdkafka has for it, and what would undo it
    r"bootstrap\.servers|metadata\.broker\.list|group\.id|transactional\.id|transaction\.timeout\.ms|acks|request\.required"
    r"\.acks|isolation\.level|auto\.(offset\.reset|commit\..*)|enable\..*|partitioner|plugin\.library\.paths|.*_cb|on_.*|log.*"
    r"|debug|allow\.auto\.create\.topics|check\.crcs|compression\.(type|codec)|linger\.ms|batch\.(size|num\.messages)"
    r"|message\.max\.bytes|queue\.buffering\.max\..*|queued\.m(in|ax)\.messages.*|delivery\.report\..*"
    r"|fetch\.(message\.max\.bytes|wait\.max\.ms|(error|queue)\.backoff\.ms)|max\.partition\.fetch\.bytes"
)
_SECRET: Final = re.compile(r"password|passphrase|secret|token(?!\.endpoint)|key\.pem|jaas|oauthbearer\.config")


@dataclass(frozen=True)
class Address:
    """``servers`` as host:port,host:port; ``options`` in librdkafka's names, secrets resolved and never shown."""

    servers: str
    prefix: str
    client: str
    partitions: int
    registry: str | None = field(repr=False)
    options: Mapping[str, str] = field(repr=False)


def address(url: str, secret: Callable[[str], str]) -> Address:
    """Take ``url`` apart. Raises ConfigWrong with every mistake, and what ``secret`` raises."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    asked = dict(given)
    prefix = parts.path.removeprefix("/")
    problems = list(_mistakes(parts.scheme, parts.netloc, prefix, asked))
    if len(asked) < len(given):
        problems.append(_problem("KAFKA_OPTION", "an option is given twice"))
    if problems:
        raise ConfigWrong(problems)
    options = {k.removeprefix(_OPTION): secret(v) for k, v in asked.items() if k.startswith(_OPTION)}
    registry = secret(asked["registry"]) if "registry" in asked else None
    return Address(
        parts.netloc, prefix, asked.get("client", CLIENTS[0]), int(asked.get("partitions", 8)), registry, options
    )


def _mistakes(scheme: str, netloc: str, prefix: str, asked: Mapping[str, str]) -> Iterator[Problem]:
    if scheme != "kafka" or not all(_SERVER.fullmatch(server) for server in netloc.split(",")):
        yield _problem("KAFKA_SERVERS", "write kafka://host:9092,host2:9092/prefix; users and passwords are options")
    if not _PREFIX.fullmatch(prefix):
        yield _problem("KAFKA_PREFIX", "after the servers comes the prefix of the topics: letters, digits, . _ -")
    if asked.get("client", CLIENTS[0]) not in CLIENTS:
        yield _problem("KAFKA_CLIENT", "there is no client {client}; there are: {known}",
                       client=asked["client"], known=", ".join(CLIENTS))  # fmt: skip
    if not re.fullmatch(r"[1-9][0-9]{0,3}", asked.get("partitions", "8")):
        yield _problem("KAFKA_OPTION", "partitions is a number from 1 to 9999")
    if not asked.get("registry", "http://").startswith(("http://", "https://", "env:", "file:")):
        yield _problem("KAFKA_OPTION", "registry is an address that begins with http:// or https://")
    for name, value in asked.items():
        own = name.removeprefix(_OPTION)
        if own == name:
            if name not in ("client", "partitions", "registry"):
                yield _problem("KAFKA_OPTION", "there is no option {name}; those of the Kafka client begin with "
                               "librdkafka.", name=name)  # fmt: skip
        elif _OURS.fullmatch(own):
            yield _problem("KAFKA_OPTION", "{name} is the hub's own affair", name=name)
        elif _SECRET.search(own) and not value.startswith(("env:", "file:")):
            yield _problem("KAFKA_SECRET", "{name} is a secret: write env:NAME or file:PATH instead of it", name=name)


def _problem(error: str, message: str, **facts: object) -> Problem:
    return Problem("hub.toml", None, None, error, message, facts={"key": "hub.journal", **facts})
