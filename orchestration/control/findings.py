"""The findings of a survey year, ranked, with names and texts: what every list is made of.

Belongs here: reading ``control.ctl_findings`` from the warehouse, joining names and labels, explanations that are on file,
and the order. Does not belong here: the rules that find something (SQL) and the files (``lists``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from orchestration.control.finding_texts import DOCUMENTATION, ControlTexts, load_control_texts
from orchestration.core.entry_files import read_entries
from orchestration.core.errors import UserError
from orchestration.core.language import Written, in_language, number
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries
from orchestration.trace.explain import cell_name


class Explanation(BaseModel):
    """A finding that is right as it is, and why: an entry of ``data/control/<year>.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    finding: str = Field(min_length=1, description="key of the finding")
    reason: str = Field(min_length=1, description="why the figure is right; restricted")
    answered_by: str = Field(min_length=1)
    date: date
    value: Decimal | None = Field(default=None, description="the finding's value that was explained; another one is not")
    compared: Decimal | None = Field(default=None, description="what it was compared with")

    def holds(self, value: Decimal | None, compared: Decimal | None) -> bool:
        """Whether the explanation is of these values; one that names no values holds for all."""
        return (self.value is None or self.value == value) and (self.compared is None or self.compared == compared)


@dataclass(frozen=True)
class Finding:
    """One matter that one unit is asked about. Numbers are FTE; ``key`` is the same from run to run.

    Several findings about one number become one question: the one of the greatest effect, with the others in ``also``.
    """

    key: str
    number: str
    """What it is about: equal for all findings about one number."""
    survey: str
    unit_code: str
    unit_name: str
    county_code: str
    county_name: str
    size_group: str
    finding: str
    title: str
    question: str
    target_group: str
    value: Decimal | None
    compared: Decimal | None
    before: Decimal | None
    limit: Decimal | None
    effect: Decimal
    item: str
    reporting_form: str
    place: str
    explanation: Explanation | None
    also: tuple[Finding, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The findings that it asks about."""
        return (self.finding, *(each.finding for each in self.also))


@dataclass(frozen=True)
class Item:
    """A cell of the FTE blocks of a form that a correction may be about."""

    form: str
    question: str
    target_group: str
    code: str
    label: str


@dataclass(frozen=True)
class Control:
    """The control of one year: its findings in order, and what a list needs besides."""

    year: int
    language: Written
    texts: ControlTexts
    findings: list[Finding]
    items: list[Item]
    reporting_forms: dict[str, str]
    constructed: bool

    def by_number(self) -> dict[str, list[Finding]]:
        """Return the findings by the number that they are about; nearly always one a number."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.number, []).append(finding)
        return found


_FINDINGS = """
    with municipalities as (
        select distinct time_period, municipality_code as unit_code, municipality_name as unit_name, county_code, size_group
        from intermediate.int_units
    ),
    units as (
        select time_period, unit_code, unit_name, county_code,
            case when unit_level = 'city_district' then 'oslo_districts' else size_group end as size_group
        from intermediate.int_units
        union all
        select municipalities.* from municipalities
        anti join intermediate.int_units as parts
            on municipalities.time_period = parts.time_period and municipalities.unit_code = parts.unit_code
    )
    select found.*, units.unit_name, units.county_code, counties.county_name, units.size_group
    from control.ctl_findings as found
    left join units on found.time_period = units.time_period and found.unit_code = units.unit_code
    left join staging.stg_reference__counties as counties
        on units.county_code = counties.county_code
        and found.time_period between counties.valid_from_year and counties.valid_to_year
    where found.time_period = $year
"""

_LABELS = """
    select codelist, code, label_nb as nb, label_en as en from staging.stg_classifications__codelists
    union all
    select 'question', indicator, label_nb, label_en from staging.stg_indicators__indicators
"""

_ITEMS = """
    select distinct asked.form, asked.question, asked.target_group, asked.category, breakdowns.sort_order, groups.sort_order,
        codes.sort_order, breakdowns.parent as codelist
    from intermediate.int_fte_asked as asked
    inner join staging.stg_classifications__codelists as breakdowns
        on breakdowns.codelist = 'fte_breakdown' and breakdowns.code = asked.question
    inner join staging.stg_classifications__codelists as groups
        on groups.codelist = 'target_group' and groups.code = asked.target_group
    inner join staging.stg_classifications__codelists as codes
        on codes.codelist = breakdowns.parent and codes.code = asked.category
    where asked.time_period = $year
    order by breakdowns.sort_order, groups.sort_order, codes.sort_order, asked.form
"""


def require_controlled(connection: duckdb.DuckDBPyConnection, path: Path, year: int) -> None:
    """Raise a UserError where the warehouse has no findings, or none of the year."""
    tables = connection.execute(
        "select count(*) from information_schema.tables where table_schema || '.' || table_name in "
        "('control.ctl_findings', 'intermediate.int_survey_rounds')"
    ).fetchone()
    if tables != (2,):
        raise UserError("the warehouse is not built yet", place=str(path), remedy="run ./is248 run")
    years = [
        row[0]
        for row in connection.execute(
            "select distinct time_period from intermediate.int_survey_rounds where is_delivered order by time_period"
        ).fetchall()
    ]
    if year not in years:
        raise UserError(
            f"nothing was delivered for {year}",
            place="control",
            remedy=f"choose one of {', '.join(str(known) for known in years)}, or run ./is248 run first",
        )


def load_explanations(folder: Path, texts: ControlTexts) -> dict[str, list[Explanation]]:
    """Return the explanations that are on file, by what they are about (``ControlTexts.number_of``).

    Raises:
        UserError: a file is not a list of explanations, or two explain the same values of a finding.
    """
    found: dict[str, list[Explanation]] = {}
    for path in sorted(folder.glob("*.yml")):
        for line, entry in read_entries(path, Explanation, DOCUMENTATION):
            same = found.setdefault(texts.number_of(entry.finding), [])
            explained_then = (entry.finding, entry.value, entry.compared)
            if any((other.finding, other.value, other.compared) == explained_then for other in same):
                raise UserError(
                    f"explains {entry.finding} twice", place=f"{path}, line {line}", remedy="keep one of the two"
                )
            same.append(entry)
    return found


def explained(entries: list[Explanation], value: Decimal | None, compared: Decimal | None) -> Explanation | None:
    """Return the latest of the explanations of a finding that is of these values."""
    return next((entry for entry in reversed(entries) if entry.holds(value, compared)), None)


def rounded(value: Any) -> Decimal | None:
    """Return a number with two decimals, rounded half up."""
    return None if value is None else Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _place(row: dict[str, Any]) -> str:
    """Return the place of a finding in the delivery."""
    if row["file"] is None:
        return ""
    sheet = f", {row['sheet']}" if row["sheet"] not in (None, row["file"]) else ""
    if row["column_number"] is None:
        return f"{row['file']}{sheet}, {row['row_number']}"
    cell = cell_name(row["row_number"], row["column_number"])
    return f"{row['file']}{sheet}, {cell}" + (f" ({row['header']})" if row["header"] else "")


def _per_1000(value: Any, population: int | None) -> Decimal | None:
    return Decimal(value) * 1000 / population if value is not None and population else None


def _values(
    row: dict[str, Any],
    year: int,
    texts: ControlTexts,
    language: Written,
    label: Callable[[str, str | None], str | None],
) -> dict[str, str | None]:
    """Return the values of a question's placeholders."""

    def word(kind: str, code: str | None) -> str | None:
        return texts.word(kind, code, language) or label(kind, code)

    def fte(value: Any) -> str | None:
        return number(value, language, decimals=(0, 2))

    def rate(value: Any) -> str | None:
        return number(_per_1000(value, row["population"]), language, decimals=(1, 1))

    kinds = ("reporting_form", "rejected_reason", "question")
    detail = next(filter(None, (word(kind, row["detail"]) for kind in kinds)), row["detail"])
    return {
        "unit": row["unit_name"] or row["unit_code"],
        "year": str(year),
        "question": word("question", row["question"]),
        "target_group": word("target_group", row["target_group"]),
        "item": label("item", row["item"]) or label("target_group", "total"),
        "form": word("reporting_form", row["reporting_form"]),
        "value": fte(row["value"]),
        "compared": fte(row["value_compared"]),
        "before": fte(row["value_before"]),
        "previous_year": None if row["previous_period"] is None else str(row["previous_period"]),
        "limit": number(row["limit_value"], language, decimals=(0, 1)),
        "rate": rate(row["value"]),
        "rate_limit": rate(row["limit_value"]),
        "population": number(row["population"], language, decimals=(0, 0)),
        "text": row["detail"],
        "detail": detail,
        "wording": row["wording"] or word("question", row["question"]),
        "place": _place(row),
    }


def load_control(settings: Settings, year: int, language: Written = "nb") -> Control:
    """Return the findings of a year, the greatest effect first and what is explained last.

    Raises:
        UserError: there is no warehouse, nothing of the year, or a finding without texts.
    """
    texts = load_control_texts(settings.control_texts)
    explanations = load_explanations(settings.explanations, texts)
    if not settings.warehouse_file.exists():
        raise UserError("there is no warehouse", place=str(settings.warehouse_file), remedy="run ./is248 run")
    with connect(settings.warehouse_file, read_only=True) as connection:
        require_controlled(connection, settings.warehouse_file, year)
        rows = dictionaries(connection, _FINDINGS, {"year": year})
        # Labels of the code lists are those of the form, which is in bokmål.
        of_codes = "en" if language == "en" else "nb"
        labels = {(row["codelist"], row["code"]): row[of_codes] for row in dictionaries(connection, _LABELS)}
        asked = connection.execute(_ITEMS, {"year": year}).fetchall()
        forms = connection.execute(
            "select distinct reporting_form from intermediate.int_fte_asked where time_period = ? order by 1", [year]
        ).fetchall()
        constructed = connection.execute(
            "select coalesce(bool_or(constructed), false) from forms.forms where time_period = ?", [year]
        ).fetchone()
    items = [Item(entry[0], entry[1], entry[2], entry[3], labels[entry[7], entry[3]]) for entry in asked]
    item_labels = {(item.question, item.code): item.label for item in items}

    def label(kind: str, code: str | None) -> str | None:
        return labels.get((kind, code or ""))

    order = {entry.id: place for place, entry in enumerate(texts.findings)}
    found = []
    asked_also: dict[str, str] = {}
    for row in rows:
        text = texts.of(row["finding"])

        def label_of(kind: str, code: str | None, row: dict[str, Any] = row) -> str | None:
            # An item without a code list keeps the form's name.
            named = item_labels.get((row["question"], code or "")) or (code and row["wording"]) or code
            return named if kind == "item" else label(kind, code)

        values = _values(row, year, texts, language, label_of)
        group = row["target_group"]
        value, compared = rounded(row["value"]), rounded(row["value_compared"])
        number_of = texts.number_of(row["finding_key"])
        asked_also[row["finding_key"]] = text.ask_also(values, language)
        found.append(
            Finding(
                key=row["finding_key"],
                number=number_of,
                survey=label("survey", row["survey"]) or row["survey"] or "",
                unit_code=row["unit_code"] or "",
                unit_name=row["unit_name"] or "",
                county_code=row["county_code"] or "",
                county_name=row["county_name"] or "",
                size_group=label("size_group", row["size_group"]) or "",
                finding=row["finding"],
                title=in_language(text.title, language),
                question=text.ask(values, language),
                target_group=texts.word("target_group", group, language) or label("target_group", group) or "",
                value=value,
                compared=compared,
                before=rounded(row["value_before"]),
                limit=rounded(row["limit_value"]),
                effect=rounded(row["effect"]) or Decimal(0),
                item=label_of("item", row["item"]) or "",
                reporting_form=texts.word("reporting_form", row["reporting_form"], language) or "",
                place=values["place"] or "",
                explanation=explained(explanations.get(number_of, []), value, compared),
            )
        )
    found.sort(
        key=lambda entry: (entry.explanation is not None, -entry.effect, order[entry.finding], entry.unit_code, entry.key)
    )
    return Control(
        year=year,
        language=language,
        texts=texts,
        findings=_asked_once(found, asked_also),
        items=items,
        reporting_forms={code: texts.word("reporting_form", code, language) or code for (code,) in forms},
        constructed=bool(constructed and constructed[0]),
    )


def _asked_once(findings: list[Finding], asked_also: dict[str, str]) -> list[Finding]:
    """Return findings in their order; those about one number are merged into one question that names all reasons.

    Args:
        findings: in the order of their effects.
        asked_also: what each adds after the question of another, by its key.
    """
    found: dict[tuple[str, Decimal | None, Decimal | None], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.number, finding.value, finding.compared), []).append(finding)
    return [
        replace(
            first,
            title="; ".join(each.title for each in (first, *others)),
            question=" ".join((first.question, *(asked_also[each.key] for each in others))),
            before=next((each.before for each in (first, *others) if each.before is not None), None),
            also=tuple(others),
        )
        for first, *others in found.values()
    ]
