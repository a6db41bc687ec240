"""Proposed input files: which entries are removed, and that all other text is unchanged."""

from __future__ import annotations

import pytest

from orchestration.gate.proposals import entries, redelivery_entry, without_entries, without_rows

LIST = """# Corrections of the year. The head stays.

# told by phone
- unit: "0101"
  value: 1     # in FTE
  # and no more

# of the second
# entry
- unit: "0104"
  value: 2

- {unit: "0105",
   value: 3}
-
  unit: "0106"
# the end
"""


@pytest.mark.parametrize(
    ("lines", "gone"),
    [
        (set(), []),
        ({4}, ["# told by phone\n", '- unit: "0101"\n', "  value: 1     # in FTE\n", "  # and no more\n"]),
        ({10}, ["# of the second\n", "# entry\n", '- unit: "0104"\n', "  value: 2\n"]),
        ({13}, ['- {unit: "0105",\n', "   value: 3}\n"]),
        ({16}, ["-\n", '  unit: "0106"\n']),
        ({3, 11}, []),
    ],
)
def test_an_entry_goes_with_its_own_comments_and_all_else_stays(lines: set[int], gone: list[str]) -> None:
    kept = without_entries(LIST, lines)
    left = LIST
    for line in gone:
        left = left.replace(line, "", 1)
    assert kept == left


def test_an_empty_list_and_one_in_brackets_stay() -> None:
    for text in ("# none\n", "[{a: 1}, {a: 2}]\n"):
        assert without_entries(text, {1}) == text


def test_a_row_of_a_csv_file_goes_with_all_its_lines() -> None:
    text = 'id,text\na,"one\r\ntwo"\nb,\n"c",x\n'
    assert without_rows(text, "id", {"a"}) == 'id,text\nb,\n"c",x\n'
    assert without_rows(text, "id", {"c", "b"}) == 'id,text\na,"one\r\ntwo"\n'


def lost(code: str, verdict: str = "unsigned", form: str = "f", *, is_contested: bool = False) -> dict[str, object]:
    counts = {"answers_before": 9, "answers_now": 2, "answers_lost": 7}
    return {"form": form, "time_period": 2016, "sha256": "ab" * 32, "unit_code": code, "unit_name": "N", **counts} | {
        "verdict": verdict,
        "is_contested": is_contested,
    }


def test_a_proposed_entry_names_units_and_version_and_is_open_for_the_signature() -> None:
    assert redelivery_entry([lost("0101"), lost("0104")]) == (
        "# f\n"
        "#   0101 N: 7 of 9 answers are gone, 2 are there\n"
        "#   0104 N: 7 of 9 answers are gone, 2 are there\n"
        "- year: 2016\n"
        '  units: ["0101", "0104"]\n'
        '  delivery: "abababababab"\n'
        '  reason: ""        # why the answers are gone\n'
        '  decided_by: ""\n'
        "  date:\n"
    )
    # A unit with contradicting answers needs another kind of entry.
    contested = lost("0106", is_contested=True)
    found = entries([lost("0101"), lost("0104", form="g"), lost("0105", "lost_few"), contested])
    assert {key: len(each) for key, each in found.items()} == {(2016, "unsigned"): 2, (2016, "lost_few"): 1}
