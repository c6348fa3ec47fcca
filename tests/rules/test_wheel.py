"""What is tested is what is shipped: the built wheel, installed where the checkout cannot be seen."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.rules import code


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=code.ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_data(wheel: Path) -> None:
    """Schemas, connectors, projections, reference lists and the catalogue are in the wheel, each file of them."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    for path in code.tracked_files():
        name = str(path.relative_to(code.ROOT))
        if name.startswith(("schemas/", "connectors/", "projections/")) and not path.name.startswith("."):
            assert f"hub/product/{name}" in packed
        elif name.startswith("hub/"):
            assert name in packed
    assert not [name for name in packed if name.startswith("tests/")]


@pytest.mark.slow
def test_the_wheel_works_alone(wheel: Path, tmp_path: Path) -> None:
    """Installed into an environment of its own, wastehub starts, speaks Chinese and finds its schemas."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(environment / "bin/python"), "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    # Its dependencies are borrowed from here; the .pth files there, and so this checkout, are not followed.
    (site,) = (environment / "lib").glob("python3*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for args, expected in ((["--help"], "用法："), (["--version"], "wastehub"), (["schema", "show"], "entity_id")):
        done = subprocess.run(
            [environment / "bin/wastehub", *args], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LANG", "LC_ALL")},
        )
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    where = subprocess.run(
        [environment / "bin/python", "-c", "import hub; print(hub.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )
    assert str(environment) in where.stdout
