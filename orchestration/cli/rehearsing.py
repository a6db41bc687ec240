"""The command ``rehearse``: a made-up year to practise on.

Belongs here: the words of the answer. Does not belong here: making up a delivery (the room ``rehearsal``).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from shlex import quote
from typing import Any

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.core.settings import load_settings


@main.command()
@click.argument("year", type=int)
@click.option("--from", "earlier", required=True, metavar="FORM", help="The form whose delivery the new one is made of.")
@click.option("--into", required=True, type=click.Path(path_type=Path), help="A folder that is not there yet.")
@click.option(
    "--seed", default=1, show_default=True, help="Another number gives other answers, late units, columns and slips."
)
@click.option("--renamed", default=0.03, show_default=True, type=click.FloatRange(0, 1), help="Share of renamed columns.")
@click.option("--reworded", is_flag=True, help="Renamed columns get names and wordings that say little.")
@click.option("--copied", is_flag=True, help="Answers are those of the earlier year, as if its files came again.")
@click.option("--awaited", is_flag=True, help="The first delivery is still to come, so that the years before can be run.")
@command
def rehearse(
    year: int, earlier: str, into: Path, seed: int, renamed: float, reworded: bool, copied: bool, awaited: bool
) -> dict[str, Any]:
    """Make up a delivery of YEAR to practise on: with renamed columns, late units and slips, and a key that says which."""
    from orchestration.rehearsal import made as rehearsal  # imported here: it opens files

    settings = load_settings()
    made = rehearsal.rehearse(
        settings,
        earlier,
        year,
        into,
        seed,
        renamed_share=renamed,
        is_reworded=reworded,
        is_copy=copied,
        is_awaited=awaited,
    )
    data, later = made.data, made.folder / rehearsal.LATER
    run_before = [
        "  ./is248 run       # the years before, as they stand when the spring begins",
        f"  cp -r {quote(str(made.first))} {quote(str(data))}/deliveries/{year}",
    ]
    text = [
        f"a made-up delivery of {year} from {made.form}: {counted(len(made.renamed), 'column')} renamed, "
        f"{counted(len(made.late), 'unit')} late, {counted(len(made.slips), 'slip')} "
        f"({shown_path(made.folder / rehearsal.KEY)} says which; do not look yet)",
        f"  first delivery:              {shown_path(made.first)}",
        f"  later, the late units alone: {shown_path(later / rehearsal.LATE_FILES)}",
        f"  later, all units:            {shown_path(later / rehearsal.WITH_LATE_UNITS)}",
        f"  last, all corrected:         {shown_path(later / rehearsal.CORRECTED)}",
        "walk through it in a shell of its own; whatever is made there says that it is a rehearsal:",
        f"  export IS248_DATA_DIR={quote(str(data.resolve()))}",
        "  unset IS248_WAREHOUSE_DIR IS248_SNAPSHOTS_DIR",
        *(run_before if awaited else []),
        f"  ./is248 new-year {made.form} {year}",
        f"  ./is248 preview {year}",
        "docs/run/spring.md has all steps, and the awkward situations",
    ]
    told = dataclasses.asdict(made) | {name: str(getattr(made, name)) for name in ("folder", "data", "first")}
    return {**told, "text": "\n".join(text)}
