"""The lock files: complete, pinned, hashed, without addresses, and what is declared."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.core.settings import PROJECT_DIR

RUN, DEV, SPARK = "requirements.lock", "requirements-dev.lock", "requirements-spark.lock"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(name: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each requirement of a lock file with its hashes."""
    text = (PROJECT_DIR / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+(?=--)", line.strip())
        yield Requirement(requirement), hashes


def applies(requirement: Requirement, python: str) -> bool:
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def pins(name: str, python: str) -> dict[str, str]:
    """Return the version of each package that a lock file installs on a version of Python."""
    found: dict[str, str] = {}
    for requirement, _ in entries(name):
        if applies(requirement, python):
            package = canonicalize_name(requirement.name)
            assert package not in found, f"{package} twice in {name}"
            (specifier,) = requirement.specifier
            found[package] = specifier.version
    return found


def declared() -> dict[str, list[Requirement]]:
    """Return the dependencies of pyproject.toml by the lock file that has to have them."""
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        RUN: [Requirement(text) for text in project["project"]["dependencies"]],
        DEV: [Requirement(text) for text in project["dependency-groups"]["dev"]],
        SPARK: [Requirement(text) for text in project["dependency-groups"]["spark"]],
    }


@pytest.mark.parametrize("name", [RUN, DEV, SPARK])
def test_every_entry_is_one_version_with_hashes_and_no_address(name: str) -> None:
    assert "://" not in (PROJECT_DIR / name).read_text(encoding="utf-8")
    for requirement, hashes in entries(name):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
        assert hashes, f"{requirement} has no hash"
        assert all(HASH.fullmatch(each) for each in hashes), requirement


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_declared_dependency_is_locked_at_a_version_that_satisfies_it(python: str) -> None:
    run = pins(RUN, python)
    for name, requirements in declared().items():
        # A tool of the tests may need a package that the program has anyway.
        locked = {**run, **pins(name, python)}
        for requirement in requirements:
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is not in {name}"
            assert version in requirement.specifier, f"{requirement} is locked at {version}"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_files_can_be_installed_together(python: str) -> None:
    versions: dict[str, set[str]] = {}
    for name in (RUN, DEV, SPARK):
        for package, version in pins(name, python).items():
            versions.setdefault(package, set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_dagster_and_its_integrations_are_of_one_release() -> None:
    run = pins(RUN, "3.11")
    assert {run["dagster"]} == {
        run["dagster-webserver"],
        run["dagster-graphql"],
        run["dagster-shared"],
        run["dagster-pipes"],
    }
    assert run["dagster-dbt"] == run["dagster-postgres"]


def test_what_is_installed_fits_together() -> None:
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
