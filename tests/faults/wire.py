"""A wire between a hub and PostgreSQL that is cut at COMMIT now and then: before the server hears of it, or after, so
that it was done and nobody is told."""

from __future__ import annotations

import os
import random
import selectors
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

_OFTEN = 0.25
_ALIVE_SECONDS = 1.0


@contextmanager
def wire(url: str, cuts: Path) -> Iterator[str]:
    """The URL of the same database over a wire; ``cuts`` grows by a byte with each cut."""
    place = urlsplit(url)
    cuts.parent.mkdir(parents=True, exist_ok=True)
    cuts.touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            _carry(listener, (place.hostname or "", place.port or 0), cuts)
    try:
        yield url.replace(f"{place.hostname}:{place.port}", f"127.0.0.1:{port}", 1)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@dataclass
class _Way:
    """From one socket to another. ``is_hub``: it is the hub that speaks."""

    source: socket.socket
    target: socket.socket
    is_hub: bool
    back: _Way | None = None
    cut_at_answer: bool = False


def _carry(listener: socket.socket, server: tuple[str, int], cuts: Path) -> NoReturn:
    chance, parent = random.Random(cuts.parent.name), os.getppid()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while os.getppid() == parent:
                for key, _ in selector.select(_ALIVE_SECONDS):
                    if key.data is None:
                        _open(selector, listener, server)
                    elif key.data.source.fileno() >= 0:  # not closed by the other way a moment ago
                        _pass_on(selector, key.data, chance, cuts)
    finally:
        os._exit(0)


def _open(selector: selectors.BaseSelector, listener: socket.socket, server: tuple[str, int]) -> None:
    hub, _ = listener.accept()
    try:
        ours = socket.create_connection(server)
    except OSError:
        hub.close()
        return
    there, back = _Way(hub, ours, True), _Way(ours, hub, False)
    there.back, back.back = back, there
    for way in (there, back):
        selector.register(way.source, selectors.EVENT_READ, way)


def _pass_on(selector: selectors.BaseSelector, way: _Way, chance: random.Random, cuts: Path) -> None:
    data = b""
    with suppress(OSError):
        data = way.source.recv(1 << 16)
    is_over = not data
    if way.is_hub and b"COMMIT" in data and chance.random() < _OFTEN:
        if chance.random() < 0.5:
            is_over = True
        elif way.back is not None:
            way.back.cut_at_answer = True
    elif way.cut_at_answer:
        is_over = True
    if is_over and data:
        with cuts.open("ab") as noted:
            noted.write(b".")
    if not is_over:
        try:
            way.target.sendall(data)
        except OSError:
            is_over = True
    if is_over:
        for end in (way.source, way.target):
            selector.unregister(end)
            end.close()
