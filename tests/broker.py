"""A real Apache Kafka for tests: one process, broker and controller, on loopback, gone at the end.

From Maven's artifacts where Java and Maven are, else in a container where Docker answers. Where neither is, its tests
are left out, with the reason; in CI nothing may be left out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from filelock import FileLock

from tests.servers import free_port

PATIENCE = 60.0  # seconds for the broker to answer; reached only when something is broken
FETCHING = 600.0  # seconds for Maven to fetch 50 jars over a slow line, once per machine
IMAGE = "apache/kafka:4.1.0"
POM = Path(__file__).parent / "kafka" / "pom.xml"
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # ready in 3 seconds, 300 MB

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
group.initial.rebalance.delay.ms=0
"""
_LOGGING = """\
status = ERROR
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
"""


class Broker(Protocol):
    """A broker, and what may happen to it. ``address`` (host:port) and its data stay the same through all of it."""

    address: str

    def start(self) -> None:
        """Start it, and wait until it answers."""

    def kill(self) -> None:
        """kill -9."""

    def freeze(self) -> None:
        """Stop its clock: connections stay open and nothing is answered."""

    def thaw(self) -> None:
        """Let it go on."""


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A broker for the whole session: whoever kills it starts it again. Topics are parted by their prefixes."""
    with running_broker() as found:
        yield found


@contextmanager
def running_broker(*settings: str) -> Iterator[Broker]:
    """A broker that has started, with these settings (``name=value``, {port} and {controller} put in) over the usual."""
    with tempfile.TemporaryDirectory(prefix="wastehub-kafka-", ignore_cleanup_errors=True) as name:
        lines = "\n".join([_SETTINGS, *settings])
        found: _JavaBroker | _ContainerBroker = (
            _JavaBroker(Path(name), jars(), lines) if _has_java() else _ContainerBroker(lines)
        )
        try:
            found.start()
            yield found
        finally:
            found.end()


@pytest.fixture
def prefix() -> str:
    """Topics that no other test has."""
    return f"t{uuid4().hex[:12]}"


def jars(pom: Path = POM) -> Path:
    """A folder with the jars of a pom.xml, fetched once and kept in the user's cache."""
    if not _has_java():
        _leave_out("java or mvn is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wastehub"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{pom.parent.name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _fetch(pom, folder)
    return folder


def _fetch(pom: Path, folder: Path) -> None:
    coming = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    command = [
        "mvn", "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies",
        f"-DoutputDirectory={coming}", "-DincludeScope=runtime",
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=FETCHING)
    if done.returncode:
        shutil.rmtree(coming)
        _leave_out(f"Maven cannot fetch {folder.name}: {done.stdout[-500:]}")
    coming.rename(folder)


def _has_java() -> bool:
    return shutil.which("java") is not None and shutil.which("mvn") is not None


def _leave_out(reason: str) -> None:
    reason = f"{reason}: what needs a Kafka broker is NOT tested"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class _JavaBroker:
    """From jars."""

    def __init__(self, folder: Path, found: Path, settings: str) -> None:
        port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings, self._log = folder / "server.properties", folder / "log"
        self._settings.write_text(settings.format(port=port, controller=controller, data=folder / "data"))
        logging = folder / "log4j2.properties"
        logging.write_text(_LOGGING)
        self._java = ["java", *JVM, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{found}/*"]
        with self._written() as log:
            subprocess.run(
                [*self._java, "kafka.tools.StorageTool", "format", "-t", "d2FzdGVodWItdGVzdC1oaA", "-c", self._settings],
                check=True, stdout=log, stderr=log, timeout=PATIENCE,
            )  # fmt: skip

    def start(self) -> None:
        with self._written() as log:
            # none outlives a test run that is killed
            command = ["setpriv", "--pdeathsig=KILL", *self._java, "kafka.Kafka", str(self._settings)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(self.address, self._process)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {self._log.read_text(errors='replace')[-4_000:]}") from error

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        if self._process is not None:
            self.kill()

    @contextmanager
    def _written(self) -> Iterator[int]:
        descriptor = os.open(self._log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


class _ContainerBroker:
    """From an image, its one port the same inside and outside."""

    def __init__(self, settings: str) -> None:
        from docker.errors import DockerException
        from testcontainers.core.container import DockerContainer

        port = free_port()
        self.address = f"127.0.0.1:{port}"
        lines = settings.format(port=port, controller=port + 1, data="/var/lib/kafka/data")
        lines = lines.replace(f"PLAINTEXT://127.0.0.1:{port}", f"PLAINTEXT://0.0.0.0:{port}")
        lines += f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
        try:
            self._container = DockerContainer(IMAGE).with_bind_ports(port, port)
            for key, value in (line.split("=", 1) for line in lines.splitlines() if line):
                self._container.with_env(f"KAFKA_{key.upper().replace('.', '_')}", value)
            self._container.start()
        except DockerException as error:
            _leave_out(f"neither Java with Maven nor Docker is there ({error})")

    def start(self) -> None:
        self._container.get_wrapped_container().start()  # the first time it runs already, which is no mistake
        _wait(self.address, None)

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def end(self) -> None:
        self._container.stop()


def _wait(address: str, process: subprocess.Popen[bytes] | None) -> None:
    """Until the broker tells of itself."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": address, "log_level": 0, "reconnect.backoff.max.ms": 100})
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if client.list_topics(timeout=1.0).brokers:
                return
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the broker does not answer: {error}") from error
        if process is not None and process.poll() is not None:
            raise TimeoutError("the broker ended")
