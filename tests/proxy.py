"""A door before the broker, that can be shut at a word: connections are cut at the request or the answer one names."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

END_TXN = 26  # Kafka's number for the request that commits or aborts a transaction
Moment = Literal["request", "answer"]


class Proxy:
    """Listens on ``port`` of loopback and passes everything on to ``target``; a context.

    ``cut(api, moment)`` closes the next connection that makes this request: before the broker hears of it, or before
    the client hears the answer. With ``dark`` nobody gets in any more until ``light``.
    """

    def __init__(self, port: int, target: int) -> None:
        self.cuts = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", port))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._rule: tuple[int, Moment, bool] | None = None
        self._dark = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.shut()

    def cut(self, api: int, moment: Moment, *, dark: bool) -> None:
        """At the next request of this kind; ``dark``: and nobody gets in afterwards."""
        self._rule = (api, moment, dark)

    def shut(self) -> None:
        """Close all connections, and let nobody in."""
        self._dark = True
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def light(self) -> None:
        """Let everybody in again."""
        self._dark = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._dark:
                client.close()
                continue
            try:
                broker = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, broker}
            awaited: set[int] = set()
            threading.Thread(target=self._requests, args=(client, broker, awaited), daemon=True).start()
            threading.Thread(target=self._answers, args=(broker, client, awaited), daemon=True).start()

    def _requests(self, client: socket.socket, broker: socket.socket, awaited: set[int]) -> None:
        with _closing(client, broker):
            while frame := _frame(client):
                api, _, number = struct.unpack_from(">hhi", frame, 4)
                if self._rule is not None and self._rule[0] == api:
                    if self._rule[1] == "request":
                        self._now()
                        break
                    awaited.add(number)
                broker.sendall(frame)

    def _answers(self, broker: socket.socket, client: socket.socket, awaited: set[int]) -> None:
        with _closing(broker, client):
            while frame := _frame(broker):
                if struct.unpack_from(">i", frame, 4)[0] in awaited:
                    self._now()
                    break
                client.sendall(frame)

    def _now(self) -> None:
        rule, self._rule = self._rule, None
        self.cuts += 1
        if rule is not None and rule[2]:
            self.shut()


class _closing(suppress):  # noqa: N801 - a context like contextlib.closing, for two sockets that others may close too
    def __init__(self, *ends: socket.socket) -> None:
        super().__init__(OSError)
        self._ends = ends

    def __exit__(self, *error: object) -> bool:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        return super().__exit__(*error)  # type: ignore[arg-type] # the three of them


def _frame(end: socket.socket) -> bytes:
    """The next message with its length before it; nothing at the end."""
    head = _exactly(end, 4)
    return head + _exactly(end, int.from_bytes(head)) if head else b""


def _exactly(end: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        some = end.recv(min(count - len(found), 1 << 20))
        if not some:
            return b""
        found += some
    return bytes(found)
