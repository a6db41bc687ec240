"""The pages' pure functions: numbers, breaks and gaps, cubes, choices, names and ancestors of a municipality."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label
from orchestration.publish.publication_metadata import Release, load_catalogue
from orchestration.site import pages
from orchestration.site.breaks import Break, apart, stretches
from orchestration.site.cubes import Cube, Measure, as_text, dumped
from orchestration.site.figures import Choices, Resolver, Shown
from orchestration.site.formats import both, kept_together, number, percent, signed
from orchestration.site.names import Ancestor, Change, ancestors, forms_of
from orchestration.site.pages import Figure, Question, load_pages, load_site, written_out
from orchestration.site.printed import read_printed


@pytest.mark.parametrize(
    ("value", "decimals", "nb", "en"),
    [
        (17436.2, 0, "17\u202f436", "17,436"),
        (26.45, 1, "26,5", "26.5"),
        (0.05, 1, "0,1", "0.1"),
        (-1234567.891, 2, "\u22121\u202f234\u202f567,89", "\u22121,234,567.89"),
        (-0.04, 1, "0,0", "0.0"),
        (0, 0, "0", "0"),
        (1e-7, 1, "0,0", "0.0"),
    ],
)
def test_a_number_is_rounded_half_up_and_written_in_each_language(value: float, decimals: int, nb: str, en: str) -> None:
    assert (number(value, decimals, "nb"), number(value, decimals, "en")) == (nb, en)


def test_percent_and_signs() -> None:
    assert percent(2.12, 1, "nb") == "2,1\u00a0%"
    assert percent(2.12, 1, "en") == "2.1%"
    assert signed("2,1\u00a0%") == "+2,1\u00a0%"
    assert signed("\u22122.1%") == "\u22122.1%"
    assert signed("0,0\u00a0%") == "0,0\u00a0%"


def test_thousands_stay_on_one_line_and_years_apart() -> None:
    assert kept_together("2 001\u20135 000 innbyggere") == "2\u202f001\u20135\u202f000 innbyggere"
    assert kept_together("i 2016 428 kommuner") == "i 2016 428 kommuner"


def test_a_text_that_is_the_same_in_both_languages_stands_once_and_is_escaped() -> None:
    assert both("2016", "2016") == "2016"
    assert both("<b>", "x") == '<span lang="nb">&lt;b&gt;</span><span lang="en">x</span>'


def test_the_name_of_a_survey_stays_on_one_line_on_a_page() -> None:
    assert both("IS-24/8 og psykisk helse- og rusarbeid", "IS-24/8") == (
        '<span lang="nb">IS\u201124/8 og psykisk helse- og rusarbeid</span><span lang="en">IS\u201124/8</span>'
    )


def a_break(year: int, comparable: bool) -> Break:
    return Break(year, "wording", comparable, Label(nb="brudd", en="break"))


def test_a_line_stops_at_a_missing_year_and_at_a_break_that_cannot_be_compared() -> None:
    divided = apart([a_break(2003, False), a_break(2006, True)], [])

    assert divided == [2003]
    assert stretches([2007, 2001, 2002, 2003, 2004, 2006], divided) == [[2001, 2002], [2003, 2004], [2006, 2007]]
    assert stretches([], divided) == []


def test_a_verdict_divides_years_and_a_signed_one_goes_before_a_break() -> None:
    verdicts = [
        (2001, 2002, "not_comparable", "derived"),
        (2002, 2003, "with_correction", "signed"),
        (2003, 2004, "with_correction", "derived"),
        (2001, 2005, "not_comparable", "derived"),
    ]
    assert apart([a_break(2003, False), a_break(2004, False)], verdicts) == [2002, 2004]


def a_cube(flags: str = "AAAa") -> Cube:
    return Cube(
        name="small",
        dimensions={"group": ["old", "young"], "time": ["2001", "2002"]},
        labels={"group": {"old": Label(nb="gamle", en="old")}},
        measures={"fte": Measure(("group", "time"), ["1.5", "2", "30", ""])},
        flags=Measure(("group", "time"), list(flags)),
    )


def test_a_cube_gives_back_its_numbers_and_flags() -> None:
    cube = a_cube()

    assert cube.value("fte", {"group": "young", "time": "2001"}) == 30
    assert cube.value("fte", {"group": "young", "time": "2002"}) is None
    assert cube.value("fte", {"group": "nobody", "time": "2002"}) is None
    assert cube.flag({"group": "young", "time": "2002"}) == "a"
    assert cube.label("group", "young") == Label(nb="young", en="young")
    script = cube.script()
    content = json.loads(script[script.index("{") : script.rindex("}") + 1])
    assert content["measures"]["fte"]["values"] == "1.5,2,30,"
    assert content["flags"]["values"] == "A3a"


@pytest.mark.parametrize("value", [45.04996, 26.45, 0.05, 31.24999, 12.0, 0.04])
def test_a_cube_of_few_digits_shows_a_number_as_one_of_more_digits_does(value: float) -> None:
    texts = duckdb.execute(f"select {as_text('?')}, {as_text('?', digits=1)}", [value, value]).fetchall()[0]
    assert number(float(texts[0]), 1, "en") == number(float(texts[1]), 1, "en")
    assert len(texts[1].partition(".")[2]) <= 1


def test_a_share_is_of_what_its_question_says() -> None:
    cube = Cube(
        name="indicator/any",
        dimensions={"answer": ["yes", "no"], "time": ["2001"]},
        labels={},
        measures={
            "n_answer": Measure(("answer", "time"), ["1", "2"]),
            "n_answered": Measure(("time",), ["3"]),
            "n_units": Measure(("time",), ["4"]),
        },
        flags=Measure(("time",), ["A"]),
        share_of="n_units",
    )
    assert cube.value("share", {"answer": "yes", "time": "2001"}) == 25
    assert cube.flag({"answer": "yes", "time": "2001"}) == "A"


def test_what_stands_in_a_script_cannot_end_it() -> None:
    assert "</script" not in dumped({"text": "</script><b>"})


def choices(figure: Figure, cube: Cube) -> Choices:
    shown = Shown("fte", Label(nb="a", en="a"), Label(nb="b", en="b"), 1, 1)
    return Choices(figure, cube, [shown], {})


def test_the_first_choice_is_the_one_asked_for_if_it_has_figures_else_the_next() -> None:
    figure = Figure(
        id="f", kind="bars", cube="small", measures=("fte",), rows="time", choose=("group",), start={"group": "young"}
    )

    assert choices(figure, a_cube()).state["group"] == "young"
    assert choices(figure, a_cube()).lines("time") == ["2001"]
    missing = a_cube()
    missing.measures["fte"].values[2] = ""
    assert choices(figure, missing).state["group"] == "old"


def test_of_years_the_newest_with_figures_is_chosen() -> None:
    figure = Figure(id="f", kind="bars", cube="small", measures=("fte",), rows="group", choose=("time",))

    assert choices(figure, a_cube()).state["time"] == "2002"
    assert choices(figure, a_cube()).lines("group") == ["old"]


def test_a_union_is_no_part_of_a_whole_and_stands_for_its_members_over_time() -> None:
    cube = Cube(
        name="indicator/any",
        dimensions={"answer": ["good_or_very_good", "very_good", "good", "bad"], "time": ["2001"]},
        labels={},
        measures={"fte": Measure(("answer", "time"), ["3", "1", "2", "4"])},
        flags=Measure(("time",), ["A"]),
    )
    unions = {"good_or_very_good": ("very_good", "good")}
    shown = Shown("fte", Label(nb="a", en="a"), Label(nb="b", en="b"), 1, 1)

    def across(kind: pages.Kind) -> list[str]:
        figure = Figure(id="f", kind=kind, indicator="any", measures=("fte",), across="answer")
        return Choices(figure, cube, [shown], unions).lines("answer")

    assert across("stack") == ["very_good", "good", "bad"]
    assert across("series") == ["good_or_very_good", "bad"]


def test_ancestors_are_followed_back_through_mergers_splits_and_new_codes() -> None:
    changes = [
        Change(2001, "0001", "0002", "code_change"),
        Change(2003, "0002", "0010", "merge"),
        Change(2003, "0003", "0010", "split"),
        Change(2005, "0010", "0010", "name_change"),
        Change(2009, "0004", "0010", "merge"),
        # The code of an ended municipality belonged to another one before.
        Change(2004, "0099", "0002", "merge"),
    ]
    assert ancestors("0010", changes, 2008) == [
        Ancestor("0002", 2003, False),
        Ancestor("0003", 2003, True),
        Ancestor("0001", 2001, False),
    ]


def test_a_name_is_also_what_it_is_without_brackets_and_in_each_language() -> None:
    assert forms_of("Våler (Innlandet)") == ["Våler (Innlandet)", "Våler"]
    assert forms_of("Gáivuotna - Kåfjord - Kaivuono") == [
        "Gáivuotna - Kåfjord - Kaivuono",
        "Gáivuotna",
        "Kåfjord",
        "Kaivuono",
    ]
    assert forms_of("Aurskog-Høland") == ["Aurskog-Høland"]


def test_boxes_of_which_several_may_be_ticked_are_no_parts_of_a_whole() -> None:
    question = Question(question="q", stack=True)

    assert [figure.kind for figure in written_out(question, has_parts=True)] == ["stack", "bars"]
    assert [figure.kind for figure in written_out(question, has_parts=False)] == ["bars", "bars"]


def test_descriptions_of_pages_fit_together() -> None:
    site, found = load_site(), load_pages()
    themes = {theme.id for theme in site.themes}

    assert len({page.id for page in found}) == len(found)
    for page in found:
        assert page.theme in themes, page.id
        figures = [each for each in page.figures if isinstance(each, Figure)]
        assert {each.cube for each in figures} <= site.cubes.keys(), page.id
        ids = [each.id if isinstance(each, Figure) else each.question for each in page.figures]
        assert len(set(ids)) == len(ids), page.id


def test_a_broken_description_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("id: bad\norder: 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"bad\.yml"):
        load_pages(tmp_path)


def remarks_of(columns: int, notes: list[str]) -> tuple[list[Label], list[tuple[Label, list[int]]]]:
    """Return the remarks on a row of figures; figures with a number have the note of that number."""
    groups = [str(place) for place in range(columns)]
    note = Label(nb="merknad", en="note")
    cube = Cube(
        name="small",
        dimensions={"group": groups, "time": ["2001"]},
        labels={},
        measures={"coverage": Measure(("group", "time"), ["93.5"] * columns)},
        flags=Measure(("group", "time"), ["A"] * columns),
        notes=Measure(("group", "time"), notes),
        remark_texts=((note,),),
    )
    resolver = Resolver(a_release(), load_site(), {}, {}, {}, {}, {}, {})
    labels = [Label(nb=f"kolonne {group}", en=f"column {group}") for group in groups]
    return resolver.remarks_on_row(cube, "time", "2001", labels, [{"group": group, "time": "2001"} for group in groups])


def a_release() -> Release:
    return Release(load_catalogue(PROJECT_DIR / "data" / "metadata"), "demo", 2001, (), {})


COVERED = Label(nb="Tallet dekker 93,5 prosent av innbyggerne", en="Covers 93.5% of the inhabitants")


def test_a_remark_on_all_figures_of_a_row_stands_once_and_one_on_few_names_their_columns() -> None:
    remarks, of_cells = remarks_of(3, ["0", "", "0"])
    assert remarks == [COVERED, Label(nb="merknad (kolonne 0, kolonne 2)", en="note (column 0, column 2)")]
    assert of_cells == []


def test_a_remark_on_some_of_many_columns_is_a_footnote_of_their_figures() -> None:
    remarks, of_cells = remarks_of(4, ["0", "", "", "0"])
    assert remarks == [COVERED]
    assert of_cells == [(Label(nb="merknad", en="note"), [0, 3])]


def test_a_point_that_is_only_printed_is_reported_with_its_answer_and_unit() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table printed_points as select *, 'country' as unit_level from (values
                ('q', 2017, 'percent', 41.0, 0, 'all', 'yes', null, null),
                ('fte_by_education', 2017, 'fte', 1.0, 0, null, null, 'total', 'nurse'),
                ('fte_by_education', 2017, 'fte', 1.0, 0, null, null, 'total', 'nurse'),
                ('fte_by_service', 2017, 'fte', 14633.0, 0, null, null, 'total', 'total')
            ) as points (indicator, time_period, unit, value, decimals, item, answer, target_group, category)
            """
        )
        found = read_printed(connection, a_release())
    assert [(each.text.en, each.part_of) for each in found["q"]] == [("2017: yes, 41%", None)]
    assert [(each.text.nb, each.part_of) for each in found["fte_by_service"]] == [("2017: 14\u202f633 fte", None)]
    # Two printed tables have it, and it is about one category.
    assert [(each.text.nb, each.part_of) for each in found["fte_by_education"]] == [("2017: nurse, 1 fte", "education")]
