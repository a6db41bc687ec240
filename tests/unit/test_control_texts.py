"""The texts of the control: every finding has them, and their placeholders are filled in a caseworker's words."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from orchestration.control.finding_texts import FINDINGS, WORDS, FindingText, load_control_texts
from orchestration.core.errors import UserError
from orchestration.core.language import number
from orchestration.core.settings import PROJECT_DIR

TEXTS = PROJECT_DIR / "expectations" / "control"
MODELS = PROJECT_DIR / "dbt_project" / "models" / "control"


def findings_of_the_models() -> set[str]:
    codes: set[str] = set()
    for path in MODELS.glob("ctl_*.sql"):
        text = path.read_text(encoding="utf-8")
        for expression in re.findall(r"('\w+'|\bcase\b(?:(?!\bcase\b).)*?\bend) as finding\b", text, re.DOTALL):
            codes |= set(re.findall(r"(?:^|then |else )'(\w+)'", expression))
    return codes


def text_of(question: str) -> FindingText:
    label = {"nb": "norsk", "en": "English"}
    return FindingText.model_validate(
        {
            "id": "a_finding",
            "title": label,
            "question": {"nb": question, "en": question},
            "explanation": label,
            "what_to_do": label,
        }
    )


def test_every_finding_of_the_models_has_its_texts_and_no_text_is_left_over() -> None:
    codes = findings_of_the_models()
    assert {"large_change", "tenfold", "no_children_fte_for_size", "rejected_row"} <= codes
    assert codes == {entry.id for entry in load_control_texts(TEXTS).findings}


def test_a_question_is_filled_and_a_part_without_a_value_is_left_out() -> None:
    text = text_of("{unit} har {value}.[ Før {before}.] Riktig?")
    assert text.ask({"unit": "Moss", "value": "1,5", "before": "2"}, "nb") == "Moss har 1,5. Før 2. Riktig?"
    assert text.ask({"unit": "Moss", "value": "1,5", "before": None}, "nb") == "Moss har 1,5. Riktig?"
    assert text.ask({"unit": None}, "nb") == "\u2013 har \u2013. Riktig?"


def test_what_a_respondent_wrote_is_no_placeholder() -> None:
    assert text_of("«{text}»[ og {value}]").ask({"text": "[{unit}]", "unit": "Moss"}, "nb") == "«[{unit}]»"


@pytest.mark.parametrize(
    ("value", "decimals", "nb", "en"),
    [
        (Decimal("12.500000"), (0, 2), "12,5", "12.5"),
        (Decimal("12.000000"), (0, 2), "12", "12"),
        (Decimal("12.005"), (0, 2), "12,01", "12.01"),
        (Decimal("5.14"), (1, 1), "5,1", "5.1"),
        (Decimal("1234.5"), (0, 2), "1\u00a0234,5", "1,234.5"),
        (45537, (0, 0), "45\u00a0537", "45,537"),
        (None, (0, 2), None, None),
    ],
)
def test_numbers_stand_as_the_language_writes_them(
    value: Decimal | None, decimals: tuple[int, int], nb: str | None, en: str | None
) -> None:
    assert number(value, "nb", decimals=decimals) == nb
    assert number(value, "en", decimals=decimals) == en


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": {"nb": "{navn}", "en": "x"}}, "{navn} is not a placeholder"),
        ({"also": {"nb": "x", "nn": "{namn}", "en": "x"}}, "also.nn: {namn} is not a placeholder"),
        ({"title": {"nb": "{unit}", "en": "x"}}, "only the questions have placeholders"),
        ({"title": {"nb": "x"}}, "title.en: Field required"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_text_is_reported_with_its_file(tmp_path: Path, change: dict[str, object], message: str) -> None:
    shutil.copytree(TEXTS, tmp_path, dirs_exist_ok=True)
    entries = yaml.safe_load((TEXTS / FINDINGS).read_text(encoding="utf-8"))
    entries[0] |= change
    (tmp_path / FINDINGS).write_text(yaml.safe_dump(entries), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_control_texts(tmp_path)
    assert message in caught.value.what
    assert caught.value.place == str(tmp_path / FINDINGS)


def test_two_entries_of_one_finding_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    shutil.copytree(TEXTS, tmp_path, dirs_exist_ok=True)
    entries = yaml.safe_load((TEXTS / FINDINGS).read_text(encoding="utf-8"))
    (tmp_path / FINDINGS).write_text(yaml.safe_dump([*entries, entries[0]]), encoding="utf-8")
    with pytest.raises(UserError, match="has two entries"):
        load_control_texts(tmp_path)
    (tmp_path / FINDINGS).write_text(yaml.safe_dump(entries), encoding="utf-8")
    (tmp_path / WORDS).unlink()
    with pytest.raises(UserError, match="cannot be read"):
        load_control_texts(tmp_path)
