"""A redelivery: the version with which it is compared, and the published answers that are gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.warehouse import quoted
from orchestration.forms.registry import load_forms
from orchestration.ingest import archive as archived
from orchestration.ingest.archive import LISTS, archive, delivery_hash, versions_of
from orchestration.ingest.capture import capture
from orchestration.preview.page import render
from orchestration.preview.reading import read
from orchestration.preview.versions import returned
from orchestration.preview.year_preview import Preview, preview_year
from orchestration.publish import rolls
from tests.integration.deliveries_kit import HEADER, Kit, csv_text, make_kit, write_delivery
from tests.integration.publication_kit import DELIVERY, published

YEAR = 2016
FORM = f"survey_{YEAR}"


def answered(number: int, code: str, name: str, housing: str, work: str = "") -> list[str]:
    return [str(number), code, name, "", f"0{number}.04.{YEAR}", "1", housing, work, "", "", "", ""]


HALDEN, MOSS, FREDRIKSTAD = (
    answered(1, "0101", "Halden", "12,5"),
    answered(2, "0104", "Moss", "3,5"),
    answered(3, "0106", "Fredrikstad", "20"),
)


def deliver(kit: Kit, *rows: list[str]) -> Path:
    return write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(HEADER, list(rows))})


def keep(kit: Kit, *rows: list[str]) -> str:
    """Deliver rows, and keep them in the archive as a run does; return the hash of the version."""
    folder = deliver(kit, *rows)
    (described,) = load_forms(kit.settings.forms)
    files = capture(folder, described)
    archive(folder, files, kit.settings.archive)
    return delivery_hash(files)


def publish(kit: Kit, *rows: list[str], has_roll: bool = True) -> str:
    """Publish a snapshot that claims these rows as its delivery, with the roll of their answers; return its hash."""
    sha256 = keep(kit, *rows)
    made_of = DELIVERY | {"form": FORM, "time_period": YEAR, "sha256": sha256}
    snapshot = published(kit.settings.snapshots.parent, {"deliveries": [made_of]})
    assert snapshot.parent == kit.settings.snapshots
    if has_roll:
        kept = rolls.kept_roll(kit.settings.snapshots, snapshot.name)
        kept.parent.mkdir(exist_ok=True)
        with read(kit.settings, YEAR, models=("int_answer_roll", "int_delivery_versions")) as (_, connection):
            connection.execute(
                "copy (select * from intermediate.int_answer_roll inner join (select form, sha256 "
                f"from intermediate.int_delivery_versions) using (form)) to {quoted(kept)} (format parquet)"
            )
    return sha256


def previewed(kit: Kit, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    for name in ("data", "warehouse", "snapshots"):
        monkeypatch.setenv(f"IS248_{name.upper()}_DIR", str(getattr(kit.settings, name)))
    result = CliRunner().invoke(main, ["preview", str(YEAR), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def lost(found: Preview) -> Sequence[tuple[Any, ...]]:
    return [(each.unit_code, each.answers_lost, each.answers_now, each.needs_a_line) for each in found.losses.units]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


# Published answers that are gone


def test_units_whose_published_answers_are_gone_are_reported_by_a_plain_look(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(kit, HALDEN, answered(2, "0104", "Moss", "3,5", "1"), FREDRIKSTAD)
    assert preview_year(kit.settings, YEAR).losses.units == ()
    deliver(kit, answered(2, "0104", "Moss", "", "1"), FREDRIKSTAD)
    found = preview_year(kit.settings, YEAR)
    assert found.problems == () and found.compared is None
    assert lost(found) == [("0101", 1, 0, True), ("0104", 1, 1, True)]
    (entry,) = found.losses.entries
    assert 'units: ["0101", "0104"]' in entry and "#   0101 Halden: 1 of 1 answers are gone" in entry
    text = previewed(kit, monkeypatch)
    assert "a run would be refused: 0 problems, 0 rows to be decided, 2 units with answers gone that nobody signed" in text
    assert "no problem would stop a run" not in text
    assert all(line in text for line in entry.splitlines())
    page = render(found)
    assert "no problem would stop a run" not in page and "0101 Halden" in page


def test_a_signed_loss_refuses_nothing(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(kit, HALDEN, MOSS)
    sha256 = keep(kit, MOSS)
    (kit.data / "redeliveries").mkdir(exist_ok=True)
    (kit.data / "redeliveries" / f"{YEAR}.yml").write_text(
        f'- {{year: {YEAR}, units: ["0101"], delivery: "{sha256[:12]}", reason: a, decided_by: b, date: {YEAR}-06-14}}\n',
        encoding="utf-8",
    )
    assert preview_year(kit.settings, YEAR).losses.units == ()
    assert "no problem would stop a run" in previewed(kit, monkeypatch)


def test_where_nothing_can_be_compared_the_look_says_why(kit: Kit) -> None:
    deliver(kit, MOSS)
    found = preview_year(kit.settings, YEAR).losses
    assert (found.snapshot, found.units, found.not_compared) == (None, (), ())
    publish(kit, HALDEN, MOSS, has_roll=False)
    deliver(kit, MOSS)
    (why,) = preview_year(kit.settings, YEAR).losses.not_compared
    assert "has no roll" in why


def test_what_is_missing_since_a_file_cannot_be_read_is_not_told_as_gone(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(kit, HALDEN, MOSS)
    (kit.data / "deliveries" / str(YEAR) / "export.csv").write_bytes(b"\xff\xfe;")
    found = preview_year(kit.settings, YEAR)
    assert found.problems and found.undelivered == () and found.losses.units == ()
    (why,) = found.losses.not_compared
    assert f"{FORM}: lost answers cannot be listed until the problems above are solved" in why
    assert why in previewed(kit, monkeypatch)


# The version used for comparison


def test_a_delivery_that_comes_again_is_reported_by_unit_and_question_with_its_effect(kit: Kit) -> None:
    folder = deliver(kit, HALDEN, MOSS, FREDRIKSTAD)
    with pytest.raises(UserError, match="no earlier version of the delivery of 2016 is archived"):
        preview_year(kit.settings, YEAR, "previous")
    keep(kit, HALDEN, MOSS, FREDRIKSTAD)
    deliver(kit, answered(2, "0104", "Moss", "4,25"), FREDRIKSTAD, answered(4, "0105", "Sarpsborg", "7"))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    compared = preview_year(kit.settings, YEAR, "previous").compared
    assert compared is not None
    assert (compared.units_gone, compared.units_new) == (("0101",), ("0105",))
    assert [(each.unit_code, each.before, each.now, each.difference) for each in compared.changed] == [
        ("0101", "12.5", None, Decimal("-12.5")),
        ("0105", None, "7.0", Decimal(7)),
        ("0104", "3.5", "4.25", Decimal("0.75")),
    ]
    assert [(each.question, each.before, each.now) for each in compared.effects] == [
        ("fte_by_service", Decimal(36), Decimal("31.25"))
    ]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    # All answers of one unit, and none of the other: a changed answer is not lost.
    assert [(each.unit_code, each.unit_name, each.answers_lost, each.answers_now) for each in compared.fewer] == [
        ("0101", "Halden", 1, 0)
    ]
    (version,) = compared.versions
    page = render(preview_year(kit.settings, YEAR, version.sha256[:6]))
    assert "0105 Sarpsborg" in page and version.name in page


def test_what_became_of_the_version_is_said_and_the_published_one_can_be_named(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no published version of the delivery of 2016 is archived"):
        preview_year(kit.settings, YEAR, "published")
    first = publish(kit, HALDEN, MOSS)
    refused = keep(kit, MOSS)
    deliver(kit, HALDEN, MOSS, FREDRIKSTAD)
    found = {name: preview_year(kit.settings, YEAR, name).compared for name in ("published", "previous", refused[:8])}
    versions = {name: each.versions[0] for name, each in found.items() if each is not None}
    assert (versions["published"].sha256, versions["published"].is_published) == (first, True)
    assert (versions["previous"].sha256, versions["previous"].is_published) == (refused, False)
    assert versions["previous"].snapshot is None and versions["previous"] == versions[refused[:8]]
    text = previewed(kit, monkeypatch, "--against", "previous")
    assert f"beside version {refused[:12]} of {YEAR}, read first on" in text and "; never published" in text
    assert "; published now, in " in previewed(kit, monkeypatch, "--against", "published")


def test_the_previous_version_is_the_one_that_came_last_before_this_one(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(f"2017-03-0{day}T12:00:00+00:00" for day in range(1, 9))
    monkeypatch.setattr(archived, "_format_moment", lambda moment=None: next(moments))
    first, second = keep(kit, HALDEN), keep(kit, MOSS)
    # Read again without a change: no redelivery.
    assert keep(kit, MOSS) == second
    assert keep(kit, HALDEN) == first

    def previous() -> str:
        compared = preview_year(kit.settings, YEAR, "previous").compared
        assert compared is not None
        return compared.versions[0].sha256

    assert previous() == second
    deliver(kit, HALDEN, MOSS)
    assert previous() == first
    newest = versions_of(kit.settings.archive, str(YEAR))[0]
    assert (newest.hashes, newest.read_at[:10], newest.read_last[:10]) == ((first,), "2017-03-01", "2017-03-03")


def test_an_earlier_version_that_comes_again_is_reported_and_the_newest_is_not(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(f"2017-03-0{day}T12:00:00+00:00" for day in range(1, 9))
    monkeypatch.setattr(archived, "_format_moment", lambda moment=None: next(moments))
    keep(kit, HALDEN)
    assert returned(kit.settings, [str(YEAR), "none"]) == []
    keep(kit, MOSS)
    assert returned(kit.settings, [str(YEAR)]) == []
    deliver(kit, HALDEN)
    text = "delivery 2016: this is the version that was read first on 2017-03-01, older than the one of 2017-03-02"
    assert [str(each) for each in returned(kit.settings, [str(YEAR)])] == [text]
    found = preview_year(kit.settings, YEAR)
    assert found.returned == (text,) and text in render(found)


def test_a_list_of_an_earlier_release_is_as_old_as_its_file(kit: Kit) -> None:
    sha256 = keep(kit, HALDEN)
    listed = kit.settings.archive / LISTS / f"{sha256}.json"
    content = json.loads(listed.read_text(encoding="utf-8"))
    listed.write_text(json.dumps({name: content[name] for name in ("delivery", "files")}), encoding="utf-8")
    (version,) = versions_of(kit.settings.archive, str(YEAR))
    assert version.read_at == version.read_last and version.read_at[:4] >= "2024"
