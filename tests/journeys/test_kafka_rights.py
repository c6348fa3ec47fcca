"""docs/production.md on a broker that knows users: the address that it shows, over TLS with a password, and the rights
that it names, of which each is needed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from confluent_kafka import admin as kafka

from hub.errors import Refused
from hub.journal.kafka import KafkaJournal
from hub.journal.port import TOPICS, Outgoing
from tests.broker import running_broker
from tests.rules import compose
from tests.rules.code import ROOT
from tests.servers import PASSWORD, free_port

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
Right = kafka.AclBinding


def _rights() -> dict[str, Right]:
    """What the page's commands give, by ``user: what``."""
    found = {}
    for line in re.findall(r"^kafka-acls\.sh (.+)$", PAGE, re.M):
        words = shlex.split(line)
        told = {name.strip("-"): value for name, value in pairwise(words) if name != "--operation"}
        kind = next(name for name in ("topic", "transactional-id", "group") if name in told)
        for operation in (value for name, value in pairwise(words) if name == "--operation"):
            found[f"{told['allow-principal']}: {operation} {kind}"] = Right(
                kafka.ResourceType[kind.replace("-", "_").upper()], told[kind],
                kafka.ResourcePatternType[told.get("resource-pattern-type", "literal").upper()],
                told["allow-principal"], "*",
                kafka.AclOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()],
                kafka.AclPermissionType.ALLOW,
            )  # fmt: skip
    return found


RIGHTS = _rights()
ONLY_FIRST = "User:pull: Create topic"


class Guarded:
    """A broker where only those who have a right can do a thing; rights are given by its superuser."""

    def __init__(self, address: str, port: int, certificate: Path) -> None:
        self._admin = kafka.AdminClient({"bootstrap.servers": address})
        self._port, self._certificate = port, certificate
        for user in ("pull", "project"):
            scram = kafka.ScramCredentialInfo(kafka.ScramMechanism.SCRAM_SHA_512, 4096)
            change = kafka.UserScramCredentialUpsertion(user, scram, PASSWORD.encode())
            self._admin.alter_user_scram_credentials([change])[user].result()

    def give(self, *names: str) -> None:
        """These of RIGHTS, and no others."""
        everything = kafka.AclBindingFilter(
            kafka.ResourceType.ANY, None, kafka.ResourcePatternType.ANY, None, None, kafka.AclOperation.ANY,
            kafka.AclPermissionType.ANY,
        )  # fmt: skip
        for done in self._admin.delete_acls([everything]).values():
            done.result()
        for done in self._admin.create_acls([RIGHTS[name] for name in names]).values() if names else ():
            done.result()

    def journal(self, user: str) -> KafkaJournal:
        """The journal at the address that the page shows, as ``user`` of this broker; it looks after its topics whenever
        it is asked."""
        (url,) = re.findall(r'^journal = "(kafka://.+)"$', PAGE, re.M)
        url = re.sub(r"//[^/]+/", f"//127.0.0.1:{self._port}/", url)
        url = url.replace("/etc/ca.pem", str(self._certificate)).replace("username=pull", f"username={user}")
        secret = {"file:/run/secrets/kafka_password": PASSWORD}
        return KafkaJournal(url, lambda value: secret.get(value, value), believed=0)

    def known_settings(self) -> set[str]:
        """The names of all settings that a broker has."""
        (done,) = self._admin.describe_configs([kafka.ConfigResource(kafka.ResourceType.BROKER, "1")]).values()
        return set(done.result())

    def use(self, user: str) -> int:
        """All that ``pull`` or ``project`` does with a journal; how many events there are."""
        journal = self.journal(user)
        try:
            if user == "pull":
                keys, values = pa.array(["a", "b"]), pa.array([b"1", b"2"], pa.binary())
                journal.append(journal.fence("housing.weighbridge"), [Outgoing(topic, keys, values) for topic in TOPICS])
            return sum(len(run.values) for run in journal.read("events", {}, 1000) if journal.end("events"))
        finally:
            journal.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A broker with users, rights and TLS, and the journal's topics in it."""
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("keytool comes with Java, which is not here")
    folder, port = tmp_path_factory.mktemp("tls"), free_port()
    store = ["-alias", "broker", "-keystore", folder / "keys.p12", "-storepass", PASSWORD]
    name = ["-dname", "CN=broker", "-ext", "SAN=IP:127.0.0.1", "-keyalg", "EC", "-validity", "2", "-storetype", "PKCS12"]
    for words in (["-genkeypair", *store, *name], ["-exportcert", "-rfc", *store, "-file", folder / "ca.pem"]):
        subprocess.run([keytool, *words], check=True, capture_output=True)
    own = "listener.name.sasl_ssl"
    with running_broker(
        f"listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},SASL_SSL://127.0.0.1:{port}",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
        f"{own}.ssl.keystore.location={folder / 'keys.p12'}",
        f"{own}.ssl.keystore.password={PASSWORD}",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        f"{own}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",  # whoever comes without TLS: the tests alone
    ) as broker:
        found = Guarded(broker.address, port, folder / "ca.pem")
        found.give(*RIGHTS)
        found.use("pull")
        yield found


def test_the_rights_of_the_page_are_enough(guarded: Guarded) -> None:
    """With the page's rights `pull` appends and reads, and `project` reads, once the topics are there."""
    guarded.give(*(name for name in RIGHTS if name != ONLY_FIRST))
    before = guarded.use("project")
    assert guarded.use("pull") == before + 2
    assert guarded.use("project") == before + 2


@pytest.mark.parametrize("name", [name for name in RIGHTS if name != ONLY_FIRST])
def test_each_right_of_the_page_is_needed(guarded: Guarded, name: str) -> None:
    """Without any one of them the hub stops and says that Kafka refuses."""
    guarded.give(*RIGHTS.keys() - {name})
    with pytest.raises(Refused):
        guarded.use(name.partition(":")[2].partition(":")[0])


def test_who_only_reads_cannot_write(guarded: Guarded) -> None:
    """The user of `project` becomes nobody's writer."""
    guarded.give(*RIGHTS)
    journal = guarded.journal("project")
    try:
        with pytest.raises(Refused):
            journal.fence("housing.weighbridge")
    finally:
        journal.close()


def test_the_broker_knows_every_setting_that_is_named(guarded: Guarded) -> None:
    """Each setting that compose.yaml or the page gives a broker is one that Kafka has."""
    environment = compose.services()["kafka"]["environment"].keys() - {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}
    said = {name.removeprefix("KAFKA_").lower().replace("_", ".") for name in environment}
    (paragraph,) = re.findall(r"^\*\*Three brokers\.\*\*.*?\n\n", PAGE, re.M | re.S)
    named = set(re.findall(r"`([a-z.]+)=[\w-]+`", paragraph))
    assert len(named - {"acks"}) > 5
    assert said | named - {"acks"} <= guarded.known_settings()
