"""The command ``docs``.

Belongs here: what it says. Does not belong here: the site and its pages (``documentation``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import command, main, shown_path


@main.command(examples=["./is248 docs"], doing="building the pages")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="Write the pages into this folder. Default: build/docs."
)
@command
def docs(into: Path | None) -> dict[str, Any]:
    """Build the documentation as pages that need no network: those of docs/, and one for every table and form."""
    from orchestration.documentation.build import build  # imported here: few need it

    built = build(into)
    return {
        "page": str(built.page),
        "pages": built.pages,
        "text": f"{built.pages} pages\n  open: {shown_path(built.page)}",
    }
