"""Loads and checks the form folders; errors name file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import yaml
from pydantic import BaseModel, ValidationError

from orchestration.core import letters, yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import Problems, UserError
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import OF_OPTIONS, UNSURE, ColumnMap, Form, OptionMap, header

Row = TypeVar("Row", bound=BaseModel)
DOCUMENTATION = "docs/run/form-folders.md says what belongs there"

# The code list of the questions that divide FTE, each with the list of its categories as its parent.
BREAKDOWNS = "fte_breakdown"

# Why a column of a draft is ignored in a preview.
UNDECIDED = "undecided"


def _line(text: str, location: tuple[int | str, ...]) -> int:
    """Return the line of form.yml in which a value stands, or the nearest one that holds it."""
    node = yaml.compose(text)
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == part]
            if not pairs:
                break
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


@dataclass(frozen=True)
class Undecided:
    """A row of columns.csv of a draft that a person must decide, with the draft's remarks."""

    line: int
    sheet: str
    column: str
    note: str


def refuse_odd_row(row: Mapping[Any, Any], path: Path, line: int) -> None:
    """Refuse a row of a csv file with more or fewer cells than the header, as ``csv.DictReader`` returns it.

    Raises:
        UserError: with file and line.
    """
    if None in row or None in row.values():
        raise UserError(
            f"has {'more' if None in row else 'fewer'} cells than the header",
            place=f"{path}, line {line}",
            remedy="put cells that contain a comma in quotation marks",
        )


def _unchanged(row: dict[str, str], line: int) -> dict[str, str] | None:
    return row


def _read_rows(
    path: Path,
    model: type[Row],
    problems: Problems,
    take: Callable[[dict[str, str], int], dict[str, str] | None] = _unchanged,
) -> list[Row]:
    """Read a csv file of the registry into typed rows.

    Args:
        path: the file.
        model: what a row is.
        problems: collects the problems of single rows, which are then left out.
        take: returns what is read of a row at a line, or None.
    """
    names = [name for name in model.model_fields if name != "line"]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(map(letters.plain, file), strict=True)
            header = list(reader.fieldnames or [])
            unknown = [name for name in header if name not in names]
            required = [name for name, field in model.model_fields.items() if field.is_required() and name not in header]
            if unknown or required or len(header) != len(set(header)):
                raise UserError(
                    f"the header has {', '.join(header) or 'nothing'}",
                    place=f"{path}, line 1",
                    remedy=f"the columns are {', '.join(names)}",
                )
            rows: list[Row] = []
            undecided: list[int] = []
            for raw in reader:
                line = reader.line_num
                if take is _unchanged and raw.get("use") == UNSURE:
                    undecided.append(line)
                    continue
                with problems.collect():
                    refuse_odd_row(raw, path, line)
                    taken = take({k: v.strip() for k, v in raw.items()}, line)
                    try:
                        rows += [model.model_validate({**taken, "line": line})] if taken is not None else []
                    except ValidationError as error:
                        raise UserError(first_problem(error), place=f"{path}, line {line}", remedy=DOCUMENTATION) from error
            if undecided:
                raise UserError(
                    f"{len(undecided)} row{'s are' if len(undecided) > 1 else ' is'} not decided (use: {UNSURE})",
                    place=f"{path}, line {undecided[0]}",
                    remedy="give each another use, or delete it; ./is248 preview shows the decisions so far",
                )
    except FileNotFoundError as error:
        raise UserError("the file is missing", place=str(path), remedy=DOCUMENTATION) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"is not a UTF-8 csv file ({error})", place=str(path), remedy=DOCUMENTATION) from error
    return rows


def _check_columns(form: Form, path: Path, problems: Problems, *, is_decided: bool) -> None:
    """Check what concerns several rows: unknown sheets, columns mapped twice, codes without options.

    In a draft, codes may belong to columns that are not decided yet, and codes of columns that are gone are removed only
    when every column is decided.
    """
    sheets = {sheet.name for sheet in form.sheets}
    seen: dict[tuple[str, str, str], ColumnMap] = {}
    meanings: dict[tuple[str, ...], list[ColumnMap]] = {}
    for column in form.columns:
        with problems.collect():
            _check_column(form, path, column, sheets, seen, meanings)
    for check in (_check_named_columns, _check_patterns, _check_missing):
        with problems.collect():
            check(form, path)
    codes: dict[tuple[str, str], OptionMap] = {}
    for option in form.options:
        if (option.question, option.code) in codes:
            problems.report(
                UserError(
                    f"code {option.code!r} of {option.question} is also in line {codes[option.question, option.code].line}",
                    place=f"{path / 'options.csv'}, line {option.line}",
                    remedy="keep one",
                )
            )
        codes[option.question, option.code] = option
    with_options = {option.question for option in form.options}
    coded = {column.question: column for column in form.columns if column.use == "answer" and column.type in OF_OPTIONS}
    for question, column in coded.items():
        if question not in with_options:
            problems.report(
                UserError(
                    f"question {question!r} has no options",
                    place=f"{path / 'columns.csv'}, line {column.line}",
                    remedy="list its codes in options.csv",
                )
            )
    without: dict[str, list[OptionMap]] = {}
    for option in form.options:
        if option.question not in coded and is_decided:
            without.setdefault(option.question, []).append(option)
    for question, options in without.items():
        problems.report(
            UserError(
                f"question {question!r} is not a question with codes"
                + (f" (so it is in {len(options) - 1} more lines)" if len(options) > 1 else ""),
                place=f"{path / 'options.csv'}, line {options[0].line}",
                remedy="delete its codes if it is not asked, or use a question of columns.csv with type code or codes",
            )
        )


def _check_column(
    form: Form,
    path: Path,
    column: ColumnMap,
    sheets: set[str],
    seen: dict[tuple[str, str, str], ColumnMap],
    meanings: dict[tuple[str, ...], list[ColumnMap]],
) -> None:
    """Check a column against those before it, which ``seen`` has by name and ``meanings`` by meaning."""
    place = f"{path / 'columns.csv'}, line {column.line}"
    if column.sheet not in sheets:
        raise UserError(
            f"sheet {column.sheet!r} is not in form.yml", place=place, remedy=f"sheets are {', '.join(sorted(sheets))}"
        )
    if column.use == "absent":
        return
    key = (column.sheet, column.column, column.when)
    if key in seen:
        raise UserError(
            f"column {column.column!r} is already mapped in line {seen[key].line}",
            place=place,
            remedy="map each column once, or once for each `when`",
        )
    seen[key] = column
    if column.use == "answer":
        others = meanings.setdefault(column.meaning, [])
        for other in others:
            if column.type != "text" and not _may_mean_the_same(form, column, other):
                raise UserError(
                    f"means the same as line {other.line}: {' '.join(column.meaning)}",
                    place=place,
                    remedy="give the two columns different questions, items or answers, or, if they are in different "
                    "files, the same type, unit and population and both the reason optional",
                )
        others.append(column)


def _may_mean_the_same(form: Form, one: ColumnMap, other: ColumnMap) -> bool:
    """Whether two columns may be the same question: in different layouts, or under the headers of different files."""
    if (one.type, one.unit, one.population_asked) != (other.type, other.unit, other.population_asked):
        return False
    if one.sheet == other.sheet:
        return one.optional and other.optional and one.when == other.when
    links = {sheet.name: sheet.links_to for sheet in form.sheets}
    roots = []
    for name in (one.sheet, other.sheet):
        seen: list[str] = []
        root: str | None = name
        while root is not None and root not in seen:
            seen.append(root)
            root = links.get(root)
        roots.append(seen[-1])
    return roots[0] != roots[1]


def column_problems(form: Form, path: Path) -> Iterator[tuple[UserError, list[int]]]:
    """Yield what is wrong with lines of columns.csv that are not yet written, with the numbers of these lines.

    Args:
        form: the form with these columns; ``line`` of a column is whatever number its line has.
        path: the form folder.
    """
    sheets = {sheet.name for sheet in form.sheets}
    seen: dict[tuple[str, str, str], ColumnMap] = {}
    meanings: dict[tuple[str, ...], list[ColumnMap]] = {}
    breakdowns = _breakdown_codes(path.parent.parent / "classifications" / "codelists.csv")
    for column in form.columns:
        problems = Problems(go_on=True)
        others = [other.line for other in meanings.get(column.meaning, ()) if column.use == "answer"]
        same = seen.get((column.sheet, column.column, column.when))
        with problems.collect():
            _check_column(form, path, column, sheets, seen, meanings)
        alone = form.model_copy(update={"columns": (column,)})
        with problems.collect():
            _check_missing(alone, path)
        _check_items(alone, path, breakdowns, problems)
        for problem in problems.found:
            yield problem, [column.line, *others, *([same.line] if same is not None else [])]


def _check_missing(form: Form, path: Path) -> None:
    """Check that ranges of missing values are ranges, and that no code is an answer and missing."""
    try:
        MissingValues.parse(form.numbers.missing)
    except ValueError as error:
        raise UserError(f"numbers.missing: {error}", place=str(path / "form.yml"), remedy=DOCUMENTATION) from error
    answers: dict[str, list[OptionMap]] = {}
    for option in form.options:
        if option.answer:
            answers.setdefault(option.question, []).append(option)
    for column in form.columns:
        place = f"{path / 'columns.csv'}, line {column.line}"
        try:
            missing = MissingValues.parse(column.missing.split(";"))
        except ValueError as error:
            raise UserError(f"missing: {error}", place=place, remedy=DOCUMENTATION) from error
        for option in answers.get(column.question, ()) if column.type in OF_OPTIONS and missing else ():
            if option.code in missing:
                raise UserError(
                    f"code {option.code!r} is a missing code here, but an answer in options.csv, line {option.line}",
                    place=place,
                    remedy="keep one of the two",
                )


def _check_patterns(form: Form, path: Path) -> None:
    """Check that DuckDB, which runs the patterns of rows, reads them too: it knows no look-ahead and no back-references."""
    for sheet in form.sheets:
        patterns = [("rows_not_data", rule.matches) for rule in sheet.rows_not_data]
        if sheet.unit is not None and sheet.unit.code_pattern is not None:
            patterns.append(("unit.code_pattern", sheet.unit.code_pattern))
        for where, pattern in patterns:
            try:
                duckdb.execute("select regexp_full_match('', ?)", [pattern]).fetchall()
            except duckdb.Error as error:
                raise UserError(
                    f"sheet {sheet.name}: {where}: the pattern {pattern!r} is not valid ({error})",
                    place=str(path / "form.yml"),
                    remedy="write it without look-ahead and back-references",
                ) from error


def _check_named_columns(form: Form, path: Path) -> None:
    """Check that form.yml and conditions name columns of the map, and that nothing is an identifier without being named."""
    mapped: dict[str, set[str]] = {}
    for column in form.columns:
        mapped.setdefault(column.sheet, set()).add(header(column.column))
    named: dict[str, set[str]] = {}
    for sheet in form.sheets:
        for place, name in sheet.named_columns:
            named.setdefault(sheet.name, set()).add(header(name))
            if header(name) not in mapped.get(sheet.name, set()):
                raise UserError(
                    f"sheet {sheet.name}: {place} names the column {name!r}, which is not in columns.csv",
                    place=str(path / "form.yml"),
                    remedy="map the column, or correct the name",
                )
    for column in form.columns:
        for name, _ in column.conditions:
            named.setdefault(column.sheet, set()).add(header(name))
            if header(name) not in mapped[column.sheet]:
                raise UserError(
                    f"when names the column {name!r}, which is not mapped",
                    place=f"{path / 'columns.csv'}, line {column.line}",
                    remedy="map it as an identifier, or correct the name",
                )
    for column in form.columns:
        if column.use == "identifier" and header(column.column) not in named.get(column.sheet, set()):
            raise UserError(
                f"{column.column!r} is an identifier, but nothing refers to it",
                place=f"{path / 'columns.csv'}, line {column.line}",
                remedy="refer to it in form.yml, or make it an answer or ignored",
            )


def load_form(path: Path) -> Form:
    """Load one form folder.

    Raises:
        UserError: the folder is not a valid form; the message names file and line.
    """
    return _load(path, Problems(), _unchanged)


def load_draft(path: Path, problems: Problems) -> tuple[Form, list[Undecided]]:
    """Load a form folder as far as possible: what is not decided, or not valid, is left out and reported.

    Args:
        path: the form folder.
        problems: takes what is wrong.

    Returns:
        The form, in which columns that are not decided are ignored; and the rows that are not decided.

    Raises:
        UserError: form.yml does not describe a delivery, so that nothing can be read by it.
    """
    undecided: list[Undecided] = []
    open_lines: list[int] = []

    def take(row: dict[str, str], line: int) -> dict[str, str] | None:
        note = row.get("reason", "")
        if row.get("missing", "").startswith(f"{UNSURE}:"):
            undecided.append(Undecided(line, row.get("sheet", ""), row.get("column", ""), f"missing: {row['missing']}"))
            row = {**row, "missing": ""}
        if row.get("use") != UNSURE:
            return row
        undecided.append(Undecided(line, row.get("sheet", ""), row.get("column", ""), note))
        open_lines.append(line)
        if not row.get("column"):
            return None
        return {name: row.get(name, "") for name in ("sheet", "column", "when")} | {"use": "ignored", "reason": UNDECIDED}

    form = _load(path, problems, take, open_lines)
    breakdowns = _breakdown_codes(path.parent.parent / "classifications" / "codelists.csv")
    _check_items(form, path, breakdowns, problems)
    return form, undecided


def _load(
    path: Path,
    problems: Problems,
    take: Callable[[dict[str, str], int], dict[str, str] | None],
    open_lines: Sequence[int] = (),
) -> Form:
    """Load a form folder; problems of form.yml itself are raised, all others are reported.

    Args:
        path: the folder.
        problems: takes what is wrong.
        take: returns what is read of a row of columns.csv at a line, or None.
        open_lines: the lines that ``take`` found to be undecided.
    """
    place = path / "form.yml"
    try:
        text = letters.plain(place.read_text(encoding="utf-8"))
        content: Any = yaml_text.load(text)
    except FileNotFoundError as error:
        raise UserError("the file is missing", place=str(place), remedy=DOCUMENTATION) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"is not YAML ({' '.join(str(error).split())})", place=str(place), remedy=DOCUMENTATION) from error
    if not isinstance(content, dict):
        raise UserError("is not a form", place=str(place), remedy=DOCUMENTATION)
    columns = _read_rows(path / "columns.csv", ColumnMap, problems, take)
    options = _read_rows(path / "options.csv", OptionMap, problems)
    try:
        form = Form.model_validate({**content, "columns": columns, "options": options})
    except ValidationError as error:
        line = _line(text, error.errors()[0]["loc"])
        raise UserError(first_problem(error), place=f"{place}, line {line}", remedy=DOCUMENTATION) from error
    if form.form != path.name:
        raise UserError(f"form is {form.form!r}", place=str(place), remedy="give the folder and the form the same name")
    _check_columns(form, path, problems, is_decided=not open_lines)
    return form


def _breakdown_codes(path: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Return the code list of each question that divides FTE, and the target group of each code where it has one.

    The list of code lists names them. A missing or broken file is reported by the asset that loads it.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["codelist"], row["code"], row["parent"]) for row in csv.DictReader(map(letters.plain, file))]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError):
        return {}
    codes: dict[str, dict[str, str]] = {}
    for codelist, code, parent in rows:
        codes.setdefault(codelist, {})[code] = parent
    return {question: (codelist, codes.get(codelist, {})) for question, codelist in codes.get(BREAKDOWNS, {}).items()}


def _check_items(form: Form, path: Path, breakdowns: dict[str, tuple[str, dict[str, str]]], problems: Problems) -> None:
    """Check that the categories of FTE are in their code lists: others are in no published breakdown."""
    for column in form.columns:
        if column.use != "answer" or column.question not in breakdowns:
            continue
        codelist, codes = breakdowns[column.question]
        place = f"{path / 'columns.csv'}, line {column.line}"
        if column.item not in codes:
            problems.report(
                UserError(
                    f"item {column.item!r} is not a code in the list {codelist}",
                    place=place,
                    remedy="add a new category to data/classifications/codelists.csv, and what it corresponds to in the "
                    "rounds before to category_crosswalk.csv (docs/run/adding-a-year.md)",
                )
            )
        elif codes[column.item] not in ("", column.target_group):
            problems.report(
                UserError(
                    f"item {column.item!r} belongs to the target group {codes[column.item]}, not {column.target_group}",
                    place=place,
                    remedy=f"see the list {codelist} in data/classifications/codelists.csv",
                )
            )


@dataclass(frozen=True)
class Unfinished:
    """A folder that is not a valid form, such as a draft, with its problems and the year and delivery that it states."""

    form: str
    problem: UserError
    time_period: int | None
    delivery: str | None


def _read_setting(path: Path, name: str) -> Any:
    """Return a setting from the form.yml of a folder that is not a valid form, if it can be read at all."""
    try:
        content = yaml_text.load((path / "form.yml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return content.get(name) if isinstance(content, dict) else None


def _form_folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []


def drafts_of(folder: Path, year: int) -> list[Path]:
    """Return the form folders that are of a survey year by their form.yml, finished or not.

    Raises:
        UserError: there is none, and some form.yml states no year, so it may be that one.
    """
    years = {path: _read_setting(path, "time_period") for path in _form_folders(folder)}
    found = [path for path, stated in years.items() if stated == year]
    for path, stated in years.items():
        if not found and not isinstance(stated, int):
            load_form(path)
    return found


def rounds_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Return survey and year of every form folder that states them, finished or not, by its name."""
    stated = {
        path.name: (_read_setting(path, "survey"), _read_setting(path, "time_period")) for path in _form_folders(folder)
    }
    return {
        name: (survey, year) for name, (survey, year) in stated.items() if isinstance(survey, str) and isinstance(year, int)
    }


def load_finished(folder: Path) -> tuple[list[Form], list[Unfinished]]:
    """Load the form folders that are finished, ordered by year and survey, and say which are not.

    Raises:
        UserError: two forms are the same round.
    """
    forms: list[Form] = []
    unfinished: list[Unfinished] = []
    breakdowns = _breakdown_codes(folder.parent / "classifications" / "codelists.csv")
    for path in _form_folders(folder):
        try:
            form = load_form(path)
            _check_items(form, path, breakdowns, Problems())
            forms.append(form)
        except UserError as problem:
            year, delivery = _read_setting(path, "time_period"), _read_setting(path, "delivery")
            unfinished.append(
                Unfinished(
                    path.name,
                    problem,
                    year if isinstance(year, int) else None,
                    None if delivery is None else str(delivery),
                )
            )
    rounds: dict[tuple[str, int], Form] = {}
    for form in forms:
        key = (form.survey, form.time_period)
        if key in rounds:
            raise UserError(
                f"{form.survey} {form.time_period} already has the form {rounds[key].form}",
                place=str(folder / form.form / "form.yml"),
                remedy="keep one form per round",
            )
        rounds[key] = form
    return sorted(forms, key=lambda form: (form.time_period, form.survey)), unfinished


def require_finished(
    forms: Iterable[Form], unfinished: Iterable[Unfinished], years: Collection[int] | None, read: Collection[str] = ()
) -> None:
    """Refuse unfinished forms, unless only other years are wanted and no delivery was read by them before.

    Args:
        forms: the forms that are finished.
        unfinished: those that are not.
        years: the survey years that are wanted; all of them where None.
        read: names of the forms by which a delivery was read: without its form it would drop out of the publication.

    Raises:
        UserError: the problem of the first unfinished form that is needed.
    """
    described = {form.time_period for form in forms}
    for each in unfinished:
        is_wanted = years is None or each.time_period in years
        may_be_wanted = years is not None and each.time_period is None and not described.issuperset(years)
        if is_wanted or may_be_wanted or each.form in read:
            raise each.problem


def load_forms(folder: Path) -> list[Form]:
    """Load all form folders, ordered by year and survey.

    Raises:
        UserError: a form is not valid, or two forms are the same round.
    """
    forms, unfinished = load_finished(folder)
    require_finished(forms, unfinished, None)
    return forms
