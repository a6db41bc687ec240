"""The FTE that a unit reported, number by number, so that it sees what it is asked about.

Belongs here: reading the delivered numbers of a year, with their labels. Does not belong here: findings (``findings``).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.control.findings import Control
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries


@dataclass(frozen=True)
class Reported:
    """A delivered number as its unit wrote it, in words."""

    question: str
    target_group: str
    reporting_form: str
    item: str
    text: str


_REPORTED = """
    with asked as (
        select form, question, item, target_group, reporting_form, min(line) as line, min(wording_nb) as wording
        from staging.stg_forms__columns
        where use = 'answer' and unit = 'fte'
        group by all
    )
    select answers.form, answers.unit_code, answers.question, answers.target_group, answers.reporting_form, answers.item,
        answers.text, codes.label_nb, codes.label_en, asked.wording, indicators.label_nb as question_nb,
        indicators.label_en as question_en
    from intermediate.int_delivered_answers as answers
    inner join asked using (form, question, item, target_group, reporting_form)
    left join staging.stg_indicators__indicators as indicators on indicators.indicator = answers.question
    left join staging.stg_classifications__codelists as breakdowns
        on breakdowns.codelist = 'fte_breakdown' and breakdowns.code = answers.question
    left join staging.stg_classifications__codelists as groups
        on groups.codelist = 'target_group' and groups.code = answers.target_group
    left join staging.stg_classifications__codelists as codes
        on codes.codelist = breakdowns.parent and codes.code = answers.item
        and (codes.parent is null or codes.parent = answers.target_group)
    where coalesce(trim(answers.text), '') != ''
        and answers.form in (select form from staging.stg_forms__forms where time_period = $year)
    order by answers.form, answers.unit_code, breakdowns.sort_order, groups.sort_order, answers.reporting_form,
        codes.sort_order, asked.line, answers.item
"""


def load_reported(settings: Settings, control: Control) -> dict[tuple[str, str], list[Reported]]:
    """Return what each unit reported of FTE in the year of the control, by form and unit, in the order of the form.

    An item without a code list keeps the form's name.
    """
    texts, language = control.texts, control.language
    found: dict[tuple[str, str], list[Reported]] = {}
    with connect(settings.warehouse_file, read_only=True) as connection:
        for row in dictionaries(connection, _REPORTED, {"year": control.year}):
            own = "en" if language == "en" else "nb"
            question = texts.word("question", row["question"], language) or row[f"question_{own}"] or row["question"]
            found.setdefault((row["form"], row["unit_code"]), []).append(
                Reported(
                    question=question,
                    target_group=texts.word("target_group", row["target_group"], language) or row["target_group"],
                    reporting_form=texts.word("reporting_form", row["reporting_form"], language) or row["reporting_form"],
                    item=row[f"label_{own}"] or row["wording"] or row["item"],
                    text=row["text"],
                )
            )
    return found
