"""A connector's map as one SELECT per part: compiled once, every mistake with its place, run over whole batches.

The SELECT goes in steps, each a CTE: the sites level by level, the fields, the look-ups (unit, code, region), the mass,
the ids. Failures are bits of ``errors_0``, ``errors_1``, … (60 a column), in the order of :attr:`Mapping.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass

from hub.events.identity import sha256_hex
from hub.intake.compiler import Compiler
from hub.intake.connector import Connector, Expression, Part
from hub.intake.expressions import WORDS, ExpressionWrong, Failure, Kind, Site, Value, either
from hub.intake.fields import KINDS_OF_FIELDS, FieldError, field_errors
from hub.intake.handlers import HANDLERS
from hub.intake.selecting import BITS, part_sql
from hub.reference.lists import LocalList


@dataclass(frozen=True)
class ErrorBit:
    """What one bit means: the field (or check), a stable name, the expression and the columns that it read."""

    field: str
    error: str
    expression: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class PartMapping:
    """One part: its SELECT over ``rows`` (as hub.intake.record makes them, with revision and restated), and the one for
    rows among which some have control characters."""

    name: str
    sql: str
    odd_sql: str
    errors: tuple[ErrorBit, ...]


@dataclass(frozen=True)
class Located:
    """A mistake in an expression: where it was written, and the mistake itself."""

    expression: Expression
    wrong: ExpressionWrong


@dataclass(frozen=True)
class Mapping:
    """A compiled connector. ``columns``: column as written → alias; ``digest`` names this mapping in events.

    ``lenient``: the version is a cursor's by default, so that one that is no time is no version at all.
    """

    parts: tuple[PartMapping, ...]
    columns: MappingType[str, str]
    sites: tuple[Site, ...]
    deleted: Value | None
    version: Value | None
    lenient: bool
    scope: Value | None
    digest: str
    lists_used: tuple[str, ...]
    patterns: tuple[str, ...]

    def list_versions(self, lists: MappingType[str, LocalList]) -> str:
        """``name=version``, comma separated, of the lists that the mapping uses."""
        always = {"units", "regions"} & set(lists)
        return ",".join(f"{name}={lists[name].version}" for name in sorted({*self.lists_used, *always}))


class MappingWrong(Exception):
    """``mistakes`` has all of them."""

    def __init__(self, mistakes: list[Located]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes


def compile_mapping(connector: Connector, lists: MappingType[str, LocalList]) -> Mapping:
    """Compile every expression of a connector. Raises MappingWrong with every mistake."""
    shared = Compiler(lists, HANDLERS, connector.drop)
    work = _Compiling(shared, [])
    source = connector.source
    version = work.value(source.version, (Kind.TEXT, Kind.NUMBER, Kind.TIME))
    lenient = source.version is None
    cursor = getattr(source, "cursor", None)
    if lenient and cursor is not None:
        version = shared.column(cursor.by)
    deleted = work.value(source.deleted, (Kind.TRUTH,))
    scope = work.value(getattr(source, "scope", None), (Kind.TEXT,))
    parts = [_compiled_part(connector, part, work.beside()) for part in connector.parts]
    if work.mistakes:
        raise MappingWrong(_once(work.mistakes))
    said = "\n".join([p.sql for p in parts] + [str(v.sql) if v else "" for v in (deleted, version, scope)])
    return Mapping(
        parts=tuple(parts),
        columns=dict(shared.columns),
        sites=tuple(shared.sites.values()),
        deleted=deleted,
        version=version,
        lenient=lenient,
        scope=scope,
        digest=sha256_hex(said)[:16],
        lists_used=tuple(sorted(shared.lists_used)),
        patterns=tuple(p for p, _ in shared.patterns),
    )


@dataclass(frozen=True)
class _Compiling:
    """A compiler that goes on after a mistake, and remembers it."""

    compiler: Compiler
    mistakes: list[Located]

    def beside(self) -> _Compiling:
        """Another one for a SELECT of its own: columns, lists and mistakes are shared, sites are not."""
        c = self.compiler
        own = Compiler(c.lists, c.handlers, c.drop, columns=c.columns, lists_used=c.lists_used, patterns=c.patterns)
        return _Compiling(own, self.mistakes)

    def value(self, expression: Expression | None, wanted: tuple[Kind, ...]) -> Value | None:
        """The compiled expression; None where there is none, or a mistake in it."""
        if expression is None:
            return None
        try:
            value = self.compiler.compile(expression.text)
            if value.kind is not Kind.NULL and value.kind not in wanted:
                message = "{wanted} is needed here, this is {found}"
                facts = {"wanted": WORDS[wanted], "found": WORDS[value.kind,]}
                raise ExpressionWrong("KIND_WRONG", message, 0, _hint(expression, wanted), **facts)
        except ExpressionWrong as wrong:
            self.mistakes.append(Located(expression, wrong))
            return None
        return value


def _compiled_part(connector: Connector, part: Part, work: _Compiling) -> PartMapping:
    fields = {
        name: _line_number(name, work.value(e, KINDS_OF_FIELDS[name]), work.compiler) for name, e in part.map.items()
    }
    checks = {name: work.value(e, (Kind.TRUTH,)) for name, e in connector.checks.items()}
    return _part(
        connector,
        part,
        {name: value for name, value in fields.items() if value is not None},
        {name: value for name, value in checks.items() if value is not None},
        work.compiler,
    )


def _line_number(name: str, value: Value | None, compiler: Compiler) -> Value | None:
    """A manifest's line may be given as text: it is read as a number."""
    if name != "manifest_line" or value is None or value.kind is not Kind.TEXT:
        return value
    return compiler.site(f"num({value.sql})", Kind.NUMBER, [value], "NUMBER_UNREADABLE")


def _hint(expression: Expression, wanted: tuple[Kind, ...]) -> str | None:
    function = {Kind.NUMBER: "num", Kind.TIME: "ts"}.get(wanted[0])
    return f"{function}({expression.text.strip()})" if function else None


def _once(mistakes: list[Located]) -> list[Located]:
    """Parts share the expressions of the map: each mistake once."""
    return list({(m.expression.at, m.wrong.error, m.wrong.offset): m for m in mistakes}.values())


def _part(
    connector: Connector, part: Part, values: dict[str, Value], checks: dict[str, Value], compiler: Compiler
) -> PartMapping:
    texts = {name: e.text.strip() for name, e in part.map.items()}
    bits: list[tuple[ErrorBit, str]] = []
    for name, value in values.items():
        bits += [(_bit(name, failure, texts[name], value), failure.when) for failure in value.failures]
    hard = {name: v for name, v in checks.items() if name not in connector.warn}
    for name, value in hard.items():
        text = connector.checks[name].text.strip()
        bits += [(_bit(name, failure, text, value), failure.when) for failure in value.failures]
        bits.append((_bit(name, Failure("", "CHECK_FAILED"), text, value), f"coalesce(NOT {value.sql}, false)"))
    early, late = _distinct(bits), field_errors(values, part.name == "", connector.max_mass_g)
    errors = [bit for bit, _ in early] + [_late(error, texts, values) for error in late]
    warnings = {name: v for name, v in checks.items() if name in connector.warn}
    marks = {name: f"coalesce(NOT {v.sql}, false) OR {either(v.failures)}" for name, v in warnings.items()}
    sites, conditions = tuple(compiler.sites.values()), [when for _, when in early]
    sql, odd_sql = (
        part_sql(part.name, values, sites, conditions, late, marks, identity=connector.identity, odd=odd)
        for odd in (False, True)
    )
    return PartMapping(part.name, sql, odd_sql, tuple(errors))


def _bit(name: str, failure: Failure, expression: str, value: Value) -> ErrorBit:
    return ErrorBit(name, failure.error, expression, tuple(sorted(value.columns)))


def _distinct(bits: list[tuple[ErrorBit, str]]) -> list[tuple[ErrorBit, str]]:
    """One bit per field and error: its conditions joined by OR."""
    joined: dict[ErrorBit, str] = {}
    for bit, when in bits:
        joined[bit] = f"{joined[bit]} OR {when}" if bit in joined else when
    return list(joined.items())


def _late(error: FieldError, texts: dict[str, str], values: dict[str, Value]) -> ErrorBit:
    columns = frozenset().union(*(values[n].columns for n in error.reads if n in values))
    return ErrorBit(error.field, error.error, texts.get(error.field, ""), tuple(sorted(columns)))


def errors_of(mapping: PartMapping, masks: tuple[int, ...]) -> list[ErrorBit]:
    """The errors that the bits of a row's error columns stand for."""
    return [bit for index, bit in enumerate(mapping.errors) if masks[index // BITS] >> (index % BITS) & 1]
