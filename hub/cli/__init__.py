"""The command ``wastehub``: a file per group of commands."""
