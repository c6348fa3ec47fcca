"""Many cities in one journal and one store, turn by turn; then the store, a rebuild and the oracle side by side."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from hub.errors import Fenced
from hub.events import columns
from hub.journal.port import Outgoing
from hub.projector.clock import now
from hub.projector.messages import batch
from hub.projector.port import Bundle, Store
from hub.projector.project import project_once
from hub.projector.projection import Projection
from hub.projector.rebuild import rebuild
from tests.projector.histories import Event, event, ledger, table
from tests.projector.oracle import Oracle, Place, Row
from tests.projector.partitions import Partitioned
from tests.projector.stores import SqliteStores, Stores, postgres_stores, rows
from tests.projector.telling import BETWEEN, PARTITIONS, TURNS, City, Told

JUNK, NO_UUID = b"\xff junk", "no uuid"
_SELECTS = {
    "entries": "SELECT * FROM entries_v1",
    "flows": "SELECT * FROM flows_v1",
    "accounts": "SELECT * FROM accounts_v1",
    "lines": 'SELECT * FROM lines WHERE entries <> 0 OR mass_g <> 0 OR "count" <> 0',
    "keys": (
        "SELECT k.entity_id, k.revision, k.restated, k.event_id, e.revision, e.restated, e.entity_id, e.event_id,"
        ' e.retracted, e."position", e."partition"'
        " FROM entry_keys AS k FULL JOIN entries AS e ON e.row_no = k.row_no"
    ),
    "past": 'SELECT entity_id, revision, restated, event_id, "position", "partition" FROM past',
    "conflicts": "SELECT * FROM conflicts_v1",
}
_STREAM = {"entries": 5, "flows": 2, "accounts": 2, "lines": 2}
Shown = dict[str, dict[str, list[Row]]]
"""City → what → rows, sorted."""


@dataclass(frozen=True)
class Plan:
    """What happens after each turn, and how much is read at a time by a rebuild: the same for any of the cities.

    ``keyed``: an entity is in one partition, as a key has it; otherwise it may be told of in all of them.
    """

    acts: tuple[str, ...]
    junk: tuple[tuple[int, ...], ...]
    most: int
    other_rules_first: bool
    keyed: bool

    @staticmethod
    def of(seed: int) -> Plan:
        """The plan of this seed."""
        dice = random.Random(seed)
        acts = [dice.choice(["project", "wait", "by hand", "by hand", "lagging"]) for _ in range(TURNS)]
        if dice.random() < 0.4:  # not in each: it would mend what the projector did wrong before
            acts[dice.randrange(TURNS)] = "rebuild"
        junk = tuple(tuple(dice.choices(range(PARTITIONS), k=dice.choice([0, 0, 1, 3]))) for _ in range(TURNS))
        return Plan(tuple(acts), junk, dice.choice([97, 1000]), dice.random() < 0.5, dice.random() < 0.5)


@dataclass
class _Placed:
    """What was appended, and where."""

    events: dict[str, list[tuple[Place, Event]]] = field(default_factory=lambda: defaultdict(list))
    junk: set[str] = field(default_factory=set)


def judged(plan: Plan, cities: Sequence[City], folder: Path) -> dict[str, list[str]]:
    """:func:`judged_in` SQLite."""
    return judged_in(SqliteStores(folder), plan, cities, folder)


@dataclass(frozen=True)
class InPostgres:
    """:func:`judged_in` the PostgreSQL ``server`` (URL)."""

    server: str

    def __call__(self, plan: Plan, cities: Sequence[City], folder: Path) -> dict[str, list[str]]:
        """In databases of its own."""
        with postgres_stores(self.server) as stores:
            return judged_in(stores, plan, cities, folder)


def judged_in(stores: Stores, plan: Plan, cities: Sequence[City], folder: Path) -> dict[str, list[str]]:
    """City → in what store, rebuild and oracle differ; "" for what is of no single city. Empty: all is well."""
    folder.mkdir()
    journal = Partitioned(folder, PARTITIONS)
    live, fresh = stores.open("live"), stores.open("fresh")
    with closing(journal), closing(live), closing(fresh):
        projection, placed = _ruled(cities), _Placed()
        if plan.other_rules_first:
            project_once(journal, live, ledger(), folder / "locks")
            rebuild(journal, live, projection, folder / "locks")
        for turn, act in enumerate(plan.acts):
            _append(journal, turn, plan, cities, placed)
            _act(act, journal, live, projection, folder)
        project_once(journal, live, projection, folder / "locks")
        journal.most = plan.most
        rebuild(journal, fresh, projection, folder / "locks")
        owners = {said["entity_id"]: one.name for one in cities for said in (told.event for told in one.told)}
        found = {name: _shown(stores, name, owners) for name in ("live", "fresh")}
        wrong = _all_over(journal, stores, placed)
    differing = {"": wrong} if wrong else {}
    wanted = {one.name: _wanted(Oracle(placed.events[one.name], one.chains, one.authority)) for one in cities}
    for name in dict.fromkeys([*wanted, *found["live"], *found["fresh"]]):
        told = [
            f"{store}, {what}: {sentence}"
            for store, shown in found.items()
            for what in _SELECTS
            for sentence in _difference(wanted.get(name, {}).get(what, []), shown.get(name, {}).get(what, []))
        ]
        if told:
            differing[name] = [*differing.get(name, []), *told]
    return differing


def _ruled(cities: Iterable[City]) -> Projection:
    """The product's ledger with the rules of all cities."""
    base, cities = ledger(), list(cities)
    chains = [(stream, kind) for one in cities for stream, kinds in one.chains.items() for kind in sorted(kinds)]
    authority = [(*pair, department) for one in cities for pair, department in one.authority.items()]
    rows = {"chains": tuple(chains), "authority": tuple(authority)}
    tables = tuple(replace(one, rows=rows.get(one.name, one.rows)) for one in base.tables)
    return replace(base, tables=tables, digest=hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest())


def _append(journal: Partitioned, turn: int, plan: Plan, cities: Sequence[City], placed: _Placed) -> None:
    """What the cities tell in this turn, mixed; each city's own order is kept."""
    coming = _mixed(random.Random(turn), turn, cities, plan.junk[turn])
    if plan.keyed:
        coming = [(name, replace(told, partition=_by_key(told))) for name, told in coming]
    elif turn == 0:
        coming = [*_everywhere(cities), *coming]
    bodies = iter(columns.encode(table([x.event for _, x in coming if not _is_junk(x)]), "waste_event").to_pylist())
    values = [JUNK if _is_junk(told) else next(bodies) for _, told in coming]
    keys = pa.array([str(told.partition) for _, told in coming], pa.string())
    (appended,) = journal.append(journal.fence("test"), [Outgoing("events", keys, pa.array(values, pa.binary()))])
    places = zip(appended.positions.tolist(), appended.partitions.tolist(), strict=True)
    for (position, partition), (name, told) in zip(places, coming, strict=True):
        if _is_junk(told) or told.event["entity_id"] == NO_UUID:
            placed.junk.add(f"events/{partition}/{position}")
        else:
            placed.events[name].append(((position, partition), told.event))


def _mixed(dice: random.Random, turn: int, cities: Sequence[City], junk: Sequence[int]) -> list[tuple[str, Told]]:
    """What the cities tell in this turn, and junk; each city's own order is kept."""
    coming = [(dice.random(), "", Told(turn, where, dice.choice([{}, event("", entity_id=NO_UUID)]))) for where in junk]
    for one in cities:
        own = [told for told in one.told if told.turn == turn]
        coming += [(at, one.name, told) for at, told in zip(sorted(dice.random() for _ in own), own, strict=True)]
    return [(name, told) for _, name, told in sorted(coming, key=lambda one: one[:2])]


def _by_key(told: Told) -> int:
    return told.partition if _is_junk(told) else zlib.crc32(told.event["entity_id"].encode()) % PARTITIONS


def _everywhere(cities: Sequence[City]) -> list[tuple[str, Told]]:
    """One event at the very beginning of every partition: at the same position in all of them."""
    first = next((one.name, told.event) for one in cities for told in one.told)
    return [(first[0], Told(0, partition, first[1])) for partition in range(PARTITIONS)]


def _is_junk(told: Told) -> bool:
    return not told.event


def _act(act: str, journal: Partitioned, live: Store, projection: Projection, folder: Path) -> None:
    if act == "rebuild":
        rebuild(journal, live, projection, folder / "locks")
    elif act == "project":
        project_once(journal, live, projection, folder / "locks")
    elif act == "by hand":
        _by_hand(journal, live, projection, range(PARTITIONS))
    elif act == "lagging":
        _by_hand(journal, live, projection, [PARTITIONS - 1])


def _by_hand(journal: Partitioned, live: Store, projection: Projection, partitions: Iterable[int]) -> None:
    """Each batch twice, and once more by somebody who no longer may."""
    live.prepare(projection, journal.identity)
    for partition in partitions:
        (old,) = live.claim("events", [partition])
        (claim,) = live.claim("events", [partition])
        at = claim.position
        for run in journal.read("events", {partition: at}, 50_000):
            if run.partition == partition:
                made = Bundle((batch(run, at, claim, journal.schema, now()),))
                assert _fenced(live, Bundle((batch(run, at, old, journal.schema, now()),))), "an older claim was let through"
                assert live.apply(made), "a batch in its place was not taken"
                assert not live.apply(made), "the same batch was taken twice"
                at = run.next


def _fenced(live: Store, made: Bundle) -> bool:
    try:
        live.apply(made)
    except Fenced:
        return True
    return False


def _shown(stores: Stores, name: str, owners: Mapping[str, str]) -> Shown:
    """All that the store shows, by the city that it is about."""
    found: Shown = defaultdict(dict)
    for what, select in _SELECTS.items():
        for cells in rows(stores, select, name):
            owner = cells[_STREAM[what]].partition(BETWEEN)[2] if what in _STREAM else owners.get(cells[0], "")
            found[owner].setdefault(what, []).append(cells)
    return found


def _wanted(oracle: Oracle) -> dict[str, list[Row]]:
    keys = []
    for place, said in oracle.newest.values():
        pair, names = (said["revision"], said["restated"]), (said["entity_id"], said["event_id"])
        keys.append((names[0], *pair, names[1], *pair, *names, int(said["retracted"]), *_at(place)))
    return {
        "entries": oracle.entries(), "flows": oracle.flows(), "accounts": oracle.accounts(), "lines": oracle.lines(),
        "keys": keys, "past": oracle.past(), "conflicts": [*oracle.conflicts()],
    }  # fmt: skip


def _at(place: Place) -> tuple[int, int]:
    return place if isinstance(place, tuple) else (place, 0)


def _difference(wanted: Iterable[Row], found: Iterable[Row]) -> list[str]:
    lacking, added = Counter(map(repr, wanted)), Counter(map(repr, found))
    return [
        *(f"lacks {row}" for row in sorted((lacking - added).elements())),
        *(f"has {row}" for row in sorted((added - lacking).elements())),
    ]


def _all_over(journal: Partitioned, stores: Stores, placed: _Placed) -> list[str]:
    """What is of no city: that every position is accounted for, and what could not be read."""
    newest = Counter(_at(place)[1] for told in placed.events.values() for place, _ in Oracle(told).newest.values())
    told = Counter(_at(place)[1] for told in placed.events.values() for place, _ in told)
    junk = Counter(int(name.split("/")[1]) for name in placed.junk)
    ends = journal.end("events")
    positions = [(p, end, newest[p], told[p] - newest[p], junk[p], end - told[p] - junk[p]) for p, end in ends.items()]
    told_by = {(e["identity"], e["part"], e["connector"]) for told in placed.events.values() for _, e in told}
    wrong = []
    for store in ("live", "fresh"):
        moved = rows(
            stores,
            'SELECT "partition", "position", applied, superseded, quarantined, not_a_record FROM positions_v1'
            " WHERE projection = 'ledger'",
            store,
        )
        sources = rows(stores, "SELECT identity, part, connector FROM sources", store)
        bad = rows(stores, "SELECT id FROM quarantine_v1 WHERE state = 'open'", store)
        wrong += [f"{store}, positions: {sentence}" for sentence in _difference(positions, moved)]
        wrong += [f"{store}, sources: {sentence}" for sentence in _difference(told_by, sources)]
        wrong += [f"{store}, quarantine: {x}" for x in _difference([(name,) for name in placed.junk], bad)]
    return wrong
