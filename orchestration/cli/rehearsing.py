"""The command ``rehearse``: a fictitious year to practise on.

Belongs here: the words of the answer. Does not belong here: making up a delivery (the room ``rehearsal``).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from shlex import quote
from typing import Any

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.cli.completion import complete_forms
from orchestration.core.settings import load_settings


@main.command(examples=["./is248 rehearse {next} --from {form} --into /tmp/spring --awaited"], doing="creating the delivery")
@click.argument("year", type=int, help="The survey year of the fictitious delivery.")
@click.option(
    "--from",
    "earlier",
    required=True,
    metavar="FORM",
    shell_complete=complete_forms,
    help="The form to start from.",
)
@click.option("--into", required=True, type=click.Path(path_type=Path), help="Folder to create; it must not exist yet.")
@click.option(
    "--seed",
    default=1,
    show_default=True,
    help="Another number gives other answers, late units, columns and errors.",
)
@click.option("--renamed", default=0.03, show_default=True, type=click.FloatRange(0, 1), help="Share of renamed columns.")
@click.option("--reworded", is_flag=True, help="Give renamed columns names and wordings that say little.")
@click.option("--copied", is_flag=True, help="Repeat the answers of the earlier year, as if its files were delivered again.")
@click.option("--awaited", is_flag=True, help="Leave the first delivery out at first, so that the earlier years can be run.")
@command
def rehearse(
    year: int, earlier: str, into: Path, seed: int, renamed: float, reworded: bool, copied: bool, awaited: bool
) -> dict[str, Any]:
    """Create a fictitious delivery to practise on, with renamed columns, late units and errors, and an answer key.

    It goes into a folder of its own, and everything made from it says that it is a rehearsal (docs/run/spring.md).
    """
    from orchestration.rehearsal import delivery as rehearsal  # imported here: it opens files

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
        "  ./is248 run       # the earlier years, as before the spring",
        f"  cp -r {quote(str(made.first))} {quote(str(data))}/deliveries/{year}",
    ]
    text = [
        f"a fictitious delivery of {year} from {made.form}: {counted(len(made.renamed), 'column')} renamed, "
        f"{counted(len(made.late), 'unit')} late, {counted(len(made.slips), 'slip')} "
        f"({shown_path(made.folder / rehearsal.KEY)} says which; do not look yet)",
        f"  first delivery:              {shown_path(made.first)}",
        f"  later, the late units alone: {shown_path(later / rehearsal.LATE_FILES)}",
        f"  later, all units:            {shown_path(later / rehearsal.WITH_LATE_UNITS)}",
        f"  last, all corrected:         {shown_path(later / rehearsal.CORRECTED)}",
        "work through it in a separate shell; everything made there says that it is a rehearsal:",
        f"  export IS248_DATA_DIR={quote(str(data.resolve()))}",
        "  unset IS248_WAREHOUSE_DIR IS248_SNAPSHOTS_DIR",
        *(run_before if awaited else []),
        f"  ./is248 new-year {made.form} {year}",
        f"  ./is248 preview {year}",
        "docs/run/spring.md has all steps, and the awkward situations",
    ]
    answer = dataclasses.asdict(made) | {name: str(getattr(made, name)) for name in ("folder", "data", "first")}
    return {**answer, "text": "\n".join(text)}
