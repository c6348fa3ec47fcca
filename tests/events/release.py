"""Release the current schema: ``python -m tests.events.release NAME`` writes the next version with its golden messages.

Refuses what the gate refuses. Golden messages are made once and never again: what a version wrote, we read for ever.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import fastavro

from hub.events import compatibility, schema

ROOT = Path(__file__).parents[2] / "schemas/avro/released"
Record = dict[str, Any]

# Numbers stand for times (µs) and days: JSON has neither, and not every one of these is a datetime of Python's.
SAMPLES: dict[str, list[Any]] = {
    "string": ["16.5 吨", "", "𠮷野家🚛", '{"重量":"16000","备注":"\\u0001"}'],
    "long": [16_000_000, 0, 2**63 - 1, -(2**63)],
    "int": [3, 0, 2**31 - 1, -(2**31)],
    "boolean": [True, False, True, False],
    "timestamp-micros": [1_772_323_500_000_000, 0, 253_402_300_799_999_999, -(2**63)],
    "date": [20_513, 0, 2**31 - 1, -(2**31)],
}


def golden(text: str) -> list[Record]:
    """Messages with the plain and the ugly values of every type, and one with nulls wherever they may be."""
    fields = schema.fields(text)
    rows = [{x.name: SAMPLES[x.type][at] for x in fields} for at in range(4)]
    return [*rows, {x.name: None if x.nullable else SAMPLES[x.type][0] for x in fields}]


def plain(text: str) -> Any:
    """The schema for fastavro, without logical types: numbers stay numbers."""
    parsed = json.loads(text)
    for field in parsed["fields"]:
        for inner in field["type"] if isinstance(field["type"], list) else [field["type"]]:
            if isinstance(inner, dict):
                del inner["logicalType"]
    return fastavro.parse_schema(parsed)


def written(record: Record, text: str) -> bytes:
    """What fastavro, which knows nothing of our codec, makes of ``record``."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, plain(text), record)
    return body.getvalue()


def main(name: str) -> int:
    """Write the next version of ``name``; 1 and the reasons where it may not be."""
    text, versions = schema.text(name), compatibility.released(name)
    wrong = [x for old in versions for x in compatibility.incompatibilities(old, text)]
    if wrong or text in versions[-1:]:
        print(*(wrong or ["nothing new"]), sep="\n")
        return 1
    folder, number = ROOT / name, len(versions) + 1
    folder.mkdir(parents=True, exist_ok=True)
    records = golden(text)
    lines = [json.dumps(x, ensure_ascii=False) for x in records]
    (folder / f"{number}.avsc").write_text(text, encoding="utf-8")
    (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"{number}.hex").write_text("\n".join(written(x, text).hex() for x in records) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
