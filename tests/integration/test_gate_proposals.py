"""Proposed entries for failing rules, as files next to the warehouse; the inputs do not change."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.entry_files import read_entries
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.gate.proposals import PROPOSERS, propose, propose_waiting
from orchestration.gate.results import Counted, RuleResult, result
from orchestration.gate.rules import load_rules
from orchestration.ingest.decisions import WaitingQuestions

RULES = {rule.id: rule for rule in load_rules(PROJECT_DIR / "expectations" / "rules")}
CORRECTIONS = "# Of the year.\n\n- {unit: a}\n# told by phone\n- {unit: b}\n"
SIGNED = "- {entry: 1}\n- {entry: 2}\n"
EXPLANATIONS = "explanation_id,source_id\ngone,s\nstays,s\n"

TABLES = """
    create schema intermediate; create schema staging; create schema marts; create schema forms;
    create table intermediate.int_redelivered_units as select * from (values
        ('f', 2016, repeat('ab', 32), '0101', 9, 0, 9, 'unsigned'),
        ('f', 2016, repeat('ab', 32), '0104', 9, 8, 1, 'lost_few'),
        ('f', 2016, repeat('ab', 32), '0105', 9, 0, 9, 'unsigned'), ('f', 2016, repeat('ab', 32), '0106', 9, 9, 0, 'kept')
    ) as t (form, time_period, sha256, unit_code, answers_before, answers_now, answers_lost, verdict);
    create table intermediate.int_units as select 2016 as time_period, '0101' as unit_code, 'Halden' as unit_name;
    create table intermediate.int_signed_redeliveries as select * from (values
        ('2016.yml:1', '0301', 'no_such_version'), ('2016.yml:2', '0301', 'covers_nothing'), ('2016.yml:2', '0101', 'covers')
    ) as t (entry, unit_code, verdict);
    create table intermediate.int_contested_units as select 'f' as form, '0105' as unit_code, 'several' as rejected_reason;
    create table intermediate.int_rival_rows as select * from (values
        ('f', '0105', 'submission', 'main', 'x.csv', 3), ('f', '0105', 'submission', 'main', 'late.csv', 2)
    ) as t (form, unit_code, contest, layout, file, row_number);
    create table intermediate.int_corrections as select * from (values
        ('a.yml:3', 'applied'), ('a.yml:5', 'held_already')) as t (correction, verdict);
    create table forms.forms as select 'f' as form, 2016 as time_period;
    create table forms.layouts as select 'f' as form, 'main' as layout, cast(null as varchar) as links_to;
    create table staging.stg_published__explanations as select * from (values
        ('gone', 's', 't', 'k', 'print'), ('stays', 's', 't', 'l', 'print')
    ) as t (explanation_id, source_id, table_id, cell_key, compared_with);
    create table marts.mart_reconciliation as select * from (values
        ('s', 't', 'k', 'equal', 'rebuilt'), ('s', 't', 'l', 'explained', 'rebuilt')
    ) as t (source_id, table_id, cell_key, verdict, method);
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for path, text in (
        ("corrections/a.yml", CORRECTIONS),
        ("redeliveries/2016.yml", SIGNED),
        ("published/explanations.csv", EXPLANATIONS),
    ):
        (tmp_path / "data" / path).parent.mkdir(parents=True)
        (tmp_path / "data" / path).write_text(text, encoding="utf-8")
    made = Settings(data_dir=tmp_path / "data", warehouse_dir=tmp_path / "warehouse", snapshots_dir=tmp_path / "snapshots")
    with connect(made.warehouse_file) as connection:
        connection.execute(TABLES)
    return made


def failing(*names: str) -> list[RuleResult]:
    return [result(RULES[name], Counted(1, 1, None, [{}])) for name in names]


def bytes_under(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_file_is_proposed_as_it_would_be_and_the_inputs_stay(settings: Settings) -> None:
    before = bytes_under(settings.data)
    found = {each.rule: each for each in propose(settings, failing(*PROPOSERS), settings.warehouse_file)}
    assert bytes_under(settings.data) == before
    proposed = {path: content.decode() for path, content in bytes_under(settings.proposals).items()}
    assert set(proposed) == {
        "corrections/a.yml",
        "published/explanations.csv",
        "redeliveries/2016.yml",
        "submissions/2016.yml",
    }
    assert proposed["corrections/a.yml"] == "# Of the year.\n\n- {unit: a}\n"
    assert proposed["published/explanations.csv"] == "explanation_id,source_id\nstays,s\n"
    # The entry that covers nothing is removed, the one that covers a unit stays, and those to be signed follow it.
    assert proposed["redeliveries/2016.yml"].startswith("- {entry: 2}\n\n# f\n#   0101 Halden: 9 of 9 answers are gone")
    assert '["0101"]' in proposed["redeliveries/2016.yml"] and '["0104"]' in proposed["redeliveries/2016.yml"]
    # For the unit that answered several times, the answer that counts is to be signed.
    assert "0105" not in proposed["redeliveries/2016.yml"]
    assert proposed["submissions/2016.yml"].startswith(
        '# one of: late.csv row 2; x.csv row 3\n- unit: "0105"\n  year: 2016\n'
    )
    assert all(path.stat().st_mode & 0o077 == 0 for path in (settings.proposals, *settings.proposals.rglob("*")))
    refused = "\n".join(found["lost_answers_are_signed"].proposed)
    assert '- year: 2016\n    units: ["0101"]' in refused and '["0104"]' not in refused and "- {entry" not in refused
    for each in found.values():
        assert each.proposed and str(settings.proposals) in each.proposed[0]
        assert "proposed" not in each.public()
        assert each.severity == "error" or all(line.startswith("proposed") for line in each.proposed)


def test_what_holds_again_leaves_no_proposal(settings: Settings) -> None:
    propose(settings, failing(*PROPOSERS), settings.warehouse_file)
    passed = [result(RULES[name], Counted(1, 0)) for name in PROPOSERS]
    assert [each.proposed for each in propose(settings, passed, settings.warehouse_file)] == [[]] * len(passed)
    assert bytes_under(settings.proposals) == {}


def test_questions_that_an_attack_works_something_out_of_are_proposed_to_wait(settings: Settings) -> None:
    signed = settings.data / "waiting_questions" / "2016.yml"
    signed.parent.mkdir()
    before = "- {year: 2016, questions: [first], reason: r, decided_by: NN, date: 2017-01-01}\n"
    signed.write_text(before, encoding="utf-8")
    found = [
        result(RULES[rule], Counted(9, len(questions), questions=questions))
        for rule, questions in {
            "no_sum_rests_on_few_units": [],
            "no_answer_of_a_unit_follows": [("plan", 2016), ("crisis_team", 2020)],
            "snapshots_do_not_tell_who_changed": [("plan", 2016), ("evening", 2016)],
        }.items()
    ]

    clean, *with_proposals = propose_waiting(settings, found)

    assert clean.proposed == []
    written = (settings.proposals / "waiting_questions" / "2016.yml").read_text(encoding="utf-8")
    assert written.startswith(before + "\n- year: 2016\n  questions:\n    - evening\n    - plan\n  reason: ")
    assert signed.read_text(encoding="utf-8") == before
    lines = [line for each in with_proposals for line in each.proposed]
    assert len([line for line in lines if line.startswith("proposed, ")]) == 3
    # Of both years, each once.
    assert [line for line in lines if line.startswith("  - year")] == ["  - year: 2016", "  - year: 2020"]
    signed.write_text(written, encoding="utf-8")
    with pytest.raises(UserError, match="reason"):
        list(read_entries(signed, WaitingQuestions, "docs"))
    signed.write_text(written.replace('""', "NN").replace("date:\n", "date: 2017-02-01\n"), encoding="utf-8")
    entries = [entry for _, entry in read_entries(signed, WaitingQuestions, "docs")]
    assert [entry.questions for entry in entries] == [("first",), ("evening", "plan")]
    # A finding that is gone is no longer proposed.
    propose_waiting(settings, found[:1])
    assert not (settings.proposals / "waiting_questions").exists()
