"""What the commands do with a hub: pull, project, try connectors, deal with quarantine, examine."""

from hub.run.doctor import doctor
from hub.run.loop import run
from hub.run.projecting import project
from hub.run.pulling import pull
from hub.run.setting_aside import approve, quarantine_list, quarantine_show, redrive, reject
from hub.run.trying import check, preview, test

__all__ = [
    "approve",
    "check",
    "doctor",
    "preview",
    "project",
    "pull",
    "quarantine_list",
    "quarantine_show",
    "redrive",
    "reject",
    "run",
    "test",
]
