"""hub.toml and the environment: the only file that reads either."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import ConfigWrong, Problem, RequestWrong

_DEFAULTS: dict[str, dict[str, Any]] = {
    "hub": {
        "name": "无废城市数据枢纽",
        "city": "371500",
        "journal": "sqlite:data/journal.db",
        "store": "sqlite:data/store.db",
    },
    "connectors": {"use": []},
    "serve": {"bind": "127.0.0.1:8080"},
}


@dataclass(frozen=True)
class HubConfig:
    """A hub's configuration. ``folder`` is absolute; the URLs are as written, relative paths count from ``folder``."""

    folder: Path
    name: str
    city: str
    journal: str
    store: str
    use: tuple[str, ...]
    bind: str

    @property
    def data(self) -> Path:
        """Where embedded parts, caches and locks live."""
        return self.folder / "data"


def product_path(relative: str) -> Path:
    """A file or folder that ships with the product (``schemas/avro``, ``connectors``, ``projections``)."""
    packaged = Path(__file__).parent / "product" / relative
    return packaged if packaged.exists() else Path(__file__).parent.parent / relative


def load(folder: Path, environ: Mapping[str, str] | None = None) -> HubConfig:
    """Read ``folder``/hub.toml, overridden by ``WASTEHUB_<SECTION>_<KEY>``. Raises ConfigWrong with every problem."""
    env = os.environ if environ is None else environ
    path = folder / "hub.toml"
    written = _read(path)
    problems: list[Problem] = []
    values = {section: dict(keys) for section, keys in _DEFAULTS.items()}
    for section, keys in written.items():
        known = _DEFAULTS.get(section)
        if known is None or not isinstance(keys, dict):
            problems.append(_problem(path, "UNKNOWN_SECTION", "unknown section [{name}]", name=section))
            continue
        for key, value in keys.items():
            if key not in known:
                problems.append(_problem(path, "UNKNOWN_KEY", "unknown key {name}", name=f"{section}.{key}"))
            elif not _is_like(known[key], value):
                problems.append(_problem(path, "WRONG_TYPE", "{name} has the wrong type", name=f"{section}.{key}"))
            else:
                values[section][key] = value
    for section, keys in values.items():
        for key, default in keys.items():
            over = env.get(f"WASTEHUB_{section}_{key}".upper())
            if over is not None:
                keys[key] = [x.strip() for x in over.split(",") if x.strip()] if isinstance(default, list) else over
            try:
                keys[key] = secret(keys[key], folder, env) if isinstance(default, str) else keys[key]
            except RequestWrong as error:
                problems.append(Problem(str(path), None, None, "SECRET_MISSING", error.template, facts=error.facts))
    if problems:
        raise ConfigWrong(problems)
    hub = values["hub"]
    return HubConfig(
        folder.resolve(), hub["name"], hub["city"], hub["journal"], hub["store"],
        tuple(values["connectors"]["use"]), values["serve"]["bind"],
    )


def secret(value: str, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """``env:NAME`` or ``file:PATH`` → the secret that is there; anything else as it stands. Raises RequestWrong."""
    env = os.environ if environ is None else environ
    if value.startswith("env:"):
        name = value[4:]
        if name not in env:
            raise RequestWrong(
                "the environment variable {name} is not set", name=name, remedy="Set it before the hub starts."
            )
        return env[name]
    if value.startswith("file:"):
        path = folder / value[5:]
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RequestWrong("{path} cannot be read: {reason}", path=str(path), reason=reason) from error
    return value


def locale_name(environ: Mapping[str, str] | None = None) -> str:
    """``en`` where the locale says so, else ``zh`` (C, POSIX and unset are Chinese)."""
    env = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return "en" if env[name].lower().startswith("en") else "zh"
    return "zh"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' Notepad begins with a BOM
    except FileNotFoundError:
        message = (
            "{name} is not there: this folder is no hub. `wastehub new DIR` makes one, `wastehub demo` one to look at;"
            " -C DIR names one that is elsewhere"
        )
        raise ConfigWrong([_problem(path, "NO_HUB", message, name=str(path))]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigWrong([_problem(path, "NOT_TOML", "not readable as TOML: {reason}", reason=str(error))]) from error
    except OSError as error:
        raise ConfigWrong([_problem(path, "NOT_READABLE", "not readable: {reason}", reason=str(error))]) from error


def _is_like(default: Any, value: Any) -> bool:
    """A text where the default is one, a list of texts where that is one."""
    texts = value if isinstance(value, list) else [value]
    return type(value) is type(default) and all(isinstance(text, str) for text in texts)


def _problem(path: Path, error: str, message: str, **facts: Any) -> Problem:
    return Problem(str(path), None, None, error, message, facts=facts)
