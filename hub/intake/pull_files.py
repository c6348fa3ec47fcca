"""A pull of files: oldest first, small ones together, each read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hub.ahead import ahead
from hub.events.identity import canonical_json, sha256_hex
from hub.intake.connector import FileSpec
from hub.intake.plug import Plug
from hub.intake.pulled import Pulled, pulled
from hub.intake.reading import GATHERED, Hashes, What, repeated_hashes
from hub.intake.record import Recorder
from hub.intake.said import Tally
from hub.intake.session import Session, Surroundings
from hub.intake.sources.file import FileSource
from hub.intake.sources.port import Batch, FileFound

WAIT_FOR_STILL_FILES_SECONDS = 2.0
TOGETHER_BYTES = 16 << 20
"""So many bytes of small files are read as one, for a mapping's SELECT costs the same for ten rows and ten thousand."""
KEPT_BYTES = 256 << 20
"""What the first look at files keeps in memory, so that the second need not read them again."""
MOSTLY_REPEATED = 5
"""Files that say again more than one key in so many are read one by one: each is a whole statement of its own."""


def is_tabular(path: str) -> bool:
    """Whether every record of a file has the same columns, so that a missing one is a fault."""
    return not path.lower().endswith((".json", ".jsonl", ".ndjson"))


def file_source(plug: Plug, around: Surroundings) -> FileSource:
    """The files of a connector of kind file."""
    spec = plug.connector.source
    if not isinstance(spec, FileSpec):
        raise TypeError(spec)
    return FileSource(around.folder, spec.path, spec.encoding, spec.sheet, spec.header, plug.connector.drop)


def pull_files(session: Session, *, wait: bool) -> Pulled:
    """Read the files that hold still and were not read yet. ``wait``: up to 2 s for those that still move."""
    return FilePull(session).run(wait=wait)


@dataclass(frozen=True)
class FilePull:
    """One pull of one connector's files."""

    session: Session

    def run(self, *, wait: bool) -> Pulled:
        """Every file that is to be read, in the order of their times."""
        source = file_source(self.session.plug, self.session.around)
        found = source.found(WAIT_FOR_STILL_FILES_SECONDS if wait else 0.0)
        total, recorder = Tally(), self.session.recorder()
        for files in _together([f for f in found.files if self._is_due(f)], alone=self._scoped):
            looks = _looked_through(source, recorder, files)
            repeated = repeated_hashes([look.hashes for look in looks])
            if len(files) > 1 and self._one_by_one(looks, repeated):
                for look in looks:
                    total.include(self._read(source, [look], repeated_hashes([look.hashes])))
            else:
                total.include(self._read(source, looks, repeated))
        return pulled(self.session, total, None, found.moving)

    def _one_by_one(self, looks: Sequence[_Look], repeated: Hashes) -> bool:
        """Whether each file is read and noted before the next: where much is repeated, and where only their order tells
        two statements of one version apart, so that after a kill the first may not be read again behind the second."""
        declared = self.session.engine.mapping.version is not None
        one_time = len({look.file.modified_us for look in looks}) < len(looks)
        many = len(repeated) * MOSTLY_REPEATED > sum(len(look.hashes) for look in looks)
        return many or (len(repeated) > 0 and (declared or one_time))

    @property
    def _scoped(self) -> bool:
        return self.session.engine.mapping.scope is not None

    def _is_due(self, file: FileFound) -> bool:
        """Not read yet, or held back and approved since, or not read well and by other rules than those of today."""
        state, _, rest = (self.session.seen.file_state(file.sha256) or "").partition(":")
        if state == "held":
            return any(self.session.seen.is_approved(digest) for digest in rest.split(","))
        return state != "read" or rest not in ("", self._rules)

    @cached_property
    def _rules(self) -> str:
        """Names how files are taken apart; a mapping is not part of it, for what it refuses can be re-driven."""
        spec, drop = self.session.connector.source, self.session.connector.drop
        if not isinstance(spec, FileSpec):
            raise TypeError(spec)
        return sha256_hex(canonical_json([spec.encoding, spec.sheet, spec.header, spec.key, drop]))[:16]

    def _read(self, source: FileSource, looks: Sequence[_Look], repeated: Hashes) -> Tally:
        files = [look.file for look in looks]
        badly = [f.name for f in files if (self.session.seen.file_state(f.sha256) or "").startswith("read:")]
        fresh = self.session.seen.is_empty()
        what = What(
            names=tuple(file.name for file in files),
            versions=tuple(file.modified_us for file in files),
            last_wins=True,
            repeated=repeated,
            is_outdated=lambda number, scope: self._is_outdated(files[number], scope),
        )
        tally = self.session.reading(tabular=is_tabular(files[0].path)).run(what, _batches(source, looks), lambda _cursor: [])
        entries = [self._entry(file, tally, fresh=fresh) for file in files]
        acts = [self.session.pulled_act(files=entries), *self._mended(badly, tally)]
        self.session.appender.append([], [], acts)
        return tally

    def _mended(self, names: Sequence[str], tally: Tally) -> list[dict[str, Any]]:
        """Closes what was set aside without a key while these files were not read well, and is read well now."""
        if not names:
            return []
        return [
            self.session.act("closed", {"because": "read again"}, quarantine_id=message["quarantine_id"])
            for message in self.session.keyless()
            if message["quarantine_id"] not in tally.keyless
            and any(f"{message['place']}:".startswith(f"{name}:") for name in names)
        ]

    def _entry(self, file: FileFound, tally: Tally, *, fresh: bool) -> dict[str, object]:
        """What is remembered of a file that was read; what its scopes no longer have is taken back, or held."""
        scopes = sorted(scope for scope in tally.scopes if not self._is_outdated(file, scope))
        held: list[str] = []
        if self._scoped and tally.complete and not fresh:
            held = [digest for scope in scopes if (digest := self.session.vanishing.settle(tally, scope))]
        return {
            "path": file.name,
            "sha256": file.sha256,
            "modified_us": file.modified_us,
            "state": f"held:{','.join(held)}" if held else "read" if tally.complete else f"read:{self._rules}",
            "scopes": scopes,
        }

    def _is_outdated(self, file: FileFound, scope: str) -> bool:
        newest = self.session.seen.scope_file(scope)
        return newest is not None and (file.modified_us, file.name) < newest


@dataclass(frozen=True)
class _Look:
    """What a first look at a file found: the hashes of its keys (equal ones and unreadable ones too), and the batches
    themselves where they fit in memory."""

    file: FileFound
    hashes: Hashes
    batches: list[Batch] | None


def _looked_through(source: FileSource, recorder: Recorder, files: Sequence[FileFound]) -> list[_Look]:
    left = KEPT_BYTES
    looks = []
    for file in files:
        hashes: list[Hashes] = []
        batches: list[Batch] | None = []
        for batch in ahead(source.read(file, GATHERED)):
            hashes.append(recorder.key_hashes(batch.rows).to_numpy())
            left -= batch.rows.nbytes
            if batches is not None:
                batches = [*batches, batch] if left > 0 else None
        looks.append(_Look(file, np.concatenate(hashes) if hashes else np.empty(0, np.uint64), batches))
    return looks


def _batches(source: FileSource, looks: Sequence[_Look]) -> Iterator[tuple[int, Batch]]:
    for number, look in enumerate(looks):
        for batch in source.read(look.file, GATHERED) if look.batches is None else look.batches:
            yield number, batch


def _together(files: Sequence[FileFound], *, alone: bool) -> Iterator[list[FileFound]]:
    """Files in groups of about TOGETHER_BYTES; ``alone``: each by itself. JSON and tables do not go together."""
    group: list[FileFound] = []
    for file in files:
        kind = file.path.rpartition(".")[2].lower()
        fits = sum(f.size for f in group) + file.size <= TOGETHER_BYTES and not alone
        if group and not (fits and group[0].path.rpartition(".")[2].lower() == kind):
            yield group
            group = []
        group.append(file)
    if group:
        yield group
