from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from typing import Any, get_args

import pytest

from orchestration.gate import page
from orchestration.gate.coverage import KINDS
from orchestration.gate.page import NOTHING, cell, number, render, share
from orchestration.gate.proof import Verdict
from orchestration.gate.results import Outcome
from orchestration.gate.rules import Level, Severity, Stage

LANGUAGES = ("nb", "en")


def a_rule(name: str, **changed: Any) -> dict[str, Any]:
    texts = {
        f"{what}_{language}": f"{what} {name} {language}"
        for what in ("title", "explanation", "remedy")
        for language in LANGUAGES
    }
    return {
        "rule": name,
        "kind": "rows",
        "stage": "candidate",
        **texts,
        "table": "fte_by_service",
        "level": "format",
        "severity": "fatal",
        "outcome": "pass",
        "blocks": False,
        "checked": 12345,
        "failing": 0,
        "waived": 0,
        "value": None,
        "limit": None,
        "rows": [],
        "error": None,
        **changed,
    }


FAILED = {"outcome": "fail", "blocks": True, "failing": 1234}
ROW = {"time_period": 2016, "unit_name": "<script>alert('æ')</script>", "fte": 12.5, "note": None}


def a_verdict(*rules: dict[str, Any], **changed: Any) -> dict[str, Any]:
    blocking = [each["rule"] for each in rules if each["blocks"]]
    return {
        "verdict": "fail" if blocking else "pass",
        "candidate": "2023-0123456789ab",
        "content_hash": "0123456789ab" * 5 + "0123",
        "blocking": blocking,
        "counts": {outcome: sum(each["outcome"] == outcome for each in rules) for outcome in get_args(Outcome)},
        "coverage": {"fte_by_service": {"figures": 1000, "within_year": 509, "between_years": 0, "reconciliation": 1000}},
        "rules": list(rules),
        **changed,
    }


class Reader(HTMLParser):
    """The text shown in one language, and the tags that load something."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.stack, self.text, self.open = language, list[str](), "", 0
        self.loading: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "link", "img", "iframe", "object") or "src" in values:
            self.loading.append(tag)
        if tag == "details" and "open" in values:
            self.open += 1
        if tag not in ("meta", "input", "use", "br", "path", "circle"):
            self.stack.append(values.get("lang") or "" if tag == "span" else tag if tag == "style" else "")

    def handle_endtag(self, tag: str) -> None:
        self.stack.pop()
        self.text += " " if tag in ("th", "td") else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_data(self, data: str) -> None:
        if not {"style", *LANGUAGES} - {self.language} & set(self.stack):
            self.text += data


def read(html: str, language: str) -> str:
    reader = Reader(language)
    reader.feed(html)
    assert reader.stack == [], "every element is closed"
    assert reader.loading == []
    return " ".join(reader.text.replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("group", "type_"),
    [
        ("levels", Level),
        ("level_questions", Level),
        ("stages", Stage),
        ("stage_meanings", Stage),
        ("severities", Severity),
        ("severity_meanings", Severity),
        ("outcomes", Outcome),
        ("outcome_meanings", Outcome),
        ("fault_verdicts", Verdict),
    ],
)
def test_everything_has_words(group: str, type_: Any) -> None:
    assert tuple(page.CLASSES[group]) == get_args(type_)


def test_every_kind_of_coverage_has_words() -> None:
    assert tuple(page.CLASSES["coverages"]) == tuple(KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_stands_in_both_languages(language: str) -> None:
    rules = [
        a_rule(f"rule_{level}_{stage}", level=level, stage=stage, severity=severity)
        for level in get_args(Level)
        for stage in get_args(Stage)
        for severity in get_args(Severity)
    ]
    other = "en" if language == "nb" else "nb"
    text = read(render(a_verdict(*rules)), language)
    for rule in rules:
        for what in ("title", "explanation", "remedy"):
            assert rule[f"{what}_{language}"].lower() in text.lower()
            assert rule[f"{what}_{other}"].lower() not in text.lower()


@pytest.mark.parametrize(
    ("rules", "nb", "en"),
    [
        ([a_rule("a"), a_rule("b")], "kan publiseres: alle 2 regler er bestått", "may be published: all 2 rules passed"),
        ([a_rule("a"), a_rule("b", **FAILED)], "publiseres ikke: én av 2 regler", "is refused: one of 2 rules blocks"),
        (
            [a_rule("a", **FAILED), a_rule("b", outcome="no_data", blocks=True)],
            "publiseres ikke: 2 av 2 regler",
            "is refused: 2 of 2 rules block",
        ),
        (
            [a_rule("a"), a_rule("b", severity="warning", **FAILED | {"blocks": False})],
            "ingen av 2 regler stanser den, men én",
            "none of 2 rules blocks it, but one",
        ),
    ],
)
def test_the_verdict_is_one_sentence(rules: list[dict[str, Any]], nb: str, en: str) -> None:
    html = render(a_verdict(*rules))
    assert nb in read(html, "nb")
    assert en in read(html, "en")


def test_failing_rows_are_shown_and_escaped() -> None:
    html = render(a_verdict(a_rule("a", **FAILED, rows=[ROW, {**ROW, "extra": True}])))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    nb, en = read(html, "nb"), read(html, "en")
    assert "De første 2 av 1 234 rader" in nb
    assert "The first 2 of 1,234 rows" in en
    # Columns of all rows; a year has no separators; the decimal mark is the language's.
    assert f"time_period unit_name fte note extra 2016 <script>alert('æ')</script> 12,5 {NOTHING} {NOTHING}" in nb
    assert f"12.5 {NOTHING} true" in en


@pytest.mark.parametrize("stage", ["delivery", "warehouse"])
def test_restricted_rows_are_not_shown(stage: str) -> None:
    html = render(a_verdict(a_rule("a", **FAILED, stage=stage, rows=[ROW])))
    assert "alert" not in html
    assert "time_period" not in html
    assert "Radene vises ikke" in read(html, "nb")
    assert "The rows are restricted" in read(html, "en")


def test_every_text_of_the_verdict_is_escaped() -> None:
    sign = "<b>{&}</b>"
    texts = {f"{what}_{language}": sign for what in ("title", "explanation", "remedy", "fault") for language in LANGUAGES}
    rule = a_rule("a", **texts, table=sign, outcome="did_not_run", blocks=True, error=sign)
    fault = {"rule": "a", "level": "format", "fault_nb": sign, "fault_en": sign, "verdict": "missed", "failing": 0}
    proof = {"rules": 1, "faults": 1, "caught": 0, "not_seeded": ["a"], "without_fault": [sign], "by_rule": [fault]}
    html = render(a_verdict(rule, candidate=sign, content_hash=sign, coverage={}, proof=proof))
    assert sign not in html
    assert html.count("&lt;b&gt;{&amp;}&lt;/b&gt;") > 10


def test_what_blocks_comes_first_and_is_open() -> None:
    rules = [a_rule("a"), a_rule("b", severity="warning", outcome="fail", failing=1), a_rule("c", **FAILED), a_rule("d")]
    html = render(a_verdict(*rules))
    assert re.findall(r'<li id="rule-(\w)"', html) == ["c", "b", "a", "d"]
    reader = Reader("nb")
    reader.feed(html)
    assert reader.open == 2


def test_a_rule_that_did_not_run_says_why() -> None:
    html = render(a_verdict(a_rule("a", outcome="did_not_run", blocks=True, error="Binder Error: no column x")))
    assert "Binder Error: no column x" in read(html, "nb")


def test_waived_rows_are_counted() -> None:
    rule = a_rule("a", severity="warning", outcome="fail", failing=3, waived=3, rows=[ROW])
    html = render(a_verdict(rule))
    assert "3 av 3 rader har signert fritak" in read(html, "nb")
    assert "3 of 3 rows have a signed waiver" in read(html, "en")


@pytest.mark.parametrize("changed", [{}, {"proof": None}])
def test_without_a_proof_the_page_says_nothing_of_it(changed: dict[str, Any]) -> None:
    assert "Fanger reglene feil" not in render(a_verdict(a_rule("a"), **changed))


def test_the_proof_names_what_was_missed() -> None:
    verdicts = {"a": "caught", "b": "missed", "c": "not_seeded"}
    by_rule = [
        {
            "rule": name,
            "level": "format",
            "fault_nb": f"feil {name}",
            "fault_en": f"fault {name}",
            "verdict": verdict,
            "failing": 0,
        }
        for name, verdict in verdicts.items()
    ]
    proof = {"rules": 4, "faults": 2, "caught": 1, "not_seeded": ["c"], "without_fault": ["d"], "by_rule": by_rule}
    text = read(render(a_verdict(*(a_rule(name) for name in "abcd"), proof=proof)), "en")
    assert "1 of 2 seeded faults caught." in text
    assert "Not caught: 1 title b en" in text
    assert "Not seeded: the data contain nothing to change: 1 title c en" in text
    assert f"fault b {NOTHING} not caught" in text


def test_coverage_is_a_share_of_the_figures() -> None:
    html = render(a_verdict(a_rule("a")))
    assert "fte_by_service 1 000 50,9 % 0 % 100 %" in read(html, "nb")
    assert "fte_by_service 1,000 50.9% 0% 100%" in read(html, "en")


def test_the_page_loads_nothing() -> None:
    html = render(a_verdict(a_rule("a", **FAILED, rows=[ROW])))
    assert "http" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert re.findall(r'href="(?!#)([^"]*)"', html) == ["gate.json", "gate.great_expectations.json"]


def test_the_same_verdict_gives_the_same_page() -> None:
    verdict = a_verdict(a_rule("a", **FAILED, rows=[ROW]), a_rule("b"))
    before = copy.deepcopy(verdict)
    assert render(verdict).encode() == render(copy.deepcopy(verdict)).encode()
    assert verdict == before


def test_ids_are_unique_and_every_link_has_its_place() -> None:
    html = render(a_verdict(a_rule("a", **FAILED, rows=[ROW]), a_rule("b", level="disclosure")))
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|aria-labelledby=")([^"]+)"', html)) <= set(ids)


def test_a_page_of_many_rules_stays_small() -> None:
    rules = [
        a_rule(f"rule_with_a_long_name_{each}", explanation_nb="x" * 300, explanation_en="x" * 300) for each in range(70)
    ]
    assert len(render(a_verdict(*rules)).encode()) < 300_000


@pytest.mark.parametrize(
    ("value", "nb", "en"),
    [
        (0, "0", "0"),
        (932438, "932\u00a0438", "932,438"),
        (887142.0, "887\u00a0142", "887,142"),
        (0.00966183574879227, "0,009662", "0.009662"),
        (123456.78, "123\u00a0457", "123,457"),
        (-0.00002, "\u22120,00002", "\u22120.00002"),
        (1e-15, "1e\u221215", "1e\u221215"),
        (float("inf"), "\u221e", "\u221e"),
        (float("nan"), NOTHING, NOTHING),
    ],
)
def test_numbers_have_each_languages_form(value: float, nb: str, en: str) -> None:
    assert (number(value, "nb"), number(value, "en")) == (nb, en)


def test_a_value_beyond_its_limit_never_looks_like_it() -> None:
    assert number(0.1000004, "en") == "0.1"
    assert number(0.1000004, "en", other=0.1) == "0.1000004"
    assert number(0.1, "en", other=0.1) == "0.1"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0%"),
        (1, 100000, "<\u00a00.1%"),
        (99999, 100000, ">\u00a099.9%"),
        (10, 10, "100%"),
        (1, 3, "33.3%"),
        (0, 0, "0%"),
    ],
)
def test_a_share_is_nothing_or_all_only_if_it_is(part: int, whole: int, text: str) -> None:
    assert share(part, whole, "en") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, NOTHING), (True, "true"), (2016, "2016"), (0.1 + 0.2, "0,3"), ("0301", "0301"), ([1, "æ"], '[1, "æ"]')],
)
def test_a_cell_is_what_stands_in_the_data(value: Any, text: str) -> None:
    assert cell(value, "nb") == text


def test_the_page_says_how_many_results_are_of_this_snapshot() -> None:
    rules = [a_rule("a"), a_rule("b", judged_on=["2022-0123456789ab"]), a_rule("c", judged_on=[])]
    text = " ".join(render(a_verdict(*rules)).split())
    for sentence in (
        "Prøvd på denne utgaven: 2 regler.",
        "er likt: 1.",
        "Judged on this snapshot: 2 rules.",
        "is the same: 1.",
    ):
        assert sentence in text
