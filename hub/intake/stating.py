"""From records to what the hub says of them: events, or records set aside. Nothing is written here.

Per batch: which texts are new (:mod:`hub.intake.seen`), under which pair (:mod:`hub.events.standing`), what they say
(:mod:`hub.intake.mapping`), and whether that is anything new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import SetAside
from hub.events.identity import quarantine_id
from hub.intake.engine import Engine
from hub.intake.faults import fault, fault_of, row_faults
from hub.intake.mapping import PartMapping, errors_of
from hub.intake.outgoing import Stamp, Withdrawal, events, quarantined, withdrawals
from hub.intake.placing import Placing
from hub.intake.record import MAX_RECORD_BYTES
from hub.intake.said import Coming, Origin, Said
from hub.intake.seen import Seen
from hub.intake.selecting import error_columns

Flags = npt.NDArray[np.bool_]
LastEvents = Callable[[Sequence[tuple[int, int]]], list[dict[str, Any]]]
"""(partition, position) of events → the events, in that order."""


class Stating:
    """One connector's records → :class:`Said`. Not to be shared between threads."""

    def __init__(self, engine: Engine, seen: Seen, placing: Placing, stamp: Stamp, last_events: LastEvents) -> None:
        self._engine, self._seen, self._placing = engine, seen, placing
        self._stamp, self._last_events = stamp, last_events
        self._alike: Counter[tuple[int, str]] = Counter()

    def say(self, records: pa.Table, origins: Sequence[Origin], *, fresh: bool = False) -> Said:
        """``records``: columns of :meth:`Recorder.records`, with ``scope``, ``version_default`` and ``origin`` (index
        into ``origins``). ``fresh``: no key is known yet."""
        said = Said(read=records.num_rows)
        records = self._with_key(records, origins, said)
        placed = self._placing.place(records, self._seen, self._stamp.rules, fresh=fresh)
        said.unchanged += placed.unchanged
        said.skipped += placed.skipped
        said.matched += records.num_rows - placed.strangers
        self._judge(placed.rows, origins, said)
        return said

    def _judge(self, rows: pa.Table, origins: Sequence[Origin], said: Said) -> None:
        """Withdraw what was deleted, map the rest."""
        if rows.num_rows == 0:
            return
        errors: dict[int, list[dict[str, Any]]] = {}
        row_faults(rows, origins, errors, scoped=self._engine.mapping.scope is not None)
        gone = rows["deleted"].to_numpy(zero_copy_only=False)
        waits = np.isin(rows["rn"].to_numpy(), list(errors)) if errors else np.zeros(len(gone), np.bool_)
        leaves = gone & ~waits
        if leaves.any():
            self._withdraw(rows.filter(pa.array(leaves)), said)
            rows = rows.filter(pa.array(~leaves))
        self._state(rows, origins, errors, said)

    def again(self, records: pa.Table, origins: Sequence[Origin], said: Said) -> None:
        """Records that were set aside, with the revision and restated that they keep: what they come to now."""
        rows = self._placing.with_versions(records)
        rows = rows.append_column("always", pa.array([True] * rows.num_rows))
        rows = rows.append_column("k_state", pa.array(["quarantined"] * rows.num_rows))
        self._judge(rows, origins, said)

    def _with_key(self, records: pa.Table, origins: Sequence[Origin], said: Said) -> pa.Table:
        if not records["skey"].null_count:
            return records
        has_key = pc.is_valid(records["skey"])
        for row in records.filter(pc.invert(has_key)).to_pylist():
            self.set_aside_once(self._aside(row, origins, 0, 0, [fault("key", "KEY_MISSING")]), row["origin"], said)
        return records.filter(has_key)

    def set_aside_once(self, row: dict[str, Any], origin: int, said: Said) -> None:
        """Set a record without a readable key aside, unless this very one was. Two that are alike in one origin are two."""
        self._alike[origin, row["quarantine_id"]] += 1
        if (number := self._alike[origin, row["quarantine_id"]]) > 1:
            digest = row["record_sha256"]
            row["quarantine_id"] = quarantine_id(self._stamp.identity, f"#{number}", 0, 0, digest)
        said.keyless.add(row["quarantine_id"])
        if self._seen.is_waiting(row["quarantine_id"]):
            said.unchanged += 1
        else:
            said.quarantine.append(row)

    def _aside(
        self,
        row: Mapping[str, Any],
        origins: Sequence[Origin],
        revision: int,
        restated: int,
        errors: list[dict[str, Any]],
    ) -> dict[str, Any]:
        long = len(row["rec"]) * 4 > MAX_RECORD_BYTES and len(row["rec"].encode()) > MAX_RECORD_BYTES
        return quarantined(
            key=row["skey"],
            revision=revision,
            restated=restated,
            errors=errors,
            record=row["rec"],
            place=origins[row["origin"]].place(row["line"]),
            scope=row["scope"],
            stamp=self._stamp,
            sha256=row["sha"] if long else None,
        )

    def _withdraw(self, rows: pa.Table, said: Said) -> None:
        """Soft deletions: every part that stands is taken back; of a key that only waits, the waiting ends."""
        if rows.num_rows == 0:
            return
        known = self._seen.parts(rows["skey"].to_pylist())
        items: list[tuple[dict[str, Any], tuple[int, int]]] = []
        for row in rows.to_pylist():
            parts = known.get(row["skey"], [])
            if parts and not row["always"] and all(retracted for _, _, retracted, _, _ in parts):
                said.unchanged += 1
                said.alike.append((row["skey"], row["sha"], self._stamp.rules))
            elif parts:
                items += [(row, (partition, position)) for _, _, _, partition, position in parts]
            elif row["k_state"] == "quarantined":
                said.deleted.append((row["skey"], row["revision"], row["restated"], row["sha"]))
            else:
                said.unchanged += 1
        self._take_back(items, said)

    def _take_back(self, items: list[tuple[dict[str, Any], tuple[int, int]]], said: Said) -> None:
        if not items:
            return
        lasts = self._last_events([place for _, place in items])
        made = [
            Withdrawal(last, row["revision"], row["restated"], row["rec"], row["sha"], row["scope"])
            for (row, _), last in zip(items, lasts, strict=True)
        ]
        said.events.append(Coming(len(made), partial(withdrawals, made, self._stamp)))

    def _state(
        self, rows: pa.Table, origins: Sequence[Origin], errors: dict[int, list[dict[str, Any]]], said: Said
    ) -> None:
        if rows.num_rows == 0:
            return
        fine = _without(rows, errors)
        mapped = self._mapped(fine, errors)
        bad = rows.select(_OF_ONE_SET_ASIDE).filter(pa.array(_among(rows, errors))) if errors else rows.slice(0, 0)
        for row in bad.to_pylist():
            said.quarantine.append(self._aside(row, origins, row["revision"], row["restated"], errors[row["rn"]]))
        self._emit(_without(fine.select(_AFTER_MAPPING), errors), mapped, said)

    def _mapped(self, rows: pa.Table, errors: dict[int, list[dict[str, Any]]]) -> list[tuple[PartMapping, pa.Table]]:
        """Every part over ``rows``; rows that fail go into ``errors`` with all of their faults."""
        results = []
        for part in self._engine.mapping.parts:
            table = self._run(part, rows, errors)
            columns = [f"errors_{i}" for i in range(error_columns(len(part.errors)))]
            bits = [table[c].to_numpy() for c in columns]
            masks = np.stack(bits) if table.num_rows else np.zeros((len(columns), 0), np.int64)
            failed = (masks != 0).any(axis=0) & table["stated"].to_numpy(zero_copy_only=False)
            if failed.any():
                self._explain(
                    part, table.select(_OF_A_FAILURE).filter(pa.array(failed)), masks[:, failed], rows, errors
                )
            results.append((part, table))
        return results

    def _run(self, part: PartMapping, rows: pa.Table, errors: dict[int, list[dict[str, Any]]]) -> pa.Table:
        """The part's SELECT; where DuckDB cannot do a batch, the rows that it cannot do are found by halving."""
        try:
            return self._engine.mapped(part, rows)
        except SetAside as error:
            if rows.num_rows == 1:
                errors.setdefault(rows["rn"][0].as_py(), []).append(
                    fault("record", "EXPRESSION_FAILED", values={"reason": str(error)})
                )
                return self._engine.mapped(part, rows.slice(0, 0))
        half = rows.num_rows // 2
        halves = (rows.slice(0, half), rows.slice(half))
        return pa.concat_tables([self._run(part, piece, errors) for piece in halves])

    def _explain(
        self,
        part: PartMapping,
        failed: pa.Table,
        masks: npt.NDArray[np.int64],
        rows: pa.Table,
        errors: dict[int, list[dict[str, Any]]],
    ) -> None:
        aliases = self._engine.mapping.columns
        numbers, successors = failed["rn"].to_pylist(), failed["region_successor"].to_pylist()
        texts = rows.select(list(dict.fromkeys(aliases.values()))).filter(pa.array(_among(rows, numbers)))
        for rn, bits, row, successor in zip(numbers, masks.T.tolist(), texts.to_pylist(), successors, strict=True):
            known = errors.setdefault(rn, [])
            for bit in errors_of(part, tuple(bits)):
                replaced = {"successor": successor} if bit.error == "REGION_REPLACED" else {}
                found = fault_of(bit, {column: row[aliases[column]] for column in bit.columns} | replaced)
                if found not in known:
                    known.append(found)

    def _emit(self, rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]], said: Said) -> None:
        """The events of the accepted ``rows``: all parts of a record, where it is new or says something else."""
        speaks = _without(rows, self._quiet(rows, mapped, said))
        for part, table in mapped:
            says = table["stated"].to_numpy() & _among(table, speaks["rn"].to_numpy())
            if says.any():
                made = partial(_events, table, says, part.name, speaks, self._stamp)
                said.events.append(Coming(int(says.sum()), made))

    def _quiet(self, rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]], said: Said) -> set[int]:
        """Rows that say what is known already; parts that a speaking row no longer gives are taken back."""
        doubtful = self._may_be_known(rows, mapped) | self._silent(rows, mapped)
        if not doubtful.any():
            return set()
        known = rows.filter(pa.array(doubtful))
        before = self._seen.parts(known["skey"].to_pylist())
        now: dict[int, dict[str, str]] = {}
        for part, table in mapped:
            says = table["stated"].to_numpy() & _among(table, known["rn"].to_numpy())
            here = table.select(["rn", "content"]).filter(pa.array(says))
            for rn, content in zip(here["rn"].to_pylist(), here["content"].to_pylist(), strict=True):
                now.setdefault(rn, {})[part.name] = content
        quiet: set[int] = set()
        lost: list[tuple[dict[str, Any], tuple[int, int]]] = []
        for row in known.to_pylist():
            standing = {p: c for p, c, retracted, _, _ in before.get(row["skey"], []) if not retracted}
            if not row["always"] and standing == now.get(row["rn"], {}):
                quiet.add(row["rn"])
                said.unchanged += 1
                said.alike.append((row["skey"], row["sha"], self._stamp.rules))
                continue
            if not standing and row["rn"] not in now:
                self._say_nothing(row, said)
            lost += [
                (row, (partition, position))
                for p, _, retracted, partition, position in before.get(row["skey"], [])
                if not retracted and p not in now.get(row["rn"], {})
            ]
        self._take_back(lost, said)
        return quiet

    @staticmethod
    def _may_be_known(rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]]) -> Flags:
        """Rows to be compared with what stands: with one part, one that always speaks replaces it anyway."""
        if len(mapped) == 1:
            return np.asarray(~rows["always"].to_numpy())
        return np.asarray(pc.is_valid(rows["k_state"]).to_numpy())

    @staticmethod
    def _silent(rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]]) -> Flags:
        """Rows of which no part states anything."""
        stated = [table["rn"].to_numpy()[table["stated"].to_numpy()] for _, table in mapped]
        return ~_among(rows, np.concatenate(stated))

    @staticmethod
    def _say_nothing(row: dict[str, Any], said: Said) -> None:
        """Nothing stands and nothing is stated: of a key that only waits, the waiting ends."""
        if row["k_state"] == "quarantined":
            said.deleted.append((row["skey"], row["revision"], row["restated"], row["sha"]))
        else:
            said.unchanged += 1


_AFTER_MAPPING = ("rn", "skey", "rec", "sha", "scope", "revision", "restated", "always", "k_state")
"""What is still asked of a record once it is mapped."""


_OF_ONE_SET_ASIDE = ("rn", "skey", "rec", "sha", "scope", "line", "origin", "revision", "restated")
_OF_A_FAILURE = ("rn", "region_successor")


def _among(rows: pa.Table, numbers: Collection[int] | npt.NDArray[np.int64]) -> Flags:
    """Of every row whether its ``rn`` is among ``numbers``, which are of its batch."""
    here = rows["rn"].to_numpy()
    wanted = np.fromiter(numbers, np.int64, len(numbers))
    flags = np.zeros(max(here.max(initial=-1), wanted.max(initial=-1)) + 1, np.bool_)
    flags[wanted] = True
    return np.asarray(flags[here])


def _without(rows: pa.Table, numbers: Collection[int]) -> pa.Table:
    """The rows whose ``rn`` is not among ``numbers``."""
    return rows.filter(pa.array(~_among(rows, numbers))) if numbers else rows


def _events(mapped: pa.Table, says: Flags, part: str, records: pa.Table, stamp: Stamp) -> pa.Table:
    """The events of the rows of ``mapped`` that ``says`` marks; ``records`` has all of these, and may have more."""
    stated = mapped if says.all() else mapped.filter(pa.array(says))
    more = stated.num_rows < records.num_rows
    sources = records.filter(pa.array(_among(records, stated["rn"].to_numpy()))) if more else records
    return events(stated, part, sources, stamp)
