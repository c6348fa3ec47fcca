"""The URL of a journal on Kafka."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from hub.errors import ConfigWrong, Refused, RequestWrong
from hub.journal.kafka import KafkaJournal
from hub.journal.kafka_address import address
from hub.journal.kafka_confluent import AHEAD, BY_PLACE, READING
from hub.journal.kafka_confluent_writer import WRITING
from tests.broker import Broker

SECRET = "a-secret-word"  # noqa: S105 - of nothing


def secret(value: str) -> str:
    """As hub.config resolves it."""
    if value == "env:GONE":
        raise RequestWrong("the environment variable {name} is not set", name="GONE")
    return SECRET if value.startswith(("env:", "file:")) else value


def test_taken_apart() -> None:
    """Servers, prefix and options are found, secrets are put in where they are named, and never shown."""
    found = address(
        "kafka://one:9092,[::1]:9093/city.waste?client=kafka-python&partitions=16&registry=env:REGISTRY"
        "&librdkafka.security.protocol=SASL_SSL&librdkafka.sasl.password=file:secret&librdkafka.sasl.username=%E5%9F%8E",
        secret,
    )
    assert (found.servers, found.prefix, found.client, found.partitions) == (
        "one:9092,[::1]:9093", "city.waste", "kafka-python", 16,
    )  # fmt: skip
    assert found.registry == SECRET
    assert found.options == {"security.protocol": "SASL_SSL", "sasl.password": SECRET, "sasl.username": "城"}
    assert SECRET not in repr(found)


def test_as_little_as_possible() -> None:
    """By default it is confluent-kafka, 8 partitions and no registry."""
    found = address("kafka://broker:9092/waste", secret)
    assert (found.client, found.partitions, found.registry, found.options) == ("confluent", 8, None, {})


@pytest.mark.parametrize(
    ("url", "errors"),
    [
        ("kafka://broker/waste", ["KAFKA_SERVERS"]),
        ("kafka:///waste", ["KAFKA_SERVERS"]),
        ("kafka://user:password@broker:9092/waste", ["KAFKA_SERVERS"]),
        ("kafka://one:9092,,two:9092/waste", ["KAFKA_SERVERS"]),
        ("kafka://broker:9092", ["KAFKA_PREFIX"]),
        ("kafka://broker:9092/a/b", ["KAFKA_PREFIX"]),
        ("kafka://broker:9092/废物", ["KAFKA_PREFIX"]),
        ("kafka://broker:9092/waste?client=java", ["KAFKA_CLIENT"]),
        ("kafka://broker:9092/waste?partitions=0", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?partitions=many", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?registry=ftp://x", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?security.protocol=SSL", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?client=confluent&client=confluent", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?librdkafka.acks=0", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?librdkafka.isolation.level=read_uncommitted", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?librdkafka.enable.idempotence=false", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?librdkafka.plugin.library.paths=/tmp/evil.so", ["KAFKA_OPTION"]),
        ("kafka://broker:9092/waste?librdkafka.sasl.password=plain", ["KAFKA_SECRET"]),
        ("kafka://broker:9092/waste?librdkafka.ssl.key.pem=plain", ["KAFKA_SECRET"]),
        ("kafka://broker/a/b?client=x&y=z", ["KAFKA_SERVERS", "KAFKA_PREFIX", "KAFKA_CLIENT", "KAFKA_OPTION"]),
    ],
)  # fmt: skip
def test_what_is_wrong(url: str, errors: list[str]) -> None:
    """Every mistake is named at once; what the hub itself must decide, and secrets in plain sight, are mistakes."""
    with pytest.raises(ConfigWrong) as raised:
        address(url, secret)
    assert [problem.error for problem in raised.value.problems] == errors
    assert "plain" not in str(raised.value)


ALIASES = (
    "compression.codec", "queue.buffering.max.ms", "max.partition.fetch.bytes", "request.required.acks",
    "metadata.broker.list", "auto.commit.enable",
)  # fmt: skip
"""librdkafka's other names for what the hub sets."""


@pytest.mark.parametrize("name", sorted({*READING, *AHEAD, *BY_PLACE, *WRITING, "transactional.id", *ALIASES}))
def test_what_would_have_no_effect(name: str) -> None:
    """An option that the hub sets itself, by whatever name, is refused with that name instead of being passed over."""
    with pytest.raises(ConfigWrong, match=f"KAFKA_OPTION: librdkafka.{name} "):
        address(f"kafka://broker:9092/waste?librdkafka.{name}=1", secret)


@pytest.mark.parametrize(
    "name",
    [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.jaas.config",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.config",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.private.key.pem", "sasl.oauthbearer.token",
    ],
)  # fmt: skip
def test_what_is_a_secret(name: str) -> None:
    """Whatever opens a door is not written into hub.toml itself; the mistake names the option and not the secret."""
    with pytest.raises(ConfigWrong, match=f"KAFKA_SECRET: librdkafka.{name} ") as raised:
        address(f"kafka://broker:9092/waste?librdkafka.{name}={SECRET}", secret)
    assert SECRET not in str(raised.value)
    assert address(f"kafka://broker:9092/waste?librdkafka.{name}=env:IT", secret).options == {name: SECRET}


def test_what_is_no_secret() -> None:
    """Where a secret lies, whose it is and where it is asked for may be seen."""
    names = [
        "sasl.username", "ssl.key.location", "ssl.keystore.location", "ssl.certificate.pem", "sasl.kerberos.keytab",
        "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.credentials.client.id",
        "sasl.oauthbearer.assertion.private.key.file",
    ]  # fmt: skip
    url = "kafka://broker:9092/waste?" + "&".join(f"librdkafka.{name}=plain" for name in names)
    assert address(url, secret).options == dict.fromkeys(names, "plain")


def test_a_secret_that_is_not_there() -> None:
    """A secret that cannot be found is said by its name."""
    with pytest.raises(RequestWrong, match="GONE"):
        address("kafka://broker:9092/waste?librdkafka.sasl.password=env:GONE", secret)


@pytest.mark.parametrize(
    ("client", "option", "why"),
    [
        ("confluent", "no.such.option=1", "no.such.option"),
        ("confluent", "security.protocol=NONSENSE", "security.protocol"),
        ("kafka-python", "socket.keepalive.enable=true", "socket.keepalive.enable"),
    ],
)
def test_what_the_client_does_not_know(broker: Broker, prefix: str, client: str, option: str, why: str) -> None:
    """An option that the chosen client does not know is refused by its name."""
    with pytest.raises(Refused, match=why):
        KafkaJournal(f"kafka://{broker.address}/{prefix}?client={client}&librdkafka.{option}")


@pytest.mark.parametrize(
    ("lacking", "option", "remedy"),
    [("confluent_kafka", "client=confluent", r"wastehub\[kafka\]"), ("httpx2", "registry=http://x", r"wastehub\[registry\]")],
)
def test_an_extra_that_is_not_installed(broker: Broker, prefix: str, lacking: str, option: str, remedy: str) -> None:
    """Where an extra is not installed, the remedy names it; kafka-python goes without any."""
    script = (
        f"import sys; sys.modules[{lacking!r}] = None\n"
        "from hub.errors import Refused\n"
        "from hub.journal.kafka import KafkaJournal\n"
        "KafkaJournal(sys.argv[1] + '?client=kafka-python').close()\n"
        "try: KafkaJournal(sys.argv[1] + '?' + sys.argv[2])\n"
        "except Refused as error: print(error)\n"
    )
    command = [sys.executable, "-c", script, f"kafka://{broker.address}/{prefix}", option]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert re.search(remedy, done.stdout), done.stderr
