"""``python -m hub.cli`` is ``wastehub``."""

from hub.cli.main import main

main()
