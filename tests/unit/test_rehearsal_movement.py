"""A year's movement of answers: small, seeded, and sums still add up."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from orchestration.forms.model import Form
from orchestration.rehearsal.movement import MOST, move_answers
from orchestration.rehearsal.tables import Row, Table, unit_code

SERVICES, EDUCATION = ("s1", "s2", "s3"), ("e1", "e2")
LAYOUT: dict[str, Any] = {
    "name": "main",
    "file": "export",
    "unit": {"code": ["nr"], "part_code": ["bydel"]},
    "submission": {"id": "id"},
}


def column(name: str, **values: str) -> dict[str, str]:
    usual = {"item": "all", "target_group": "adults", "reporting_form": "joint", "population_asked": "all"}
    return {"sheet": "main", "column": name, "use": "answer", **usual, **values}


def make_form() -> Form:
    fte = {"type": "number", "unit": "fte"}
    columns = [{"sheet": "main", "column": name, "use": "identifier"} for name in ("nr", "bydel", "id")]
    columns += [column(name, question="fte_by_service", **(fte | {"item": name})) for name in SERVICES]
    columns += [column(name, question="fte_by_education", **(fte | {"item": name})) for name in EDUCATION]
    typed_sum = {"use": "ignored", "reason": "typed_sum", "item": "", "population_asked": ""}
    columns += [column("sum", question="fte_by_service", **(fte | typed_sum))]
    columns += [
        column("places", question="own_places", type="code"),
        column("kind", question="kind", type="code", population_asked="own_places=yes"),
        column("money", question="money", type="number", unit="nok"),
    ]
    options = [
        {"question": question, "code": code, "answer": answer}
        for question in ("own_places", "kind")
        for code, answer in (("1", "yes"), ("2", "no"))
    ]
    return Form.model_validate(
        {
            "form": "survey_2016",
            "survey": "is248",
            "time_period": 2016,
            "collection_year": 2016,
            "delivery": "2016",
            "title": {"nb": "x", "en": "x"},
            "reference_period": {"nb": "x", "en": "x"},
            "origin": "x",
            "licence": "x",
            "constructed": True,
            "non_response": "missing",
            "files": [{"name": "export", "pattern": "x.csv", "reader": "csv", "encoding": "utf-8", "delimiter": ";"}],
            "sheets": [LAYOUT],
            "columns": columns,
            "options": [*options, {"question": "kind", "code": "9", "missing_reason": "not_answered"}],
        }
    )


def make_table(form: Form, count: int = 60) -> Table:
    rows = []
    for number in range(count):
        one, two, three = 1 + number % 7, Decimal(number % 5) + Decimal("0.5"), 10 + number
        total = one + two + three
        texts = {
            "nr": f"{1000 + number}",
            "id": str(number),
            "s1": str(one),
            "s2": f"{two}".replace(".", ","),
            "s3": str(three),
            "sum": f"{total}".replace(".", ","),
            "e1": f"{total - 1}".replace(".", ","),
            "e2": "1",
            "places": str(1 + number % 2),
            "kind": "9" if number % 3 == 0 else str(1 + number % 2),
            "money": f"{(number + 1) * 10000}",
        }
        rows.append(Row(texts, unit=texts["nr"], submission=texts["id"]))
    return Table(form.sheets[0], ["nr", "bydel", "id", *SERVICES, "sum", *EDUCATION, "places", "kind", "money"], rows)


def value(row: Row, name: str) -> Decimal:
    return Decimal(row.texts[name].replace(",", "."))


def moved(seed: int, change: Any = None) -> tuple[Table, Table]:
    form = make_form()
    before = make_table(form)
    if change is not None:
        change(before)
    after = copy.deepcopy(before)
    move_answers(form, [after], seed)
    return before, after


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fte_move_a_little_and_still_add_up(seed: int) -> None:
    before, after = moved(seed)
    different = 0
    for old, new in zip(before.rows, after.rows, strict=True):
        total = sum(value(new, name) for name in SERVICES)
        assert total == value(new, "sum") == sum(value(new, name) for name in EDUCATION)
        assert abs(total / value(old, "sum") - 1) <= Decimal(MOST) + Decimal("0.05")
        assert all(value(new, name) > 0 for name in SERVICES)
        different += any(old.texts[name] != new.texts[name] for name in SERVICES)
    assert different >= len(before.rows) * 0.85


def test_the_same_seed_moves_the_same_and_another_otherwise() -> None:
    texts = [[row.texts for row in moved(seed)[1].rows] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_copies_of_a_submission_stay_copies() -> None:
    def repeat(table: Table) -> None:
        table.rows += [Row({**row.texts, "id": f"{row.texts['id']}b"}, row.unit, f"{row.submission}b") for row in table.rows]

    _, after = moved(1, repeat)
    half = len(after.rows) // 2
    for one, other in zip(after.rows[:half], after.rows[half:], strict=True):
        assert {**one.texts, "id": ""} == {**other.texts, "id": ""}


def test_what_is_no_plain_number_stays_and_no_code_for_no_answer_is_made() -> None:
    odd = ["ca 3", "-1", "99", "998", "", "0"]

    def slip(table: Table) -> None:
        for row, text in zip(table.rows, odd, strict=False):
            row.texts["s1"] = text
        for row in table.rows[len(odd) :]:
            row.texts["s3"] = "98,5"

    for seed in range(10):
        _, after = moved(seed, slip)
        assert [row.texts["s1"] for row in after.rows[: len(odd)]] == odd
        assert not [row for row in after.rows[len(odd) :] if row.texts["s3"] in {"99", "99,0", "998", "999"}]


def test_coded_answers_are_mostly_kept_and_questions_on_which_others_depend_are() -> None:
    changed = {"places": 0, "kind": 0}
    for seed in range(20):
        before, after = moved(seed)
        for old, new in zip(before.rows, after.rows, strict=True):
            for name in changed:
                changed[name] += old.texts[name] != new.texts[name]
            # A missing answer stays missing.
            assert (old.texts["kind"] == "9") == (new.texts["kind"] == "9")
    assert changed["places"] == 0
    assert 0 < changed["kind"] < 0.05 * 20 * 60


def test_amounts_move_a_little_and_stay_round() -> None:
    before, after = moved(1)
    pairs = [(value(old, "money"), value(new, "money")) for old, new in zip(before.rows, after.rows, strict=True)]
    assert sum(old != new for old, new in pairs) > len(pairs) / 2
    # 10 000 is counted in hundreds or thousands, 250 000 in thousands or ten thousands.
    assert all(new % 100 == 0 and abs(new / old - 1) <= Decimal(MOST) + Decimal("0.05") for old, new in pairs)


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"nr": "0301 Oslo"}, "0301"),
        ({"nr": "301"}, "0301"),
        ({"nr": "0301", "bydel": "030104"}, "030104"),
        ({"nr": "0301", "bydel": "030104 St. Hanshaugen"}, "030104"),
        ({"nr": "0301", "bydel": "30104"}, "030104"),
        ({"nr": "0301", "bydel": "04"}, "030104"),
        ({"nr": "301", "bydel": "4 St. Hanshaugen"}, "030104"),
        ({"nr": "", "bydel": "4"}, ""),
        ({"nr": "Halden"}, ""),
    ],
)
def test_a_district_is_the_unit_and_not_its_municipality(texts: dict[str, str], code: str) -> None:
    unit = make_form().sheets[0].unit
    assert unit is not None
    assert unit_code(unit, Row(texts)) == code
