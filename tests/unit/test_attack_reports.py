"""Which question, group and answer a printed figure is about, by the codes, labels and names of the public tables."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from orchestration.attack.reports import BASE, Figure, Reports, read_reports
from orchestration.attack.sheets import ANSWERED
from orchestration.core.errors import UserError

PLAN, ASSESSMENT, KINDS = "plan", "assessment", "kinds"


def read(folder: Path, *rows: Sequence[object]) -> Reports:
    """Read printed figures: measure, dimensions, and fields that differ from the defaults."""
    path = folder / "is248.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create table published_figures (source_id text, table_id text, measure text, unit text, dimensions text,
                time_period int, value double, value_text text, decimals int, n_base int, note text, cell_key text);
            create table indicator_shares as select * from (values
                ('plan', 'all', 2050, 'yes'), ('plan', 'all', 2050, 'no'), ('kinds', 'all', 2050, 'shelter'),
                ('kinds', 'all', 2050, 'home'), ('assessment', 'adults_joint_2', 2050, 'good'),
                ('assessment', 'adults_joint_3', 2050, 'good')
            ) as t (indicator, item, time_period, answer);
            create table indicators as select * from (values
                ('plan', 'report:own_plan;other:their_plan', 'Egen plan', 'Own plan'), ('kinds', null, 'Slag', 'Kinds'),
                ('assessment', null, 'Vurdering', 'Assessment')
            ) as t (indicator, aliases, label_nb, label_en);
            create table codelists as select * from (values
                ('answer', 'yes', 'Ja', 'Yes'), ('answer', 'good', 'Godt', 'Good'),
                ('size_group', 'lt2000', 'Til og med 2 000', null), ('size_group', '2000_5000', '2 001-5 000', null),
                ('size_group', 'ge5000', 'Over 5 000', null), ('size_group', 'districts', 'Bydeler', null)
            ) as t (codelist, code, label_nb, label_en);
            create table areas as select *, 'reported' as area_basis from (values
                (2050, 'county', '01', 'Østfold'), (2050, 'county', '54', 'Troms og Finnmark'),
                (2050, 'hf_area', '15', 'Ahus'), (2050, 'hf_area', '10', 'Førde (Sogn og Fjordane)'),
                (2050, 'hf_area', '11', 'Bergen'), (2050, 'health_region', 'sor_ost', 'Helse Sør-Øst'),
                (2049, 'county', '19', 'Troms')
            ) as t (time_period, unit_level, unit_code, unit_name);
            """
        )
        for measure, dimensions, *others in rows:
            value, text, base, note = [*others, *("4", "4", None, None)[len(others) :]]
            unit = "percent" if str(measure).startswith("share") else "municipalities"
            connection.execute(
                "insert into published_figures values ('report', '1.1', ?, ?, ?, 2050, ?, ?, 1, ?, ?, null)",
                [measure, unit, dimensions, value, text, base, note],
            )
    return read_reports(path)


def one(folder: Path, *row: object) -> Figure | None:
    found = read(folder, row)
    assert len(found.figures) + found.not_mapped.total() + found.vague.total() == 1
    return found.figures[0] if found.figures else None


@pytest.mark.parametrize(
    ("dimensions", "indicator", "item", "answer"),
    [
        ("question=plan;answer=yes", PLAN, "all", "yes"),
        ("question=Own plan;answer=ja", PLAN, "all", "yes"),
        ("question=own_plan;answer=yes", PLAN, "all", "yes"),
        ("question=plan;answer=answered", PLAN, "all", ANSWERED),
        ("question=plan;answer=total", PLAN, "all", BASE),
        ("question=kinds;place=home", KINDS, "all", "home"),
        ("question=kinds;place=home;answer=yes", KINDS, "all", "home"),
        ("target_group=adults;form=joint;pathway=2;question=assessment;answer=good", ASSESSMENT, "adults_joint_2", "good"),
        ("question=plan;answer=yes;survey_year=2050", PLAN, "all", "yes"),
        # A name from other reports, and unexplained words.
        ("question=their_plan;answer=yes", None, None, None),
        ("question=plan;answer=maybe", None, None, None),
        ("question=plan;answer=yes;filter=large", None, None, None),
        ("question=plan", None, None, None),
        ("question=assessment;pathway=2;answer=good", None, None, None),
        ("question=kinds;place=home;answer=no", None, None, None),
        ("answer=yes", None, None, None),
        ("question=plan;answer=yes;base=buyers", None, None, None),
    ],
)
def test_questions_and_answers(
    tmp_path: Path, dimensions: str, indicator: str | None, item: str | None, answer: str | None
) -> None:
    found = one(tmp_path, "municipalities", dimensions)
    if indicator is None:
        assert found is None
    else:
        assert found is not None
        assert (found.key.indicator, found.key.item, found.answer) == (indicator, item, answer)
        assert found.group == ("country", "0", "reported")


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("county=Østfold", ["01"]),
        ("county=01", ["01"]),
        ("county=total", ["0"]),
        ("hf_area=Ahus-området", ["15"]),
        ("hf_area=Helse Bergen-området", ["11"]),
        ("hf_area=Sogn og Fjordane", ["10"]),
        ("health_region=sor_ost", ["sor_ost"]),
        ("health_region=Helse Sør-Øst", ["sor_ost"]),
        ("size_group=districts", ["districts"]),
        ("size_group=Over 5 000", ["ge5000"]),
        ("size_group=lt5000", ["lt2000", "2000_5000"]),
        ("size_group=ge2000", ["2000_5000", "ge5000"]),
        # Names of other years, a part of a name, and limits that no size groups have.
        ("county=Troms", None),
        ("county=Finnmark", None),
        ("size_group=lt4000", None),
        ("size_group=other_groups", None),
        ("county=Østfold;size_group=lt2000", None),
    ],
)
def test_groups(tmp_path: Path, place: str, codes: list[str] | None) -> None:
    found = one(tmp_path, "municipalities", f"question=plan;answer=yes;{place}")
    assert (found and [part.unit_code for part in found.parts]) == codes


def test_values_are_as_exact_as_they_were_printed(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        ("municipalities", "question=plan;answer=yes"),
        ("respondents_n", "question=plan", 7, "7"),
        ("share_of_municipalities", "question=plan;answer=yes", 12.3, "12,3 %", 57),
        # All of them are 100 %, which is no information.
        ("share_of_municipalities", "question=plan;answer=total", 100, "100"),
    )
    number, answered, share = found.figures
    assert (number.value, number.half, number.is_share) == (4, 0, False)
    assert (answered.value, answered.answer) == (7, ANSWERED)
    assert (share.value, share.half, share.is_share, share.n_base) == (Fraction(123, 10), Fraction(1, 20), True, 57)
    assert found.not_mapped == found.vague == {}


@pytest.mark.parametrize(("text", "note"), [("fire", None), ("4", "approximate"), (None, None), ("4*", None)])
def test_words_and_rough_figures_are_counted_and_not_taken(tmp_path: Path, text: str | None, note: str | None) -> None:
    found = read(tmp_path, ("municipalities", "question=plan;answer=yes", 4, text, None, note))
    assert (found.figures, found.vague) == ([], {("report", "1.1"): 1})


def test_a_file_without_printed_figures_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "is248.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(UserError, match="printed figures cannot be read"):
        read_reports(path)
