"""The lock files: complete, pinned, hashed, without addresses, and consistent with the declared dependencies."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import start_script

RUN, DEV, SPARK = "requirements.lock", "requirements-dev.lock", "requirements-spark.lock"
PYTHON_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
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


def locks() -> tuple[str, ...]:
    return RUN, DEV, SPARK


def is_installed(name: str) -> bool:
    """Return whether the packages of a lock file are installed: the second engine is optional."""
    return name != SPARK or find_spec("pyspark") is not None


def declared() -> dict[str, list[Requirement]]:
    """Return the dependencies of pyproject.toml by the lock file that must contain them."""
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        RUN: [Requirement(text) for text in project["project"]["dependencies"]],
        DEV: [Requirement(text) for text in project["dependency-groups"]["dev"]],
        SPARK: [Requirement(text) for text in project["dependency-groups"]["spark"]],
    }


@pytest.mark.parametrize("name", locks())
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


@pytest.mark.parametrize("name", locks())
def test_every_pinned_package_is_installed_at_the_version_pinned(name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    pinned = pins(name, PYTHON_HERE)
    assert pinned
    found = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}
    assert {package: found.get(package) for package in pinned} == pinned


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The start script in a folder with one package, which it would install into another folder."""
    wheel = tmp_path / "is248_made_up-1-py3-none-any.whl"
    with ZipFile(wheel, "w") as file:
        file.writestr("is248_made_up.py", "")
        file.writestr("is248_made_up-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: is248-made-up\nVersion: 1\n")
        file.writestr("is248_made_up-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("is248_made_up-1.dist-info/RECORD", "")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "bin").mkdir()
    found = start_script()
    python, *options = found.PIP
    assert python == str(found.PYTHON)
    monkeypatch.setattr(found, "PROJECT", tmp_path)
    monkeypatch.setattr(found, "VENV", tmp_path)
    monkeypatch.setattr(found, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(
        found,
        "PIP",
        [sys.executable, *options, "--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "installed")],
    )
    monkeypatch.setattr(found, "LOCKS", {"run": [RUN]})
    return found


@pytest.mark.parametrize(
    ("pinned", "message"),
    [
        ("is248-made-up==1 --hash=sha256:{wrong}", "DO NOT MATCH THE HASHES"),
        ("is248-made-up==1", "Hashes are required"),
    ],
)
def test_a_package_that_is_not_the_one_that_was_hashed_is_not_installed(
    script: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str], pinned: str, message: str
) -> None:
    (tmp_path / RUN).write_text(pinned.format(wrong="0" * 64), encoding="utf-8")
    with pytest.raises(SystemExit, match="the installation failed"):
        script.install("run")
    assert message in capfd.readouterr().err
    assert not (tmp_path / "installed").exists()
    assert not list(tmp_path.glob(".installed-*"))


def test_the_package_that_was_hashed_is_installed(script: ModuleType, tmp_path: Path) -> None:
    (wheel,) = tmp_path.glob("*.whl")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / RUN).write_text(f"is248-made-up==1 --hash=sha256:{sha256}\n", encoding="utf-8")
    script.install("run")
    assert (tmp_path / "installed" / "is248_made_up.py").is_file()
    assert (tmp_path / ".installed-run").read_text(encoding="utf-8") == script.fingerprint([RUN])


def test_what_is_installed_fits_together() -> None:
    result = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
