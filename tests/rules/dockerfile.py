"""docker/Dockerfile as a thing to look at: its instructions, stage by stage."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

from tests.rules.code import ROOT

PATH = ROOT / "docker" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word, and all that follows with line breaks joined."""

    word: str
    rest: str

    def exec_form(self) -> list[str]:
        """The JSON array after ``ENTRYPOINT``, ``CMD`` or ``HEALTHCHECK … CMD``; ValueError where it is a shell's text."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


@cache
def instructions() -> tuple[Instruction, ...]:
    """All instructions; comments left out."""
    text = re.sub(r"^\s*#.*\n", "", PATH.read_text(encoding="utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return tuple(Instruction(*line.split(maxsplit=1)) for line in lines if line.strip())


def last_stage() -> tuple[Instruction, ...]:
    """What the image is made of: from the last FROM on."""
    everything = instructions()
    start = max(number for number, found in enumerate(everything) if found.word == "FROM")
    return everything[start:]


def only(word: str) -> Instruction:
    """The one instruction of that word in the last stage; ValueError where there is not exactly one."""
    (found,) = [instruction for instruction in last_stage() if instruction.word == word]
    return found


def copied() -> list[str]:
    """What the build takes from the repository."""
    sources = [found.rest.split()[:-1] for found in instructions() if found.word == "COPY" and "--from" not in found.rest]
    return [name for names in sources for name in names]
