"""The command line ``is248``: thin, calls the same functions and assets as Dagster does.

Belongs here: arguments, progress, messages, exit codes, a module for each group of commands, listed in ``catalogue``. Exit
code 0 means success and nothing else; a user's error is one line on standard error that names the place and the remedy. Does
not belong here: SQL, or anything that decides what is published.
"""

from orchestration.cli.common import main

__all__ = ["main"]
