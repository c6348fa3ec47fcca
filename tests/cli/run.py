"""The command as a person starts it: in a process of its own, or, where many are needed, within this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.main import run


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
        [sys.executable, "-m", "hub.cli", *map(str, args)],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
        env=kept | {"LC_ALL": language} | environ,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def here(*args: str | Path) -> Outcome:
    """The same within this process: libraries are imported once for all tests. In Chinese."""
    out, err = io.StringIO(), io.StringIO()
    kept = {name: os.environ.pop(name, None) for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([str(arg) for arg in args])
    finally:
        os.environ.pop("LANGUAGE", None)
        os.environ.update({name: value for name, value in kept.items() if value is not None})
    return Outcome(code, out.getvalue(), err.getvalue())
