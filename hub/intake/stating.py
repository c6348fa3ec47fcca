"""From records to what the hub says of them: events, or records set aside. Nothing is written here.

Per batch: which texts are new (:mod:`hub.intake.seen`), under which pair (:mod:`hub.events.standing`), what they say
(:mod:`hub.intake.mapping`), and whether that is anything new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import SetAside
from hub.intake.engine import Engine
from hub.intake.mapping import ErrorBit, PartMapping, errors_of
from hub.intake.outgoing import Stamp, Withdrawal, events, quarantined, withdrawals
from hub.intake.placing import Placing
from hub.intake.record import MAX_RECORD_BYTES
from hub.intake.said import Origin, Said
from hub.intake.seen import Seen
from hub.intake.selecting import error_columns

LastEvents = Callable[[Sequence[tuple[int, int]]], list[dict[str, Any]]]
"""(partition, position) of events → the events, in that order."""


class Stating:
    """One connector's records → :class:`Said`. Not to be shared between threads."""

    def __init__(self, engine: Engine, seen: Seen, placing: Placing, stamp: Stamp, last_events: LastEvents) -> None:
        self._engine, self._seen, self._placing = engine, seen, placing
        self._stamp, self._last_events = stamp, last_events

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
        self._row_errors(rows, origins, errors)
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
            self.set_aside_once(self._aside(row, origins, 0, 0, [_error("key", "KEY_MISSING")]), said)
        return records.filter(has_key)

    def set_aside_once(self, row: dict[str, Any], said: Said) -> None:
        """Set a record without a readable key aside, unless this very one was."""
        if self._seen.is_waiting(row["quarantine_id"]) or any(
            q["quarantine_id"] == row["quarantine_id"] for q in said.quarantine
        ):
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

    def _row_errors(self, rows: pa.Table, origins: Sequence[Origin], errors: dict[int, list[dict[str, Any]]]) -> None:
        """Faults of the record as a whole: its version, its deletion mark, its length, a NUL."""
        conditions = [
            (pc.equal(rows["version_state"], "unreadable"), "version", "VERSION_UNREADABLE"),
            (pc.equal(rows["version_state"], "future"), "version", "VERSION_IN_FUTURE"),
            (rows["deleted_failed"], "deleted", "DELETED_UNREADABLE"),
            (pc.greater(pc.binary_length(rows["rec"]), MAX_RECORD_BYTES), "record", "RECORD_TOO_LONG"),
        ]
        if self._engine.mapping.scope is not None:
            conditions.append((pc.is_null(rows["scope"]), "scope", "SCOPE_MISSING"))
        if pc.any(rows["odd"]).as_py():
            conditions.append((pc.match_substring(rows["rec"], "\\u0000"), "record", "NUL_BYTE"))
        for mask, name, error in conditions:
            for row in rows.filter(mask).select(["rn", "version_text"]).to_pylist() if pc.any(mask).as_py() else ():
                values = {"version": row["version_text"]} if name == "version" else {}
                errors.setdefault(row["rn"], []).append(_error(name, error, values=values))
        for index, origin in enumerate(origins):
            if origin.missing:
                self._columns_missing(rows.filter(pc.equal(rows["origin"], index)), origin, errors)

    def _columns_missing(self, rows: pa.Table, origin: Origin, errors: dict[int, list[dict[str, Any]]]) -> None:
        missing = [_error(column, "COLUMN_MISSING", values={column: None}) for column in sorted(origin.missing)]
        for rn in rows["rn"].to_pylist():
            errors.setdefault(rn, []).extend(missing)

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
        said.events.append(withdrawals(made, self._stamp))

    def _state(
        self, rows: pa.Table, origins: Sequence[Origin], errors: dict[int, list[dict[str, Any]]], said: Said
    ) -> None:
        if rows.num_rows == 0:
            return
        fine = rows.filter(pc.invert(pc.is_in(rows["rn"], pa.array(list(errors), pa.int64())))) if errors else rows
        mapped = self._mapped(fine, errors)
        for row in rows.filter(pc.is_in(rows["rn"], pa.array(list(errors), pa.int64()))).to_pylist() if errors else ():
            said.quarantine.append(self._aside(row, origins, row["revision"], row["restated"], errors[row["rn"]]))
        if errors:
            accepted = pc.invert(pc.is_in(fine["rn"], pa.array(list(errors), pa.int64())))
            fine = fine.select(_AFTER_MAPPING).filter(accepted)
        self._emit(fine, mapped, said)

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
                self._explain(part, table.filter(pa.array(failed)), masks[:, failed], rows, errors)
            results.append((part, table))
        return results

    def _run(self, part: PartMapping, rows: pa.Table, errors: dict[int, list[dict[str, Any]]]) -> pa.Table:
        """The part's SELECT; where DuckDB cannot do a batch, the rows that it cannot do are found by halving."""
        try:
            return self._engine.mapped(part, rows)
        except SetAside as error:
            if rows.num_rows == 1:
                errors.setdefault(rows["rn"][0].as_py(), []).append(
                    _error("record", "EXPRESSION_FAILED", values={"reason": str(error)})
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
        texts = rows.filter(pc.is_in(rows["rn"], pa.array(numbers, pa.int64()))).select(
            list(dict.fromkeys(aliases.values()))
        )
        for rn, bits, row, successor in zip(numbers, masks.T.tolist(), texts.to_pylist(), successors, strict=True):
            known = errors.setdefault(rn, [])
            for bit in errors_of(part, tuple(bits)):
                replaced = {"successor": successor} if bit.error == "REGION_REPLACED" else {}
                found = _found(bit, {column: row[aliases[column]] for column in bit.columns} | replaced)
                if found not in known:
                    known.append(found)

    def _emit(self, rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]], said: Said) -> None:
        """The events of the accepted ``rows``: all parts of a record, where it is new or says something else."""
        quiet = self._quiet(rows, mapped, said)
        speaks = rows.filter(pc.invert(pc.is_in(rows["rn"], pa.array(list(quiet), pa.int64())))) if quiet else rows
        for part, table in mapped:
            whole = speaks.num_rows == table.num_rows and pc.all(table["stated"]).as_py()
            stated = table if whole else table.filter(pc.and_(table["stated"], pc.is_in(table["rn"], speaks["rn"])))
            if stated.num_rows:
                all_speak = stated.num_rows == speaks.num_rows
                sources = speaks if all_speak else speaks.filter(pc.is_in(speaks["rn"], stated["rn"]))
                said.events.append(events(stated, part.name, sources, self._stamp))

    def _quiet(self, rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]], said: Said) -> set[int]:
        """Rows that say what is known already; parts that a speaking row no longer gives are taken back."""
        doubtful = pc.or_(self._may_be_known(rows, mapped), self._silent(rows, mapped))
        if not pc.any(doubtful).as_py():
            return set()
        known = rows.filter(doubtful)
        before = self._seen.parts(known["skey"].to_pylist())
        now: dict[int, dict[str, str]] = {}
        for part, table in mapped:
            here = table.filter(pc.and_(table["stated"], pc.is_in(table["rn"], known["rn"])))
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
    def _may_be_known(rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]]) -> pa.ChunkedArray:
        """Rows to be compared with what stands: with one part, one that always speaks replaces it anyway."""
        return pc.invert(rows["always"]) if len(mapped) == 1 else pc.is_valid(rows["k_state"])

    @staticmethod
    def _silent(rows: pa.Table, mapped: list[tuple[PartMapping, pa.Table]]) -> pa.ChunkedArray:
        """Rows of which no part states anything."""
        stated = [table["rn"].filter(table["stated"]) for _, table in mapped]
        return pc.invert(pc.is_in(rows["rn"], pa.chunked_array([c for rn in stated for c in rn.chunks], pa.int64())))

    @staticmethod
    def _say_nothing(row: dict[str, Any], said: Said) -> None:
        """Nothing stands and nothing is stated: of a key that only waits, the waiting ends."""
        if row["k_state"] == "quarantined":
            said.deleted.append((row["skey"], row["revision"], row["restated"], row["sha"]))
        else:
            said.unchanged += 1


_AFTER_MAPPING = ("rn", "skey", "rec", "sha", "scope", "revision", "restated", "always", "k_state")
"""What is still asked of a record once it is mapped."""


def _error(
    name: str, error: str, expression: str = "", values: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    return {"field": name, "error": error, "expression": expression, "values": dict(values or {})}


def _found(bit: ErrorBit, values: Mapping[str, str | None]) -> dict[str, Any]:
    return _error(bit.field, bit.error, bit.expression, values)
