"""Refusals of texts that authors sign, by file and line, and names that a quote may not contain."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.report.anonymity import Names, unit_names
from orchestration.report.authored import Authored
from orchestration.report.model import SignedNumber, Source
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.unit.report_kit import CHAPTER, PROSE, QUOTE, REPORT, fte, round_of

NAMES = unit_names(round_of({"areas": []}).published, PROJECT_DIR / "data")


def taken(folder: Path, *exceptions: str, name: str = "sitat.md") -> Authored:
    (folder / "chapters").mkdir(exist_ok=True)
    (folder / "chapters" / "kapittel.md").write_text(CHAPTER, encoding="utf-8")
    signed = tuple(SignedNumber(f"authored/2023/{name}", text, 2, "Ola Hansen") for text in exceptions)
    source = Source("small", folder, REPORT, {}, signed, {})
    of = round_of({"fte_by_service": [fte(2023, 9_000.0), fte(2023, 120.0, target_group="children")]}, year=2023)
    authored = Authored(source, 2023, "nb", lambda: NAMES)
    Chapters(of, Vocabulary(of), {}, {}, authored=authored).render(Path("kapittel.md"), CHAPTER, "kapittel.md")
    return authored


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "authored" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "what", "line"),
    [
        ("vurdering.md", PROSE.replace("årsverk for", "årsverk, 17 av dem for"), "'17' is typed by hand", 5),
        ("vurdering.md", PROSE.replace("fte(", "ftes("), "there is no word 'ftes'; nearest is 'fte'", 5),
        ("vurdering.md", PROSE + '\n{{ table("by_group") }}\n', "there is no word 'table'", 7),
        ("vurdering.md", PROSE.replace("date:", "dato:"), "cannot have 'dato'; nearest is 'date'", 3),
        ("vurdering.md", PROSE.replace("2024-11-14", "i dag"), "date", 1),
        ("vurdering.md", PROSE.replace("---\nby", "by", 1), "has no header", 1),
        ("vurdering.md", PROSE.split("Tjenestene")[0], "has no text", 4),
        ("vurdering.md", PROSE.replace("date:", "role: Leder\ndate:"), "prose cannot have a role", 1),
        ("vurdring.md", PROSE, "no chapter has a slot 'vurdring'; nearest is 'vurdering'", None),
        ("sitat.md", QUOTE.replace("role: Fagleder\n", ""), "the quote has no role", 1),
        ("sitat.md", QUOTE.replace("i kommunen", "i Trondheim"), "a unit of the survey: 'Trondheim'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "i trondheimsområdet"), "a unit of the survey: 'trondheimsområdet'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "i moss kommune"), "a unit of the survey: 'moss kommune'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "i Guovdageaidnu"), "a unit of the survey: 'Guovdageaidnu'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "på St. Hanshaugen"), "a unit of the survey: 'St. Hanshaugen'", 6),
        ("sitat.md", QUOTE.replace("Fagleder", "Leder i Oslo"), "a unit of the survey: 'Oslo'", 4),
        ("sitat.md", QUOTE.replace("i kommunen", "sier Kari Nordmann"), "a person: 'Kari Nordmann'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "sier Per Gynt"), "what looks like a person: 'Per Gynt'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "sier psykolog Gynt"), "what looks like a person: 'psykolog Gynt'", 6),
        ("sitat.md", QUOTE.replace("i kommunen", "a.b@kommune.no"), "an address", 6),
        ("sitat.md", QUOTE.replace("flere hender", "40 hender"), "'40' is typed by hand", 6),
        ("sitat.md", QUOTE.replace("flere hender", "{{ fte(year) }} hender"), "a quote cannot have expressions", 6),
    ],
)
def test_what_is_wrong_with_a_signed_text_is_reported_with_its_line(
    tmp_path: Path, name: str, text: str, what: str, line: int | None
) -> None:
    path = write(tmp_path, f"2023/{name}", text)
    with pytest.raises(UserError) as error:
        taken(tmp_path)
    assert what in error.value.what
    assert error.value.place == (str(path) if line is None else f"{path}, line {line}")


def test_a_name_that_is_none_and_a_number_may_be_signed_a_unit_may_not(tmp_path: Path) -> None:
    write(tmp_path, "2023/sitat.md", QUOTE.replace("i kommunen", "med Rask Psykisk").replace("flere", "40"))
    assert taken(tmp_path, "med Rask Psykisk uten 40").exceptions == {2}
    write(tmp_path, "2023/sitat.md", QUOTE.replace("i kommunen", "i Trondheim"))
    with pytest.raises(UserError, match="Trondheim"):
        taken(tmp_path, "i Trondheim uten")


@pytest.mark.parametrize("words", ["en time til", "marker og strand", "NAV og Helsedirektoratet", "en gran og en ås"])
def test_ordinary_words_in_small_letters_are_no_names(words: str) -> None:
    assert list(Names(NAMES).found(f"Vi sier {words}.")) == []


def test_every_name_that_a_municipality_has_or_had_is_found() -> None:
    names = Names(NAMES)
    assert len(NAMES) > 400
    assert [each for each in NAMES if not list(names.found(f"Hos oss i {each} er det annerledes."))] == []
