"""Licences of packages: how they are read, and that every pinned package has an accepted one."""

from __future__ import annotations

from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.core import licences
from orchestration.core.errors import UserError
from tests.unit.test_locks import PYTHON_HERE, RUN, is_installed, locks, pins

POLICY = licences.load_policy()


def package(folder: Path, *lines: str, name: str = "made-up") -> Distribution:
    """Return a package with these lines in its metadata."""
    path = folder / f"{name}-1.dist-info"
    path.mkdir()
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1", *lines])
    (path / "METADATA").write_text(f"{text}\n", encoding="utf-8")
    return Distribution.at(path)


@pytest.mark.parametrize("name", locks())
def test_every_pinned_package_is_under_an_accepted_licence(name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    found = licences.installed(POLICY, map(distribution, pins(name, PYTHON_HERE)))
    assert len(found) == len(pins(name, PYTHON_HERE))
    assert [each for each in found if not each.accepted] == []


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("MIT OR GPL-3.0-or-later", True),
        ("MIT AND GPL-3.0-or-later", False),
        ("GPL-3.0-or-later OR MIT AND BSD-3-Clause", True),
        ("MPL-2.0 AND (GPL-3.0-or-later OR MIT)", True),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT MIT", False),
        ("MIT AND", False),
        ("", False),
    ],
)
def test_expressions_are_read_as_spdx_has_them(expression: str, accepted: bool) -> None:
    assert POLICY.accepts(expression) is accepted


@pytest.mark.parametrize(
    ("lines", "licence", "accepted"),
    [
        (["License-Expression: MIT"], "MIT", True),
        (
            ["License-Expression: AGPL-3.0-only", "Classifier: License :: OSI Approved :: MIT License"],
            "AGPL-3.0-only",
            False,
        ),
        (["License: apache license 2.0"], "Apache-2.0", True),
        (
            ["License: Copyright 2026, all rights" + " reserved" * 9, "Classifier: License :: OSI Approved :: MIT License"],
            "MIT",
            True,
        ),
        (["License: Proprietary"], "Proprietary", False),
        (["Classifier: License :: Other/Proprietary License"], "Other/Proprietary License", False),
        ([], "nothing said", False),
    ],
)
def test_what_a_package_says_is_read(tmp_path: Path, lines: list[str], licence: str, accepted: bool) -> None:
    (found,) = licences.installed(POLICY, [package(tmp_path, *lines)])
    assert (found.licence, found.accepted) == (licence, accepted)


def test_every_exception_is_of_a_package_that_is_pinned() -> None:
    pinned = {name for lock in locks() for name in pins(lock, PYTHON_HERE)}
    assert set(POLICY.packages) - pinned == set()


def test_the_command_lists_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pins(RUN, PYTHON_HERE)
    monkeypatch.setattr(licences, "distributions", lambda: map(distribution, kept))
    result = CliRunner().invoke(main, ["licences"])
    assert result.exit_code == 0, result.output
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [[name, kept[name]] for name in sorted(kept)]


def test_the_command_refuses_a_package_under_another_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "distributions", lambda: [package(tmp_path, "License: Proprietary")])
    result = CliRunner().invoke(main, ["licences"])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == ["  made-up 1: Proprietary"]


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "licences.yml"
    path.write_text("accepted: [MIT]\nwordings: {}\npackages:\n  a:\n    licence: MIT\n    why: ''\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"packages\.a\.why"):
        licences.load_policy(path)
