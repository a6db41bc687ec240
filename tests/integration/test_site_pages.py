"""The static pages, from small databases: complete, repeatable, linked, in two languages, and accessible.

The last tests drive a browser; they are skipped where Playwright, Chromium or axe is absent.
"""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import quoted
from orchestration.publish.publication_metadata import load_catalogue, read_release
from orchestration.site import build as building
from orchestration.site.build import write

METADATA = PROJECT_DIR / "data" / "metadata"
BUDGET = 1_000_000
# The files next to the pages in a snapshot.
BESIDE = re.compile(
    r"\.\./(CHANGES\.(html|json|js)|gate\.html|is248\.duckdb|datapackage\.json|dcat\.jsonld|xlsx/is248\.xlsx"
    r"|(csv|parquet|px|jsonstat|metadata)/[a-z0-9_]+\.(csv|parquet|px|json)|jsonstat/indicator_shares/[a-z0-9_]+\.json"
    r"|packages/\d\d\.xlsx)"
)
# Years of the small database: 2004 was not measured, 2003 cannot be compared with 2002.
YEARS = (2001, 2002, 2003, 2005)
MUNICIPALITIES = {"1101": 4000.0, "1102": 9000.0, "1201": 21000.0}
SERVICES = {"adults": "housing_with_staff", "children": "health_station_school"}

Row = dict[str, Any]


def empty_database() -> duckdb.DuckDBPyConnection:
    """Return a database with every public table, the code lists and the one row on the snapshot."""
    connection = duckdb.connect()
    for table in load_tables(METADATA):
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create table "{table.name}" ({columns})')
    lists = quoted(PROJECT_DIR / "data" / "classifications" / "codelists.csv")
    connection.execute(f"insert into codelists by name select * from read_csv({lists}, all_varchar = true)")
    insert(connection, "snapshot", [{"channel": "demo", "time_period": YEARS[-1], "is_constructed": False}])
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Insert rows, those with the same columns together; columns that a row does not have are empty."""
    for columns, alike in groupby(rows, key=tuple):
        found = list(alike)
        names = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join([f"({', '.join('?' for _ in columns)})"] * len(found))
        connection.execute(
            f'insert into "{table}" ({names}) values {places}', [value for row in found for value in row.values()]
        )


def units(year: int) -> Iterator[Row]:
    """Return the areas of a year: country, two counties, a size group, three municipalities."""
    for level, code, name, population in (
        ("country", "0", "Hele landet", 34000.0),
        ("county", "11", "Vestfylket", 13000.0),
        ("county", "12", "Østfylket", 21000.0),
        ("size_group", "2000_5000", "2 001-5 000", 4000.0),
        *(("municipality", code, f"Kommune {code}", people) for code, people in MUNICIPALITIES.items()),
    ):
        for basis in ("reported", "current"):
            yield {
                "time_period": year,
                "unit_level": level,
                "unit_code": code,
                "unit_name": name,
                "area_basis": basis,
                "population": population,
            }


def small_database() -> duckdb.DuckDBPyConnection:
    """Return three municipalities in two counties over four years, with a hidden answer, a break, a constructed delivery."""
    connection = empty_database()
    for year in YEARS:
        common = {"series": "is248", "series_break": False, "obs_status": "I" if year == 2002 else "A", "imputed_share": 0.0}
        for unit in units(year):
            county = {"county_code": unit["unit_code"][:2]} if unit["unit_level"] == "municipality" else {}
            lies_in = {"size_group": "2000_5000"} if unit["unit_code"] == "1101" else {}
            official = {"official_name": f"{unit['unit_name']} - Gielda"} if unit["unit_code"] == "1102" else {}
            insert(connection, "areas", [{**unit, **county, **lies_in, **official}])
            size = unit["population"] / 1000
            for group, share in (("adults", 0.75), ("children", 0.25), ("total", 1.0)):
                fte = size * share * (year - 1990)
                kinds = ["total", SERVICES[group]] if group in SERVICES else ["total"]
                rates = {"fte_per_10000": fte / unit["population"] * 10000, "fte_per_10000_unweighted": 31.25}
                key = {**unit, **common, "target_group": group}
                rows = [{**key, **rates, "service_type": kind, "fte": fte} for kind in kinds]
                insert(connection, "fte_by_service", rows)
                del key["population"]
                educations = [{**key, "education": each, "fte": fte, "share": 1.0} for each in ("psychologist", "total")]
                insert(connection, "fte_by_education", educations)
                pathways = [{**key, "pathway": each, "fte": fte / 2, "share": 0.5} for each in ("1", "2")]
                insert(connection, "fte_by_pathway", [*pathways, {**key, "pathway": "total", "fte": fte, "share": 1.0}])
            if unit["unit_level"] != "municipality":
                hidden = unit["unit_code"] == "12"
                answered = {
                    "n_answer": None if hidden else 2,
                    "n_answered": None if hidden else 5,
                    "n_units": None if hidden else 8,
                }
                status = {"obs_status": "Q", "absence_reason": "confidential"} if hidden else {"obs_status": "A"}
                del unit["population"]
                insert(
                    connection,
                    "indicator_shares",
                    [
                        {
                            **unit,
                            **answered,
                            **status,
                            "indicator": indicator,
                            "answer": answer,
                            "item": "all",
                            "base": base,
                            "unit_set": "municipalities",
                        }
                        for indicator, base in (("crisis_plan", "answered"), ("asked_nowhere_else", "all"))
                        for answer in ("yes", "no")
                    ],
                )
        # Hidden for every area; two areas of different levels have the same name.
        for level, code, name in (
            ("country", "0", "Hele landet"),
            ("county", "11", "Vestfylket"),
            ("hf_area", "X", "Vestfylket"),
        ):
            shown = level == "country"
            counts = dict.fromkeys(("n_answer", "n_answered", "n_units"), 12) if shown else {}
            status = {"obs_status": "A"} if shown else {"obs_status": "Q", "absence_reason": "confidential"}
            place = {"unit_level": level, "unit_code": code, "unit_name": name, "area_basis": "current", "time_period": year}
            insert(
                connection,
                "indicator_shares",
                [
                    {
                        **place,
                        **counts,
                        **status,
                        "indicator": "service_assessment",
                        "answer": "good_or_very_good",
                        "item": "all",
                        "base": "answered",
                        "unit_set": "municipalities",
                    }
                ],
            )
        response = {
            "survey": "is248",
            "unit_set": "municipalities",
            "units_answered": 3,
            "units_expected": 3,
            "units_carried_forward": 0,
        }
        insert(connection, "response", [{**response, "time_period": year, "units_missing": 0, "obs_status": "A"}])
    insert(
        connection,
        "category_crosswalk",
        [
            {
                "question": "fte_by_education",
                "category_from": "none",
                "time_period_from": YEARS[0],
                "category_to": "psychologist",
                "time_period_to": YEARS[1],
                "verdict": "not_comparable",
                "reason_nb": "Skilt ut fra en annen.",
                "reason_en": "Taken out of another.",
            }
        ],
    )
    for indicator, scale, base in (
        ("fte_by_service", "fte", "all"),
        ("crisis_plan", "yes_no", "answered"),
        ("service_assessment", "assessment", "answered"),
        ("asked_nowhere_else", "multiple", "all"),
    ):
        labels = {"label_nb": f"Navn på {indicator}", "label_en": f"Name of {indicator}"}
        insert(
            connection,
            "indicators",
            [{**labels, "indicator": indicator, "scale": scale, "base": base, "unit_set": "municipalities"}],
        )
    level = {"subject": "fte", "kind": "reading", "item": "level", "state": "said", "sort_order": 2, "page": "not_known"}
    words = {"text_nb": "Ikke til sammenligning.", "text_en": "Not for comparison.", "is_table_note": False}
    insert(connection, "definitions", [{**level, **words, "source_nb": "En rapport", "source_en": "A report"}])
    source = {"sort_order": 1, "state": "said", "source_nb": "En rapport", "source_en": "A report", "page": "not_known"}
    for subject, kind, text, is_noted in (
        ("fte", "counted", "hovedårsaken", False),
        ("crisis_plan", "weakness", "svakheten", True),
        ("asked_nowhere_else", "weakness", "en annen svakhet", False),
    ):
        words = {"text_nb": f"Om {text}.", "text_en": f"About {text}.", "is_table_note": is_noted}
        insert(connection, "definitions", [{**source, **words, "subject": subject, "kind": kind, "item": "a"}])
    texts = {"description_nb": "Et brudd.", "description_en": "A break.", "source": "test"}
    for indicator in ("fte_by_service", "crisis_plan"):
        scope = {"indicator": indicator, "time_period": 2003, "kind": "scope", "comparable_before": False}
        insert(connection, "series_breaks", [{**scope, **texts}])
    insert(
        connection,
        "area_changes",
        [{"change_year": 2002, "old_code": "1103", "old_name": "Gammel", "new_code": "1101", "change_type": "merge"}],
    )
    delivery = {"form": "a_form", "survey": "is248", "time_period": 2005, "collection_year": 2005, "is_constructed": True}
    insert(connection, "deliveries", [{**delivery, "title_nb": "Leveranse", "title_en": "Delivery"}])
    printed = {"source_id": "a_report", "table_id": "1.1", "cell_key": "fte|2005"}
    insert(connection, "published_figures", [{**printed, "report_year": 2006, "value": 10.0, "time_period": 2005}])
    verdicts = (
        ("explained", "misprint", 10.0, 11.0),
        ("equal", None, 1.0, 1.0),
        ("not_computable", "other_source", None, None),
    )
    for place, (verdict, explanation, published, computed) in enumerate(verdicts):
        row = {**printed, "cell_key": f"fte|{place}", "published": published, "computed": computed, "decimals": 0}
        reason = {"reason_nb": "Trykkfeil.", "reason_en": "Misprint."} if verdict == "explained" else {}
        insert(connection, "reconciliation", [{**row, **reason, "verdict": verdict, "explanation": explanation}])
    return connection


def build(connection: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    list_files = write(connection, load_tables(METADATA), read_release(connection, load_catalogue(METADATA)), folder)
    list_files(connection)
    return folder


def lay_reports(snapshot: Path) -> None:
    """Write reports next to the pages as in a snapshot; the sheet of 1101 lacks its workbook, 1102 has no sheet."""
    for format_, name, area, kinds in [
        ("report", "is248-2005", "", ("docx", "pdf", "html", "xlsx")),
        ("memos", "county-2005-11", "11", ("docx", "pdf")),
        ("sheets", "municipality-2005-1101", "1101", ("docx", "pdf")),
        ("sheets", "municipality-2005-1201", "1201", ("docx", "pdf")),
    ]:
        folder = snapshot / format_ / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"title": "Rapport", "year": 2005, "area": area}), encoding="utf-8")
        for kind in kinds:
            (folder / f"{name}.{kind}").touch()


def lay_shapes(data: Path) -> None:
    """Write the shapes of the municipalities: three squares in a row, each with a border to the next."""
    corners = [[60 + east, 10 + north] for east in range(4) for north in (0, 1)]
    # Borders from south to north, and between them the lines of the south and of the north.
    arcs = [[[east, 0], [0, 1]] for east in range(4)]
    arcs += [[[east, north], [1, 0]] for east in range(3) for north in (0, 1)]
    rings = {code: [[place, 5 + 2 * place, ~(place + 1), ~(4 + 2 * place)]] for place, code in enumerate(MUNICIPALITIES)}
    shapes = [{"type": "Polygon", "id": code, "arcs": rings[code]} for code in MUNICIPALITIES]
    content = {
        "transform": {"scale": [1, 1], "translate": corners[0][::-1]},
        "arcs": arcs,
        "objects": {"m": {"geometries": shapes}},
    }
    (data / "reference").mkdir(parents=True)
    (data / "reference" / "shapes.topojson").write_text(json.dumps(content), encoding="utf-8")
    described = {"name": "shapes", "path": "shapes.topojson", "format": "topojson", "attribution": "Kartverket"}
    (data / "reference" / "datapackage.yml").write_text(yaml.safe_dump({"resources": [described]}), encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    data = tmp_path_factory.mktemp("data")
    lay_shapes(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(building, "load_settings", lambda: SimpleNamespace(data=data))
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    snapshot = tmp_path_factory.mktemp("snapshot")
    lay_reports(snapshot)
    return build(small_database(), snapshot / "site")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(empty_database(), tmp_path_factory.mktemp("bare") / "site")


@pytest.fixture(params=["small", "bare"])
def site(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


class Reader(HTMLParser):
    """Collects the links and loaded files of a page, its anchors, and the order of its texts in two languages."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.languages: list[str] = []
        self.texts: list[str] = []
        self._is_script = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._is_script = tag in ("script", "style")
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "a":
            self.links.append(known["href"])
        elif "src" in known or (tag == "link" and known["rel"] == "stylesheet"):
            self.loads.append(known.get("src") or known["href"])
        if tag == "span" and "lang" in known:
            self.languages.append(known["lang"])

    def handle_data(self, data: str) -> None:
        if not self._is_script and data.strip():
            self.texts.append(data.strip())


def read(site: Path) -> dict[str, Reader]:
    """Return all pages by their path, including those of municipalities."""
    return {page.relative_to(site).as_posix(): Reader(page) for page in sorted(site.rglob("*.html"))}


def path_of(name: str, link: str) -> str:
    """Return the target of a link of a page, relative to the folder of the pages."""
    return os.path.normpath((Path(name).parent / link).as_posix())


def test_the_same_tables_give_the_same_bytes(small: Path, tmp_path: Path) -> None:
    lay_reports(tmp_path)
    again = build(small_database(), tmp_path / "elsewhere")
    files = [path.relative_to(small) for path in sorted(small.rglob("*")) if path.is_file()]

    assert files == [path.relative_to(again) for path in sorted(again.rglob("*")) if path.is_file()]
    for file in files:
        content = (small / file).read_bytes()
        assert content == (again / file).read_bytes(), file
        assert str(PROJECT_DIR).encode() not in content and str(small).encode() not in content, file


def test_every_link_leads_to_a_page_an_anchor_or_a_file_beside_the_pages(site: Path) -> None:
    pages = read(site)
    for name, reader in pages.items():
        assert len(set(reader.ids)) == len(reader.ids), name
        for link in reader.links:
            file, _, anchor = link.partition("#")
            anchor = anchor.partition(";")[0]
            target = path_of(name, file) if file else name
            if (
                link.startswith("mailto:")
                or BESIDE.fullmatch(target)
                or (target.startswith("../") and (site / target).is_file())
            ):
                continue
            assert target in pages, f"{name}: {link}"
            in_data = target == "explorer.html" and (site / "data" / "indicator" / f"{anchor}.js").is_file()
            assert not anchor or anchor in pages[target].ids or in_data, f"{name}: {link}"


def test_nothing_is_loaded_from_the_web_and_what_is_loaded_is_there(site: Path) -> None:
    for name, reader in read(site).items():
        for file in reader.loads:
            path = path_of(name, file)
            assert BESIDE.fullmatch(path) or (site / path).is_file(), f"{name}: {file}"
    for script in sorted([*(site / "static").glob("*.js"), *(site / "static").glob("*.css")]):
        named = r"(?!schemas\.openxmlformats\.org/|www\.w3\.org/)"
        assert not re.search(rf"https?://{named}|\bfetch\(|XMLHttpRequest|import\(", script.read_text(encoding="utf-8")), (
            script.name
        )


def test_a_page_with_all_that_it_loads_is_within_its_budget(site: Path) -> None:
    chosen = [path.stat().st_size for path in (site / "data" / "indicator").glob("*.js")]
    for name, reader in read(site).items():
        files = [site / path_of(name, file) for file in reader.loads]
        loaded = sum(file.stat().st_size for file in files if file.is_file())
        assert (site / name).stat().st_size + loaded + max(chosen, default=0) < BUDGET, name


def test_every_text_stands_in_both_languages(site: Path) -> None:
    for name, reader in read(site).items():
        assert reader.languages, name
        assert reader.languages == ["nb", "en"] * (len(reader.languages) // 2), name


def test_no_page_shows_a_text_as_python_writes_it(site: Path) -> None:
    for page in sorted(site.rglob("*.html")):
        shown = html.unescape(page.read_text(encoding="utf-8"))
        assert not re.search(r"(?<![\w-])(nb|en)='|\\xa0|<[a-z_.]+ object at", shown), page.name


def test_every_page_says_that_data_are_constructed_where_they_are(small: Path, bare: Path) -> None:
    notice = read_release(small_database(), load_catalogue(METADATA)).notice
    assert notice is not None
    for name, reader in read(small).items():
        assert notice.nb in reader.texts and notice.en in reader.texts, name
    assert not any('class="notice"' in page.read_text(encoding="utf-8") for page in bare.rglob("*.html"))


@pytest.mark.parametrize(
    ("channel", "sentence"), [("demo", "Publisert 1. februar 2006."), ("rehearsal", "Publiseringsdatoen er ikke kjent.")]
)
def test_pages_say_the_day_of_the_release_and_none_in_a_rehearsal(tmp_path: Path, channel: str, sentence: str) -> None:
    database = empty_database()
    database.execute("update snapshot set release_at = '2006-02-01T08:00:00+01:00', channel = ?", [channel])
    texts = read(build(database, tmp_path / "site"))["index.html"].texts

    assert any(sentence in text for text in texts)


def test_pages_without_data_are_left_out_and_the_others_say_so(bare: Path) -> None:
    assert {page.name for page in bare.rglob("*.html")} == {
        f"{name}.html"
        for name in ("index", "explorer", "builder", "search", "municipality", "reconciliation", "download", "method")
    }
    texts = read(bare)
    assert "Ingen tall for hele landet" in texts["index.html"].texts
    assert "Det er ingen tall å vise her." in texts["explorer.html"].texts


def test_the_front_page_has_the_newest_year_and_no_change_over_a_year_that_cannot_be_compared(small: Path) -> None:
    texts = read(small)["index.html"].texts

    assert "510" in texts and "150,0 per 10\u202f000 innbyggere" in texts
    assert "+15,4\u00a0% siden 2003" in texts
    assert "3 av 3" in texts


def test_pages_lead_to_the_reports_that_are_there(small: Path, bare: Path) -> None:
    def to_reports(site: Path, page: str) -> list[str]:
        return [link for link in read(site)[page].links if re.match(r"\.\./(report|memos|sheets)/", link)]

    national = [f"../report/is248-2005/is248-2005.{kind}" for kind in ("pdf", "docx", "html", "xlsx")]
    memo = [f"../memos/county-2005-11/county-2005-11.{kind}" for kind in ("pdf", "docx")]
    assert to_reports(small, "index.html") == national
    assert to_reports(small, "download.html") == [*national, *memo]
    assert to_reports(small, "municipality.html") == [
        f"../sheets/municipality-2005-{code}/municipality-2005-{code}.pdf" for code in ("1101", "1201")
    ]
    assert [link for page in read(bare) for link in to_reports(bare, page)] == []


def test_a_municipality_leads_to_its_own_sheet(small: Path) -> None:
    found = {
        code: [link for link in read(small)[f"kommune/{code}.html"].links if "/sheets/" in link] for code in MUNICIPALITIES
    }
    folder = "../../sheets/municipality-2005-{}/municipality-2005-{}."
    expected = {code: [f"{folder.format(code, code)}{kind}" for kind in ("pdf", "docx")] for code in ("1101", "1201")}
    assert found == {**expected, "1102": []}


def test_a_hidden_answer_is_a_colon_with_its_meaning(small: Path) -> None:
    page = (small / "plans.html").read_text(encoding="utf-8")

    assert re.search(r'Østfylket</th><td class="r">:</td>', page)
    assert "<b>:</b>" in page
    assert "40,0" in page


def test_a_question_of_which_no_page_knows_is_among_all_questions(small: Path) -> None:
    reader = read(small)["explorer.html"]

    assert "#asked_nowhere_else" in reader.links
    assert (small / "data" / "indicator" / "asked_nowhere_else.js").is_file()
    # A share is of all units where the catalogue says so.
    cube = (small / "data" / "indicator" / "asked_nowhere_else.js").read_text(encoding="utf-8")
    assert '"shareOf":"n_base"' in cube
    assert re.search(r'"n_base":\{[^}]*8', cube)


def test_definitions_stand_on_the_page_of_method_and_weaknesses_where_their_question_is_shown(small: Path) -> None:
    method = (small / "method.html").read_text(encoding="utf-8")
    assert "Om hovedårsaken. (En rapport.)" in method
    assert "svakhet." not in method
    plans = (small / "plans.html").read_text(encoding="utf-8")
    assert "Om svakheten. (En rapport.)" in plans
    assert "About svakheten. (A report.)" in plans
    other = (small / "data" / "indicator" / "asked_nowhere_else.js").read_text(encoding="utf-8")
    assert '["Kjente svakheter","Known weaknesses"],["Om en annen svakhet. (En rapport.)"' in other


def test_of_a_municipality_only_fte_are_reported(small: Path) -> None:
    for code in MUNICIPALITIES:
        script = (small / "data" / "municipality" / f"{code}.js").read_text(encoding="utf-8")
        assert set(re.findall(r'IS248\.add\("\d+/(\w+)"', script)) == {
            "fte_by_service",
            "fte_by_education",
            "fte_by_pathway",
        }
    scripts = [path for path in (small / "data").rglob("*.js") if path.parent.name != "municipality"]
    (on_map,) = [path for path in scripts if ".municipality." in path.read_text(encoding="utf-8")]
    assert on_map.name == "rates_on_map.js"
    assert re.findall(r'"(\w+)":\{"over"', on_map.read_text(encoding="utf-8")) == ["fte_per_10000", "flags"]


def test_a_break_of_one_category_ends_its_line_and_no_other(small: Path, browser: tuple[Any, str]) -> None:
    text = (small / "education.html").read_text(encoding="utf-8")
    assert "Brudd i enkelte kategorier" in text and "Skilt ut fra en annen." in text
    page = browser[0].new_page()
    joined = {}
    for name in ("education", "pathways"):
        page.goto((small / f"{name}.html").as_uri())
        page.wait_for_timeout(100)
        drawn = page.locator("figure svg.lines path.path").all()
        joined[name] = {str(path.get_attribute("d")).count("L") for path in drawn}
    # Three consecutive years; the first is not joined with the second where the category broke.
    assert joined == {"education": {1}, "pathways": {2}}
    page.close()


def test_a_break_that_cannot_be_compared_reaches_the_figure(small: Path) -> None:
    page = (small / "services.html").read_text(encoding="utf-8")

    assert '"apart":[2003]' in page
    assert "Et brudd." in page and "A break." in page


def test_the_line_below_a_figure_compares_no_numbers_across_such_a_break(small: Path, browser: tuple[Any, str]) -> None:
    page = browser[0].new_page()
    page.goto((small / "services.html").as_uri())
    page.wait_for_timeout(100)
    text = page.locator(".summary").first.inner_text()
    assert "i 2003, " in text and f"i {YEARS[-1]}." in text
    assert text.endswith("Årene før 2003 kan ikke sammenlignes med årene etter.") and text.count("Årene før") == 1
    assert not any(f"i {year}" in text for year in YEARS if year < 2003)
    page.close()


def browser_parts() -> tuple[Any, Path, str]:
    """Return Playwright, the path of Chromium and axe's script, or skip with a clear message."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (a development dependency)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe is not installed (axe-playwright-python, a development dependency)")
    return playwright, Path(chromium), (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[tuple[Any, str]]:
    playwright, chromium, axe = browser_parts()
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield started, axe
        started.close()


PAGES = (
    "index",
    "services",
    "education",
    "rates",
    "map",
    "pathways",
    "plans",
    "explorer",
    "builder",
    "search",
    "municipality",
    "kommune/1101",
    "reconciliation",
    "download",
    "method",
)


@pytest.mark.parametrize(("language", "width"), [("nb", 1280), ("en", 375)])
def test_pages_are_readable_by_everyone(small: Path, browser: tuple[Any, str], language: str, width: int) -> None:
    started, axe = browser
    page = started.new_page(viewport={"width": width, "height": 900})
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    for name in PAGES:
        page.goto(f"{(small / name).as_uri()}.html?lang={language}")
        page.wait_for_timeout(100)
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], preload: false})")
        assert [(each["id"], each["nodes"][0]["target"]) for each in found["violations"]] == [], name
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert page.evaluate("document.documentElement.lang") == language, name
    # CHANGES.js is beside the pages only in a snapshot.
    assert [error for error in errors if "ERR_FILE_NOT_FOUND" not in error] == []
    page.close()


def test_the_script_and_the_page_say_the_same_numbers(small: Path, browser: tuple[Any, str]) -> None:
    started, _ = browser
    silent = started.new_page(java_script_enabled=False)
    page = started.new_page()
    for name in ("index", "services", "education", "rates", "map", "pathways", "plans"):
        tables = []
        for each in (silent, page):
            each.goto(f"{(small / name).as_uri()}.html")
            each.wait_for_timeout(100)
            for details in each.locator("details.data > summary").all():
                details.click()
            tables.append([" ".join(table.inner_text().split()) for table in each.locator("figure table").all()])
        assert tables[0] == tables[1], name
    silent.close()
    page.close()


OPEN_TABLES = "document.querySelectorAll('details.data').forEach((details) => { details.open = true; })"


def test_no_area_stands_twice_in_a_figure(small: Path, browser: tuple[Any, str]) -> None:
    started, _ = browser
    page = started.new_page()
    for path in sorted(small.rglob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_timeout(100)
        page.evaluate(OPEN_TABLES)
        for table in page.locator("figure table").all():
            labels = [label.inner_text() for label in table.locator("tbody th[scope=row]").all()]
            assert len(labels) == len(set(labels)), (path.name, labels)
    page.close()


def test_a_reader_chooses_by_keyboard_and_the_language_is_kept(small: Path, browser: tuple[Any, str]) -> None:
    started, _ = browser
    context = started.new_context()
    page = context.new_page()
    page.goto(f"{(small / 'services').as_uri()}.html")
    page.locator(".plot").first.focus()
    page.keyboard.press("End")
    assert "2005" in page.locator(".tip").first.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".tip").first.is_hidden()
    page.locator("select[name=target_group]").first.select_option("children")
    assert "Helsestasjon" in page.locator(".summary").first.inner_text()
    page.locator("label", has_text="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.goto(f"{(small / 'rates').as_uri()}.html")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title().startswith("FTE per 10,000")
    context.close()
