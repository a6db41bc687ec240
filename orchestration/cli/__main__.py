"""``python -m orchestration.cli``."""

from orchestration.cli import main

main(prog_name="is248")
