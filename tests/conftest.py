"""What holds for every test."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from hub.texts import speak
from tests.broker import broker
from tests.servers import mariadb, postgres

__all__ = ["broker", "mariadb", "postgres"]  # one of each for the whole session

# Two cores shared by many tests: a slow example is no finding. In CI the examples are the same every time.
settings.register_profile("everywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")


@pytest.fixture(autouse=True)
def _chinese_first() -> None:
    """Texts are Chinese at the start of every test, whatever the one before it chose."""
    speak("zh")
