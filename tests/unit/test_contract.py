"""The contract of the public tables: every promised name exists, and the version reflects changes to the promises.

``tests/golden/contract.txt`` has the promises of the version that docs/use/contract.md names. A removed promise is a
breaking change, which UPDATE_GOLDEN does not record until the version is raised (docs/develop/releasing.md).
"""

from __future__ import annotations

import csv
import re

import click
import pytest

from orchestration.cli import main
from orchestration.cli.catalogue import COMMANDS
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import load_tables
from orchestration.publish.candidate import CONTRACT_VERSION
from tests.conftest import GOLDEN, recorded

DOCUMENT = (PROJECT_DIR / "docs" / "use" / "contract.md").read_text(encoding="utf-8")
RECORD = "contract.txt"
Version = tuple[int, int]


def version_of(text: str) -> Version:
    found = re.search(r"^Contract version ([0-9]+)\.([0-9]+)\b", text, re.MULTILINE)
    assert found is not None, "the version of the contract is missing"
    return int(found[1]), int(found[2])


def commands() -> list[str]:
    """Return the commands that the document promises."""
    return list(dict.fromkeys(re.findall(r"^\| `is248 ([a-z-]+)", DOCUMENT, re.MULTILINE)))


def promises() -> list[str]:
    """Return all names that others may use: tables with keys, columns with types, codes, commands with options."""
    found = []
    for table in load_tables(PROJECT_DIR / "data" / "metadata"):
        found.append(f"table {table.name} ({', '.join(table.key)})")
        found += [f"column {table.name}.{column.name} {column.type}" for column in table.columns]
    with (PROJECT_DIR / "data" / "classifications" / "codelists.csv").open(encoding="utf-8", newline="") as file:
        found += [f"code {row['codelist']}: {row['code']}" for row in csv.DictReader(file)]
    for name in commands():
        found.append(f"command {name}")
        described = main.get_command(click.Context(main), name)
        assert described is not None, name
        options = [option for each in described.params for option in each.opts if option.startswith("--")]
        found += [f"option {name} {option}" for option in options]
    return sorted(found)


def least_version(before: Version, gone: set[str], came: set[str]) -> Version:
    """Return the lowest version that the contract may have, given the changes to the previous version's promises."""
    major, minor = before
    if gone:
        return (major + 1, 0) if major else (major, minor + 1)
    return (major, minor + 1) if came and major else before


def test_the_version_says_what_became_of_the_promises() -> None:
    version, now = version_of(DOCUMENT), promises()
    kept = GOLDEN / RECORD
    text = kept.read_text(encoding="utf-8") if kept.is_file() else f"Contract version {version[0]}.{version[1]}\n"
    before = version_of(text)
    promised = set(text.splitlines()[1:])
    gone, came = promised - set(now), set(now) - promised
    least = least_version(before, gone, came) if promised else version
    assert version >= least, (
        f"docs/use/contract.md has to say version {least[0]}.{least[1]}, and CHANGELOG.md what became of it; "
        f"gone: {sorted(gone)}, new: {sorted(came)}"
    )
    record = "\n".join([f"Contract version {version[0]}.{version[1]}", *now]) + "\n"
    assert recorded(RECORD, record) == record, "run this test once with UPDATE_GOLDEN=1, and read what changed"


def test_a_snapshot_names_the_version_of_its_contract() -> None:
    assert version_of(f"Contract version {CONTRACT_VERSION}") == version_of(DOCUMENT)


def test_every_promised_command_is_there() -> None:
    assert commands()
    assert set(commands()) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("before", "gone", "came", "least"),
    [
        ((0, 1), set(), set(), (0, 1)),
        ((0, 1), set(), {"column a.c"}, (0, 1)),
        ((0, 1), {"column a.b"}, set(), (0, 2)),
        ((1, 3), set(), set(), (1, 3)),
        ((1, 3), set(), {"column a.c"}, (1, 4)),
        ((1, 3), {"column a.b INTEGER"}, {"column a.b DOUBLE"}, (2, 0)),
    ],
)
def test_a_break_is_another_version(before: Version, gone: set[str], came: set[str], least: Version) -> None:
    assert least_version(before, gone, came) == least
