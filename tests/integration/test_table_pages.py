"""The pages of the service and its selections: a start that does not overlap, addresses, words, files, description."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jsonschema
import openpyxl
import pytest

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.publish.snapshot_files import DATABASE
from tests.integration.test_serve import FIGURE, FIRST, PATIENT, client, publish, refused, served, shared

__all__ = ["client", "shared"]

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
TABLE = "/tables/fte_by_service"
TOTALS = "valueCodes[target_group]=total&valueCodes[service_type]=total&valueCodes[area_basis]=reported"


def page(client: httpx.Client, address: str) -> str:
    answer = client.get(address, headers=BROWSER)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def links(text: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', text)]


def cells(text: str) -> list[list[str]]:
    """Return the cells of the table on a page, header and body."""
    (table,) = re.findall(r'<table class="made">(.*?)</table>', text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [
        [
            unescape(re.sub(r"&nbsp;<span class=\"marks\">.*?</span>|<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def read_csv(answer: httpx.Response, separator: str = ",") -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text), delimiter=separator))


@pytest.mark.parametrize(
    "address", ["/", "/tables", TABLE, f"{TABLE}/data?limit=1", f"{TABLE}/defaultselection", "/query?sql=select 1 as x"]
)
def test_head_says_what_get_would_and_has_no_body(client: httpx.Client, address: str) -> None:
    whole, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "snapshot-id", "snapshot-notice"):
        assert head.headers[name] == whole.headers[name]
    assert client.head(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert client.head("/tables/nothing").status_code == 404


def test_a_browser_gets_pages_and_a_program_json(client: httpx.Client) -> None:
    for address in ("/", "/tables", TABLE):
        assert client.get(address, headers=BROWSER).headers["content-type"].startswith("text/html")
        for accepted in ("*/*", "application/json", "application/json, text/html;q=0.5", "text/csv"):
            answer = client.get(address, headers={"Accept": accepted})
            assert answer.headers["content-type"] == "application/json", accepted
            assert answer.headers["vary"] == "Accept"
        assert client.get(address, params={"outputFormat": "json"}, headers=BROWSER).json()["snapshot"] == FIRST
        assert "<h1>" in client.get(address, params={"format": "html"}).text


def test_pages_run_nothing_and_load_their_own_styles_alone(client: httpx.Client) -> None:
    for address in ("/", "/tables", TABLE, "/tables/areas", "/tables/indicator_shares", "/tables/nothing"):
        answer = client.get(address, headers=BROWSER)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text and "style=" not in answer.text
        loaded = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
        assert loaded == ["/static/site.css", "/static/serve.css"]
    for address in loaded:
        assert client.get(address).headers["content-type"] == "text/css; charset=utf-8"
    for address in ("/static/../pages.py", "/static/core.js", "/static/%2e%2e%2fpages.py"):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_is_in_one_language_and_says_that_data_are_constructed(client: httpx.Client, language: str) -> None:
    notice = {"nb": "Konstruerte data", "en": "Constructed data"}
    for address in ("/", "/tables", TABLE, "/tables/areas"):
        text = page(client, f"{address}?lang={language}")
        assert f'<html lang="{language}">' in text
        assert notice[language] in text
        assert notice["en" if language == "nb" else "nb"] not in text
        assert FIRST in text
    assert "lang is" in refused(client.get(TABLE, params={"lang": "xx", "format": "html"}), 400)["remedy"]


def test_a_table_starts_with_counties_of_one_basis_and_totals_and_says_what_it_leaves_out(client: httpx.Client) -> None:
    text = page(client, f"{TABLE}?lang=en")
    assert cells(text) == [["Area", "2022", "2023"], ["Oslo", "307.6", "308.6"], ["Rogaland, med øyer", "616.3", "617.3"]]
    assert "Country (1), Municipality (1)" in text
    assert "Adults (18 and over)" in text
    assert "Do not sum the rows" not in text
    # A mark is next to the figure, and its meaning below.
    # After a space and superscript: copying the figure adds no digit.
    assert re.search(r">617\.3&nbsp;<span class=\"marks\">\N{SUPERSCRIPT ONE}</span>", text)
    assert "<b>\N{SUPERSCRIPT ONE}</b> Contains an answer that was corrected" in text


def test_the_start_is_told_to_programs_too_and_its_rows_do_not_overlap(client: httpx.Client) -> None:
    start = client.get(f"{TABLE}/defaultselection").json()
    chosen = {each["variableCode"]: each["valueCodes"] for each in start["selection"]}
    assert chosen["unit"] == ["county:*"] and chosen["time_period"] == ["top(5)"] and chosen["target_group"] == ["total"]
    assert start["placement"] == {"heading": ["time_period"], "stub": ["unit"]}
    assert start["left_out"] == {"unit": ["country:0", "municipality:0301"], "target_group": ["adults"]}
    rows = client.get(start["data"]).json()["rows"]
    assert {(row["unit_level"], row["area_basis"], row["target_group"]) for row in rows} == {("county", "reported", "total")}
    assert len({(row["time_period"], row["unit_code"]) for row in rows}) == len(rows) == 4


@pytest.mark.parametrize(
    ("selection", "variable"),
    [
        ("valueCodes[unit]=country:0,county:*", "Area"),
        ("valueCodes[target_group]=*", "Target group"),
    ],
)
def test_a_selection_that_overlaps_says_so(client: httpx.Client, selection: str, variable: str) -> None:
    text = page(client, f"{TABLE}?lang=en&{selection}")
    assert re.search(rf"Do not sum the rows.*This applies to: {variable}<", text, re.DOTALL)


def test_breaks_of_what_is_shown_are_reported_in_words(settings: Settings) -> None:
    folder = publish(settings, FIRST)
    with connect(folder / DATABASE) as connection:
        connection.execute(
            "insert into area_breaks (time_period, unit_level, unit_code, description_nb, description_en)"
            " values (2023, 'county', '03', 'fikk mer', 'got more'), (2023, 'county', '11', 'mistet noe', 'lost some')"
        )
    with served(settings) as client:
        text = page(client, f"{TABLE}?lang=en")
        (remarks,) = re.findall(r'<ul class="news">(.*?)</ul>', text)
        assert "2023: Scope. More is included." in remarks
        # The break of Oslo is in its row; Rogaland has none.
        assert "Oslo: " in remarks and "got more" in remarks and "lost some" not in remarks
        before = page(client, f"{TABLE}?lang=en&valueCodes[time_period]=2022")
        assert 'class="news"' not in before


def test_a_name_of_two_levels_says_its_level_where_both_are_shown(client: httpx.Client) -> None:
    text = page(client, f"{TABLE}?lang=en&valueCodes[unit]=county:03,municipality:0301")
    assert [row[0] for row in cells(text)[1:]] == ["Oslo (County)", "Oslo (Municipality)"]


def test_the_form_leads_to_an_address_that_shows_the_same_again(client: httpx.Client) -> None:
    form = {
        "form": "time_period",
        "lang": "en",
        "years": "range",
        "years_from": "2023",
        "years_to": "2022",
        "valueCodes[time_period]": "2023",
        "valueCodes[unit]": ["county:*", "country:0"],
        "heading": ["", "unit"],
        "order": "-value",
    }
    answer = client.get(TABLE, params=form, headers=BROWSER)
    assert answer.status_code == 303
    target = answer.headers["location"]
    asked = dict(parse_qsl(urlsplit(target).query))
    assert asked["valueCodes[time_period]"] == "range(2022,2023)"
    assert asked["valueCodes[unit]"] == "*" or asked["valueCodes[unit]"] == "county:*,country:0"
    assert (asked["heading"], asked["order"], "form" in asked) == ("unit", "-value", False)
    text = page(client, target)
    assert cells(text)[0] == ["Year", "Country", "Oslo", "Rogaland, med øyer"]
    assert [row[0] for row in cells(text)[1:]] == ["2023", "2022"]
    assert f"http://{client.base_url.host}:{client.base_url.port}{target}" in links(text)
    assert "whole number" in refused(client.get(TABLE, params={**form, "years": "last", "format": "html"}), 400)["remedy"]


def test_the_fields_of_the_form_are_labelled_and_show_what_is_chosen(client: httpx.Client) -> None:
    text = page(client, f"{TABLE}?valueCodes[time_period]=top(2)&valueCodes[target_group]=adults")
    assert 'name="years" value="last" checked' in text and 'name="years_last" min="1" max="2" value="2"' in text
    assert 'value="adults" checked' in text and 'value="total" checked>' in text
    fields = re.findall(r"<(input|select)([^>]*)>", text)
    for _, attributes in fields:
        if 'type="hidden"' not in attributes and "aria-label" not in attributes:
            named = re.search(r'id="(\w+)"', attributes)
            assert (named and f'<label for="{named[1]}"' in text) or re.search(
                r"<label><input" + re.escape(attributes), text
            )


def test_files_of_a_selection_hold_its_figures_with_words_status_and_notes(client: httpx.Client, tmp_path: Path) -> None:
    text = page(client, f"{TABLE}?lang=en&valueCodes[time_period]=2023")
    found = {dict(parse_qsl(urlsplit(each).query)).get("format"): each for each in links(text) if "/data?" in each}
    assert set(found) == {"csv", "xlsx", "json-stat2", "json"}
    rows = read_csv(client.get(found["csv"]))
    assert [(row["unit_name"], row["fte"], row["obs_status_en"], row["obs_note_en"]) for row in rows] == [
        ("Oslo", "308.625", "Normal value", ""),
        ("Rogaland, med øyer", "617.25", "Normal value", "Contains an answer that was corrected"),
    ]
    assert {row["unit_level_en"] for row in rows} == {"County"}
    (tmp_path / "x.xlsx").write_bytes(client.get(found["xlsx"]).content)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["Table", "Rows", "About"]
    values = [cell.value for row in book["Table"].iter_rows() for cell in row]
    assert 308.625 in values and 617.25 in values and "Area" in values
    # A remark is in the format of its cell, superscript: the cell stays a number, and the mark is not read as digits.
    formats = {cell.value: cell.number_format for row in book["Table"].iter_rows() for cell in row}
    assert (formats[308.625], formats[617.25]) == ('#,##0.0" \N{SUPERSCRIPT ONE}"', '#,##0.0" \N{SUPERSCRIPT TWO}"')
    assert "\N{SUPERSCRIPT TWO}  Contains an answer that was corrected" in values
    head, *body = ([cell.value for cell in row] for row in book["Rows"].iter_rows())
    assert [dict(zip(head, row, strict=True))["fte"] for row in body] == [308.625, 617.25]
    about = " ".join(str(cell.value) for row in book["About"].iter_rows() for cell in row)
    assert FIRST in about and "Constructed data" in about
    cube = client.get(found["json-stat2"]).json()
    assert (cube["label"], cube["value"]) == ("FTE by service", [308.625, 617.25])
    assert cube["dimension"]["area_basis"]["label"] == "Area basis"
    assert [row["fte"] for row in client.get(found["json"]).json()["rows"]] == [308.625, 617.25]


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        ("valueCodes[time_period]=top(1)", 8),
        ("valuecodes[TIME_PERIOD]=from(2023)", 8),
        ("valueCodes[time_period]=[range(2020,2022)]", 8),
        ("valueCodes[unit]=county:*", 8),
        ("codelist[unit]=county&valueCodes[unit]=03", 4),
        ("codelist[unit]=municipality", 4),
        ("valueCodes[unit]=*03*&unit_level=county", 4),
        ("valueCodes[unit]=county:03&valueCodes[unit]=county:11", 8),
        ("valueCodes[unit]=*", 16),
    ],
)
def test_rows_are_chosen_as_pxwebapi_writes_it(client: httpx.Client, selection: str, count: int) -> None:
    assert client.get(f"{TABLE}/data?{selection}").json()["total_rows"] == count


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"{TABLE}/data?valueCodes[nothing]=1", "unit"),
        (f"{TABLE}/data?valueCodes[unit]=county:99", "county:03"),
        (f"{TABLE}/data?valueCodes[time_period]=top(x)", "top(n)"),
        (f"{TABLE}/data?valueCodes[unit]=", "top(n)"),
        (f"{TABLE}/data?codelist[unit]=village", "municipality"),
        (f"{TABLE}/data?codelist[target_group]=x", "leave"),
        (f"{TABLE}/data?valueCodes[measure]=fte&select=fte", "select"),
        (f"{TABLE}/data?outputFormat=csv&outputFormatParams=Nothing", "UseTexts"),
        (f"{TABLE}/data?outputFormatParams=UseTexts,UseCodes", "one of them"),
        (f"{TABLE}/data?outputFormatParams=SeparatorTab", "csv"),
        (f"{TABLE}/data?outputFormat=csv&heading=unit", "page"),
        (f"{TABLE}?format=html&heading=nothing", "unit"),
        (f"{TABLE}?format=html&heading=unit&stub=unit", "heading"),
        (f"{TABLE}?format=html&order=x", "label"),
        (f"{TABLE}?format=html&limit=1", "leave them out"),
        (f"{TABLE}?format=html&nothing=1", "unit_level"),
        ("/tables/areas?format=html&heading=unit", "leave it out"),
    ],
)
def test_a_wrong_selection_is_refused_with_what_there_is(client: httpx.Client, address: str, says: str) -> None:
    assert says in refused(client.get(address), 400)["remedy"]


def test_a_refusal_is_a_page_to_a_browser_and_quotes_nothing_as_markup(client: httpx.Client) -> None:
    answer = client.get(f"{TABLE}?valueCodes[<b>x]=1", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "&lt;b&gt;x" in answer.text and "<b>x" not in answer.text
    assert answer.headers["snapshot-id"] == FIRST


def test_a_value_of_a_selection_never_becomes_sql(client: httpx.Client) -> None:
    for text in ("x' or 'a'='a", "county:03') or (1=1", '"; drop table areas'):
        refused(client.get(f"{TABLE}/data", params={"valueCodes[unit]": text}), 400)
        refused(client.get(f"{TABLE}/data", params={f"valueCodes[{text}]": "1"}), 400)


def test_codes_are_worded_beside_or_instead_of_codes_in_both_languages(client: httpx.Client) -> None:
    address = f"{TABLE}/data?valueCodes[unit]=country:0&{TOTALS}&valueCodes[measure]=fte&outputFormat=csv"
    plain = read_csv(client.get(address))[0]
    assert (plain["unit_level"], "unit_level_nb" in plain, "population" in plain) == ("country", False, False)
    both = read_csv(client.get(f"{address}&outputFormatParams=UseCodesAndTexts&lang=no"))[0]
    assert (both["target_group"], both["target_group_nb"]) == ("total", "I alt")
    texts = read_csv(client.get(f"{address}&outputFormatParams=UseTexts,SeparatorSemicolon&lang=en"), ";")[0]
    assert texts["target_group"] == "Total"
    # JSON gives the meaning of every code of the rows.
    labels = client.get(f"{TABLE}/data?valueCodes[unit]=county:*").json()["labels"]
    assert labels["unit_level"] == {"county": {"nb": "Fylke", "en": "County"}}
    assert set(labels["target_group"]) == {"adults", "total"}


def test_next_leads_through_all_rows_once(client: httpx.Client) -> None:
    address, seen = f"{TABLE}/data?valueCodes[time_period]=top(1)&limit=3", []
    while address:
        answer = client.get(address)
        content = answer.json()
        seen += content["rows"]
        assert (f'<{content["next"]}>; rel="next"' == answer.headers.get("link")) == bool(content["next"])
        address = content["next"] or ""
    assert seen == client.get(f"{TABLE}/data?valueCodes[time_period]=top(1)").json()["rows"]
    assert len(seen) == 8
    assert 'rel="next"' in client.get(f"{TABLE}/data?format=csv&limit=3").headers["link"]
    assert "link" not in client.get(f"{TABLE}/data?format=csv").headers


def test_a_table_without_a_cube_is_browsed_page_by_page(client: httpx.Client) -> None:
    text = page(client, "/tables/codelists?lang=en&sort=-sort_order")
    assert len(cells(text)) == 201
    (following,) = re.findall(r'<a rel="next" href="([^"]+)"', text)
    again = page(client, unescape(following))
    assert 'rel="prev"' in again
    assert cells(again)[1] != cells(text)[1]


def test_a_question_is_chosen_first_and_its_answers_are_its_own(client: httpx.Client) -> None:
    text = page(client, "/tables/indicator_shares?lang=en&valueCodes[indicator]=second_question&valueCodes[unit]=country:0")
    assert re.search(r'<option value="second_question" selected>', text)
    assert "1 of 1" in text


def test_what_is_too_large_to_show_is_still_offered_as_a_file(shared: Settings) -> None:
    with served(shared, replace(PATIENT, page_cells=1, workbook_cells=10)) as client:
        text = page(client, f"{TABLE}?lang=en")
        assert "too large to show" in text and "format=csv" in text and 'class="made"' not in text
        found = refused(client.get(f"{TABLE}/data?outputFormat=xlsx"), 413)
        assert "more than 10" in found["error"] and "csv" in found["remedy"]


def test_every_example_of_the_start_page_is_answered(settings: Settings) -> None:
    folder = publish(settings, FIRST)
    with connect(folder / DATABASE) as connection:
        connection.execute("update fte_by_service set area_basis = 'current'")
    with served(settings) as client:
        text = page(client, "/")
        examples = [unescape(each) for each in re.findall(r'<li><p><a href="([^"]+)">', text)]
        commands = [unescape(each) for each in re.findall(r"curl --globoff '(.*?)'<", text)]
        assert len(commands) == len(examples) == 9
        for example, command in zip(examples, commands, strict=True):
            linked, written = client.get(example), client.get(command)
            assert (linked.status_code, written.status_code) == (200, 200), linked.text
            assert written.content == linked.content
        sql = next(client.get(example).json() for example in examples if "/query" in example)
        assert sql["rows"][-1] == {"time_period": 2023, "fte": FIGURE}
        following = next(client.get(example).json() for example in examples if "limit=50" in example)
        assert [row["unit_code"] for row in following["rows"]] == ["0301"]


def test_the_description_has_every_status_and_answers_are_as_it_says(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    paths = described["paths"]

    def fits(path: str, answer: httpx.Response, method: str = "get") -> None:
        found = paths[path][method]["responses"][str(answer.status_code)]
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in found["content"], (path, kind)
        if kind == "application/json":
            schema: dict[str, Any] = {**found["content"][kind]["schema"], "components": described["components"]}
            jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)

    table, data = "/tables/{table}", "/tables/{table}/data"
    for accepted in ("application/json", "text/html"):
        headers = {"Accept": accepted}
        fits("/", client.get("/", headers=headers))
        fits("/tables", client.get("/tables", headers=headers))
        for name in ("fte_by_service", "areas", "indicator_shares", "codelists"):
            fits(table, client.get(f"/tables/{name}", headers=headers))
        fits(table, client.get("/tables/nothing", headers=headers))
    fits(f"{table}/defaultselection", client.get(f"{TABLE}/defaultselection"))
    fits(f"{table}/defaultselection", client.get("/tables/nothing/defaultselection"))
    for query in ("", "?limit=1", "?outputFormat=csv", "?outputFormat=xlsx", f"?outputFormat=json-stat2&{TOTALS}", "?x=1"):
        fits(data, client.get(f"{TABLE}/data{query}"))
    fits(data, client.get(f"{TABLE}/data", headers={"Accept": "image/png"}))
    fits("/query", client.get("/query?sql=select 1 as x"))
    fits("/query", client.get("/query?sql=drop"))
    fits("/query", client.post("/query", content="select 1 as x"), "post")
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert {"200", "304", "500", "503"} <= set(operation["responses"]), (path, method)
            assert "422" not in operation["responses"]
    # Every parameter of the service is described.
    known = {each["name"] for each in paths[data]["get"]["parameters"]}
    assert {
        "valueCodes",
        "codelist",
        "outputFormat",
        "outputFormatParams",
        "lang",
        "select",
        "sort",
        "limit",
        "offset",
    } <= known


def test_the_figure_of_the_country_is_the_same_by_every_way(client: httpx.Client) -> None:
    selection = f"valueCodes[time_period]=top(1)&valueCodes[unit]=country:0&{TOTALS}&valueCodes[measure]=fte"
    assert client.get(f"{TABLE}/data?{selection}").json()["rows"][0]["fte"] == FIGURE
    assert client.get(f"{TABLE}/data?{selection}&outputFormat=json-stat2").json()["value"] == [FIGURE]
    assert cells(page(client, f"{TABLE}?lang=en&{selection}"))[1][-1] == "1,234.5"
