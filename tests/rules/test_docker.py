"""docker/ judged without Docker: by the Compose specification, by hadolint, and by rules of our own."""

from __future__ import annotations

import base64
import json
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from compose_spec import PyCompose

from hub import config
from tests.rules import code, compose, dockerfile

PINNED = re.compile(r"[\w./-]+:\d+\.\d+[\w.-]*")
SERVICES = pytest.mark.parametrize("name", sorted(compose.services()))
PROJECT = tomllib.loads((code.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


# --- the Compose file


def test_compose_keeps_to_the_specification() -> None:
    """Every key and value of compose.yaml is one of the Compose specification, and every name it uses is defined."""
    PyCompose.from_json(json.dumps(compose.project())).validate()


def test_the_judge_of_compose_files_finds_mistakes() -> None:
    """The validator would have refused an unknown key and a network that is not defined."""
    for wrong in ({"helthcheck": {}}, {"networks": ["nowhere"]}):
        broken = {"services": {"hub": {"image": "a:1.0"} | wrong}}
        with pytest.raises(ValueError, match=r"helthcheck|nowhere"):
            PyCompose.from_json(json.dumps(broken)).validate()


@SERVICES
def test_each_service_is_contained(name: str) -> None:
    """No service is root, privileged, or in the host's namespaces; each drops all capabilities and gains none."""
    service = compose.services()[name]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices", "userns_mode"} & service.keys()


@SERVICES
def test_each_service_is_watched_and_bounded(name: str) -> None:
    """Each service has a pinned image, a health check, limits, bounded logs, time to end, and a word on restarts."""
    service = compose.services()[name]
    assert PINNED.fullmatch(service["image"])
    assert "healthcheck" in service or name in compose.hub_services()  # those have the image's own
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["stop_grace_period"]
    assert service["restart"] in ("unless-stopped", "no")


@SERVICES
def test_only_this_machine_reaches_a_port(name: str) -> None:
    """A published port is one of the loopback interface."""
    assert all(port.startswith("127.0.0.1:") for port in compose.services()[name].get("ports", []))


@SERVICES
def test_what_is_mounted_is_there_and_safe(name: str) -> None:
    """A file or folder of the repository is mounted read-only, and exists; everything written is in a named volume."""
    for mount in compose.services()[name]["volumes"]:
        if mount["type"] == "bind":
            assert mount["read_only"] is True
            assert (compose.DOCKER / mount["source"]).exists()
        else:
            assert mount["source"] in compose.project()["volumes"]


@SERVICES
def test_secrets_come_as_files(name: str) -> None:
    """No password stands in a service's environment or command."""
    service = compose.services()[name]
    for key, value in service.get("environment", {}).items():
        assert not re.search("PASSWORD|SECRET|TOKEN", key) or key.endswith("_FILE")
        assert not re.search(r"://[^/\s]*:[^/\s]*@", value)
    assert not re.search("://", " ".join(service.get("command", [])))


def test_each_part_sees_only_what_it_needs() -> None:
    """Kafka is on the journal's network alone; neither that nor the store's leads outside; pull has no way to the store."""
    networks, services = compose.project()["networks"], compose.services()
    assert networks["journal"]["internal"] is networks["store"]["internal"] is True
    assert services["kafka"]["networks"] == ["journal"]
    assert "store" not in services["pull"]["networks"]
    assert "secrets" not in services["pull"]
    assert "departments" not in services["project"]["networks"]


def test_the_hub_can_write_only_its_data() -> None:
    """Each hub service has a read-only file system, and volumes for its data and for what is temporary."""
    for service in compose.hub_services().values():
        assert service["read_only"] is True
        written = {mount["target"] for mount in service["volumes"] if not mount.get("read_only")}
        assert written == {"/hub/data", "/tmp"}  # noqa: S108 - a mount point within the container


def test_the_journal_is_kept_for_ever() -> None:
    """The broker makes no topic by itself and deletes nothing by age."""
    settings = compose.services()["kafka"]["environment"]
    assert settings["KAFKA_LOG_RETENTION_MS"] == "-1"
    assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


# --- the image


def test_hadolint_finds_nothing() -> None:
    """hadolint has nothing to say about the Dockerfile."""
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", dockerfile.PATH],
        capture_output=True, text=True, check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_image_is_pinned() -> None:
    """Every stage begins with the one base image, named by its full version, of a Python that wastehub runs on."""
    everything = dockerfile.instructions()
    (base,) = [found.rest.partition("=")[2] for found in everything if found.rest.startswith("PYTHON_IMAGE=")]
    version = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-\w+", base)
    assert version is not None
    assert int(version[1]) >= int(PROJECT["requires-python"].partition("3.")[2])
    assert {found.rest.split()[0] for found in everything if found.word == "FROM"} == {"${PYTHON_IMAGE}"}


def test_the_image_runs_as_a_user_without_rights() -> None:
    """The last stage names a user by a number that is not root's, before anything is started, and compose the same."""
    words = [found.word for found in dockerfile.last_stage()]
    user = dockerfile.only("USER").rest
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user)
    assert words.index("USER") < min(words.index(word) for word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"))
    assert {service["user"] for service in compose.hub_services().values()} == {user}


def test_nothing_to_build_with_is_in_the_image() -> None:
    """The last stage copies only what was built, installs nothing, and starts without a shell."""
    stage = dockerfile.last_stage()
    assert [found.rest.split()[0] for found in stage if found.word == "COPY"] == ["--from=build"]
    assert not [found.rest for found in stage if re.search(r"\b(pip|apt|apt-get|curl|wget)\b", found.rest)]
    for word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        assert dockerfile.only(word).exec_form()


def test_what_the_build_copies_reaches_it_and_no_more() -> None:
    """The ignore file lets through exactly what the Dockerfile copies from the repository."""
    lines = dockerfile.PATH.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line[1:] for line in rules if line.startswith("!")} == set(dockerfile.copied())
    assert all((code.ROOT / name).exists() for name in dockerfile.copied())


def test_version_and_extras_are_the_projects() -> None:
    """Image label and compose file name this version; the extras that the image installs are the project's."""
    (label,) = re.findall(r'image\.version="([^"]+)"', dockerfile.only("LABEL").rest)
    assert label == PROJECT["version"]
    assert {service["image"] for service in compose.hub_services().values()} == {f"wastehub:{label}"}
    (extras,) = re.findall(r'"wastehub\[([\w,]+)\]', dockerfile.PATH.read_text(encoding="utf-8"))
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()


# --- what is prepared


def _prepared(tmp_path: Path) -> Path:
    folder = tmp_path / "docker"
    shutil.copytree(compose.DOCKER, folder, ignore=shutil.ignore_patterns("secrets", ".env"), dirs_exist_ok=True)
    subprocess.run(["sh", folder / "prepare.sh"], check=True, capture_output=True)
    return folder


def _contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in (folder / ".env", *sorted((folder / "secrets").iterdir()))}


def test_prepare_makes_what_compose_needs_and_git_ignores(tmp_path: Path) -> None:
    """prepare.sh makes every secret that compose.yaml names, unguessable and closed to others, where git ignores it."""
    folder = _prepared(tmp_path)
    secrets = {text["file"] for text in compose.project()["secrets"].values()}
    assert {f"./secrets/{path.name}" for path in (folder / "secrets").iterdir()} == secrets
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert len({path.read_text() for path in (folder / "secrets").iterdir()}) == len(secrets)
    ignored = (compose.DOCKER / ".gitignore").read_text(encoding="utf-8").split()
    assert {"secrets/", ".env"} <= set(ignored)


def test_prepare_leaves_alone_what_is_there(tmp_path: Path) -> None:
    """Run again, prepare.sh changes nothing."""
    folder = _prepared(tmp_path)
    before = _contents(folder)
    subprocess.run(["sh", folder / "prepare.sh"], check=True, capture_output=True)
    assert _contents(folder) == before


def test_the_prepared_addresses_fit_the_services(tmp_path: Path) -> None:
    """Store and journal addresses lead to compose's services, as the role and database of roles.sql, and the cluster's
    id is one that Kafka takes."""
    folder = _prepared(tmp_path)
    store = sa.make_url((folder / "secrets" / "store_url").read_text())
    assert store.password == (folder / "secrets" / "hub_db_password").read_text()
    assert store.host in compose.services()
    roles = (folder / "postgres" / "roles.sql").read_text(encoding="utf-8")
    assert f"CREATE ROLE {store.username} LOGIN" in roles
    assert re.search(rf"GRANT [\w, ]+ ON DATABASE {store.database} TO {store.username};", roles)
    hub: dict[str, Any] = {"WASTEHUB_HUB_STORE": "file:../secrets/store_url"}
    journal = sa.make_url(config.load(folder / "hub", hub).journal)
    assert f"PLAINTEXT://{journal.host}:{journal.port}" == (
        compose.services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    )
    cluster = (folder / ".env").read_text().strip().partition("=")[2]
    assert re.fullmatch(r"[\w-]{22}", cluster)
    assert len(base64.urlsafe_b64decode(cluster + "==")) == 16
    assert not cluster.startswith("-")
