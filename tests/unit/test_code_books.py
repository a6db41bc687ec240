"""Code books: recognised whatever their encoding, read once, and compared with the codes in the draft of a form."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.forms.code_book import Meant, OddCode, meanings_of, odd_codes
from orchestration.forms.draft import Draft, draft_form
from orchestration.ingest.code_books import CodeBook, book_of, code_book, code_books_of, codes_of
from orchestration.ingest.headers import inspect_delivery
from orchestration.ingest.readers import encodings
from tests.unit.test_form_draft import HEADERS, delivered, write_form


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("1=Ja, 2=Nei", {"1": "Ja", "2": "Nei"}),
        ("1 = Ja; 2 = Nei;", {"1": "Ja", "2": "Nei"}),
        ("1=Ja\n2=Nei", {"1": "Ja", "2": "Nei"}),
        ("1: Ja | 2: Nei, ikke ennå", {"1": "Ja", "2": "Nei, ikke ennå"}),
        # A label may contain the separator of codes.
        ("1=Ja, psykisk helse, 2=Ja, rus, 4=Nei", {"1": "Ja, psykisk helse", "2": "Ja, rus", "4": "Nei"}),
        ("1=Ja: alltid, 2=Nei", {"1": "Ja: alltid", "2": "Nei"}),
        ("J=Ja, N=Nei", {"J": "Ja", "N": "Nei"}),
        ("999=ukjent", {"999": "ukjent"}),
        # No list of codes, or one with two meanings for a code.
        ("", {}),
        ("18+, 0-17", {}),
        ("se vedlegg; 1=Ja", {}),
        ("1=Ja, 1=Nei", {}),
    ],
)
def test_codes_are_read_as_people_list_them(text: str, codes: dict[str, str]) -> None:
    assert codes_of(text) == codes


BOOK = """variable;label;type;codes
q1;Har dere en plan?;kode;1=Ja, 2=Nei
q2;Antall årsverk;tall;999=ukjent
q3;Merknad;tekst;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_code_book_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes(BOOK.encode(encoding))
    book = code_book(path)
    assert book is not None
    assert book.labels["q2"] == "Antall årsverk"
    assert (book.kinds, book.free_texts) == ({"q1": "code", "q2": "number", "q3": "text"}, {"q3"})
    assert book.codes == {"q1": {"1": "Ja", "2": "Nei"}, "q2": {"999": "ukjent"}}


def test_what_is_said_twice_in_two_ways_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("variable,label,type,codes\nq1,A,kode,1=Ja\nq1,B,tall,1=Nei\nq2,C,,\n", encoding="utf-8")
    assert code_book(path) == CodeBook({"q2": "C"}, several=("q1",))


def test_two_code_books_say_what_they_say_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BOOK, encoding="utf-8")
    (tmp_path / "b.csv").write_text("variable;label\nq9;Noe annet\n", encoding="utf-8")
    (tmp_path / "data.csv").write_text("nr;label\n1;2\n", encoding="utf-8")
    assert [path.name for path in code_books_of(tmp_path)] == ["a.csv", "b.csv"]
    assert book_of(tmp_path).labels.keys() == {"q1", "q2", "q3", "q9"}
    assert book_of(tmp_path / "none") == CodeBook()


def test_new_year_decodes_a_code_book_once_and_data_never_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    previous = write_form(tmp_path / "small_2001")
    folder = tmp_path / "2002"
    folder.mkdir()
    (folder / "codes_2002.csv").write_text(BOOK, encoding="utf-8")
    (folder / "small_2002_a.csv").write_text(
        ";".join(HEADERS) + "\n" + ";".join("1" for _ in HEADERS) + "\n", encoding="utf-8"
    )
    asked: list[bytes] = []
    fitting = encodings.fitting

    def count(content: bytes) -> str | None:
        asked.append(content)
        return fitting(content)

    monkeypatch.setattr(encodings, "fitting", count)
    inspect_delivery(folder, previous)
    assert asked == [BOOK.encode()]


# --- Beside a draft --------------------------------------------------------------------------------------------------------


def drafted(tmp_path: Path, codes: dict[str, dict[str, str]]) -> Draft:
    return draft_form(write_form(tmp_path / "small_2001"), delivered(*HEADERS), codes=codes)


def test_a_code_that_is_in_no_cell_is_reported_with_its_label(tmp_path: Path) -> None:
    draft = drafted(tmp_path, {"plan_made": {"1": "ja", "2": "Nei", "3": "Under arbeid"}})
    assert draft.odd_codes == (OddCode("plan_made", "plan_adopted", "3", "Under arbeid"),)
    assert 'plan_adopted 3: "Under arbeid" (plan_made)' in draft.render()
    assert draft.as_dict()["codes"][0]["label"] == "Under arbeid"


def test_codes_that_were_numbered_anew_are_reported(tmp_path: Path) -> None:
    draft = drafted(tmp_path, {"plan_made": {"1": "Nei", "2": "Ja"}})
    assert [(code.code, code.before, code.label) for code in draft.odd_codes] == [("1", "Ja", "Nei"), ("2", "Nei", "Ja")]
    assert "Codes with another wording in the code book: were they renumbered? (2)" in draft.render()


def test_codes_in_columns_of_numbers_are_told_unless_they_are_no_answer_already(tmp_path: Path) -> None:
    # 999 means "no answer" in all number columns of the form.
    draft = drafted(tmp_path, {"housing_fte": {"998": "vet ikke", "999": "ukjent"}, "day_fte": {"998": "vet ikke"}})
    assert [(code.column, code.code) for code in draft.odd_codes] == [("housing_fte", "998"), ("day_fte", "998")]
    assert '998 "vet ikke" in 2 columns: housing_fte, day_fte' in draft.render()


def test_a_code_of_a_question_is_told_once_and_an_undecided_column_not_at_all() -> None:
    use = {"use": "answer", "question": "quality", "type": "code", "missing": "unsure:9"}
    rows = [{"sheet": "main", "column": name, **use} for name in ("a", "b")] + [
        {"use": "unsure", "sheet": "main", "column": "c"}
    ]
    codes = {("main", name): {"1": "Godt", "9": "Ubesvart"} for name in "abc"}
    assert [*odd_codes(rows, [], codes, ())] == [OddCode("a", "quality", "1", "Godt")]


def test_what_a_label_meant_is_known_where_all_forms_agree(tmp_path: Path) -> None:
    options = ["question,code,answer,label_nb,missing_reason", "plan_adopted,1,yes,Ja,", "plan_adopted,2,no,Nei,"]
    one = write_form(tmp_path / "small_2001", options=[*options, "plan_adopted,8,,Vet ikke,not_answered"])
    other = one.model_copy(update={"options": (one.options[0].model_copy(update={"label_nb": "NEI "}),)})
    assert meanings_of([one]) == {
        "ja": Meant("yes", ""),
        "nei": Meant("no", ""),
        "vet ikke": Meant("", "not_answered"),
    }
    assert "nei" not in meanings_of([one, other])
