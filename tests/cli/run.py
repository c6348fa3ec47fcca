"""The command as a person starts it: another process, its own language, its own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def wastehub(*args: str | Path, language: str = "C", folder: Path | None = None, **environ: str) -> Outcome:
    """Run ``wastehub args`` in ``folder`` with LC_ALL = ``language``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "WASTEHUB_"))}
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", *map(str, args)], cwd=folder, capture_output=True, check=False, timeout=120,
        env=kept | {"LC_ALL": language} | environ,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
