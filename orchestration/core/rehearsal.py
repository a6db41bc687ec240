"""The mark of a rehearsal: inputs to practise on, whose results must never look like a publication.

The mark is a file among the inputs. Everything made from them says so, in any channel and format, and stays in their folder.
Belongs here: the mark, and where it lies. Does not belong here: making up a delivery (``rehearsal``).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.core.errors import UserError

# Under the folder of the inputs.
MARK = "rehearsal.yml"

_TEXT = """\
# These are the inputs of a rehearsal (docs/run/spring.md). As long as this file is here, every snapshot that is made of
# them says that it is one, in whatever channel, and warehouse and snapshots are in this folder.
year: {year}
made_of: {form}
seed: {seed}
"""


def mark_as_rehearsal(data: Path, year: int, form: str, seed: int) -> None:
    """Mark a folder of inputs."""
    (data / MARK).write_text(_TEXT.format(year=year, form=form, seed=seed), encoding="utf-8")


def is_rehearsal(data: Path) -> bool:
    """Whether a folder of inputs is marked."""
    return (data / MARK).is_file()


def rehearsal_of(path: Path) -> Path | None:
    """Return the marked folder that contains a path, if there is one."""
    whole = path.resolve()
    return next((folder for folder in (whole, *whole.parents) if is_rehearsal(folder)), None)


def require_apart(data: Path, written: dict[str, Path]) -> None:
    """Refuse a rehearsal that would write elsewhere, and other installations that would write into one.

    Args:
        data: the folder of the inputs.
        written: what is written, by the name of its setting.

    Raises:
        UserError: one of them lies elsewhere; the message names it.
    """
    of_inputs = rehearsal_of(data)
    for name, path in written.items():
        if rehearsal_of(path) == of_inputs:
            continue
        if of_inputs is None:
            raise UserError(
                f"setting {name!r} is a folder of a rehearsal, but the inputs are not a rehearsal's",
                place=str(path),
                remedy=f"unset IS248_{name.upper()}, or set IS248_DATA_DIR to the inputs of the rehearsal",
            )
        raise UserError(
            f"setting {name!r} is outside the rehearsal, whose snapshots must be kept apart",
            place=str(path),
            remedy=f"unset IS248_{name.upper()}: its default is in {of_inputs}",
        )
