"""Reads a survey year, and the rounds before it, into a warehouse that nothing is published from, and runs the models there.

Everything that would make a run fail is reported, and the reading goes on as far as it can. Belongs here: which forms and
deliveries are read, and the models that are built from them. Does not belong here: what is reported (``year_preview``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.errors import Problems, UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, is_running, run_lock
from orchestration.disclosure import policy
from orchestration.engines import compiled
from orchestration.forms.model import Form
from orchestration.forms.registry import Undecided, drafts_of, load_draft, load_finished, rounds_of
from orchestration.ingest import decisions, deliveries, registry
from orchestration.ingest.data_packages import PACKAGES, check, count_municipalities, describe, load_all
from orchestration.publish import pointer, rolls

# The models of the preview; those that they depend on are built with them.
MODELS = (
    "int_answers",
    "int_contested_units",
    "int_corrections",
    "int_delivered_answers",
    "int_fte_reported",
    "int_indicator_rounds",
    "int_redelivered_units",
    "int_series_breaks",
    "int_unit_responses",
    "int_units_in_several_files",
    "mart_cell_ledger",
)


@dataclass(frozen=True)
class Reading:
    """What was read of a survey year.

    ``before`` has, for each form that has one, the last earlier round of its survey. ``problems`` would make a run fail;
    ``flawed`` has the forms that they are about; ``undecided`` has the rows of columns.csv that a person must decide, by
    form.
    """

    year: int
    forms: tuple[Form, ...]
    before: dict[str, Form]
    delivered: frozenset[str]
    problems: tuple[UserError, ...]
    flawed: frozenset[str]
    undecided: dict[str, tuple[Undecided, ...]]
    not_compared: dict[str, str]
    """Why the last earlier round of a form's survey is not compared with, by form; empty where there is none."""


def _load_inputs(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Load what people wrote, and the published roll; unchecked, since checking takes longer than everything else."""
    load_all(connection, settings.data)
    decisions.load(connection, settings.data)
    policy.load(connection, settings.data)
    rolls.load(connection, settings.snapshots, pointer.current(settings.snapshots))


def _check_inputs(settings: Settings) -> None:
    """Find the broken input after something that is made from the inputs failed.

    Raises:
        UserError: with file and line.
    """
    for package in PACKAGES:
        for resource in describe(settings.data, package):
            check(resource)


def _forms_of(
    settings: Settings, year: int, problems: Problems
) -> tuple[list[Form], dict[str, tuple[Undecided, ...]], set[str]]:
    """Return the forms of a year as far as they are written, their undecided rows, and the forms with problems.

    Raises:
        UserError: no form is of the year.
    """
    paths = drafts_of(settings.forms, year)
    if not paths:
        raise UserError(
            f"there is no form for {year}",
            place=str(settings.forms),
            remedy=f"./is248 new-year <last form> {year} drafts one of what was delivered",
        )
    forms, undecided, flawed = [], {}, set()
    for path in paths:
        before = len(problems.found)
        with problems.collect():
            form, rows = load_draft(path, problems)
            forms.append(form)
            undecided[form.form] = tuple(rows)
        flawed |= {path.name} if len(problems.found) > before else set()
    return forms, undecided, flawed


@contextmanager
def _alone(look: Settings) -> Iterator[None]:
    """Hold the right to write the warehouse of a preview."""
    with ExitStack() as stack:
        try:
            stack.enter_context(run_lock(look.warehouse))
        except UserError as error:
            if not is_running(look.warehouse):
                raise
            raise UserError(
                "another preview is running", place=error.place, remedy="wait until it ends; it takes seconds"
            ) from error
        yield


@contextmanager
def read(
    settings: Settings,
    year: int,
    deliveries_folder: Path | None = None,
    models: Sequence[str] = MODELS,
) -> Iterator[tuple[Reading, duckdb.DuckDBPyConnection]]:
    """Read a survey year and the rounds before it, and yield the result with its warehouse.

    Args:
        settings: where the inputs lie; the warehouse of the preview is a separate folder under the warehouse.
        year: the survey year.
        deliveries_folder: where the deliveries lie, if elsewhere: then the year is read alone.
        models: the models to build.

    Yields:
        What was read, and a connection to the warehouse of the preview. The warehouse is closed and deleted afterwards: it
        holds answers of single units.

    Raises:
        UserError: no form is of the year, none can be read at all, or a model failed.
    """
    problems = Problems(go_on=True)
    look = settings.model_copy(update={"warehouse_dir": settings.preview})
    with _alone(look):
        look.warehouse_file.unlink(missing_ok=True)
        try:
            reading = _read(look, year, problems, deliveries_folder, settings.archive)
            _build(look, models, settings)
            with connect(look.warehouse_file, read_only=True) as connection:
                yield reading, connection
        finally:
            for path in look.warehouse.glob("warehouse.duckdb*"):
                path.unlink()


def _read(look: Settings, year: int, problems: Problems, deliveries_folder: Path | None, archive_folder: Path) -> Reading:
    forms, undecided, flawed = _forms_of(look, year, problems)
    if not forms:
        raise problems.found[0]
    finished, unfinished = load_finished(look.forms) if deliveries_folder is None else ([], [])
    earlier = [form for form in finished if form.time_period < year]
    not_compared = _not_compared(look, forms, earlier, {each.form: each.problem for each in unfinished})
    before = {form.form: last for form in forms for last in [_round_before(form, earlier)] if last is not None}
    rounds = list({each.form: each for each in (*before.values(), *forms)}.values())
    municipalities = count_municipalities(look.data)
    with connect(look.warehouse_file) as connection:
        try:
            _load_inputs(connection, look)
        except duckdb.Error:
            _check_inputs(look)
            raise
        deliveries.prepare_tables(connection, rounds)
        registry.load_registry(connection, rounds)
        delivered = set()
        for form in rounds:
            # Problems of the round before are not the subject of the preview.
            own_problems = problems if form.time_period == year else Problems(go_on=True)
            already = len(own_problems.found)
            with own_problems.collect():
                is_there = deliveries.read_what_is_readable(
                    connection,
                    form,
                    forms=rounds,
                    deliveries=deliveries_folder or look.deliveries,
                    archive_folder=archive_folder,
                    municipalities=municipalities,
                    problems=own_problems,
                )
                delivered |= {form.form} if is_there else set()
            flawed |= {form.form} if len(own_problems.found) > already else set()
            if form.form not in delivered and form.time_period != year:
                why = (
                    str(own_problems.found[0])
                    if own_problems.found
                    else f"{look.deliveries / form.delivery}: there is no such folder"
                )
                not_compared |= {name: why for name, each in before.items() if each.form == form.form}
    return Reading(
        year, tuple(forms), before, frozenset(delivered), tuple(problems.found), frozenset(flawed), undecided, not_compared
    )


def _not_compared(
    look: Settings, forms: list[Form], earlier: list[Form], unfinished: dict[str, UserError]
) -> dict[str, str]:
    """Return why the last earlier round of a form's survey is not the one that it is compared with, by form."""
    rounds = rounds_of(look.forms)
    why = {}
    for form in forms:
        last = _round_before(form, earlier)
        newer = [
            (year, name)
            for name, (survey, year) in rounds.items()
            if survey == form.survey and (last.time_period if last else 0) < year < form.time_period and name in unfinished
        ]
        if newer:
            why[form.form] = f"{max(newer)[1]} is not compared with: {unfinished[max(newer)[1]]}"
    return why


def _round_before(form: Form, earlier: list[Form]) -> Form | None:
    """Return the last earlier round of a form's survey; forms are in the order of their years."""
    same = [other for other in earlier if other.survey == form.survey]
    return same[-1] if same else None


def _build(look: Settings, models: Sequence[str], run: Settings) -> None:
    """Run the models in the warehouse of the preview, as the last run compiled them if the project is unchanged."""
    found = compiled.compiled(look, models, run)
    try:
        with connect(look.warehouse_file) as connection:
            compiled.run(connection, found)
    except UserError:
        _check_inputs(look)
        raise
