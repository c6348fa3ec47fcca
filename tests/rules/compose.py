"""docker/compose.yaml as Compose reads it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml

from tests.rules.code import ROOT

DOCKER = ROOT / "docker"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<text>[^}]*))?\}")

Service = dict[str, Any]


@cache
def project() -> dict[str, Any]:
    """The file with its variables' defaults put in and its anchors followed."""
    read: dict[str, Any] = yaml.safe_load(
        _VARIABLE.sub(
            lambda found: found["text"] if found["how"] == "-" else f"the-{found['name'].lower()}",
            (DOCKER / "compose.yaml").read_text(encoding="utf-8"),
        )
    )
    return read


def services() -> dict[str, Service]:
    """Every service by its name."""
    return dict(project()["services"])


def hub_services() -> dict[str, Service]:
    """Those that run our own image."""
    return {name: service for name, service in services().items() if service["image"].startswith("wastehub:")}
