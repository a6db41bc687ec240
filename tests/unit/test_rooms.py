"""The rooms of the Python package: which may import which, as listed in docs/develop/architecture.md."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR

PACKAGE = PROJECT_DIR / "orchestration"
DOCUMENT = PROJECT_DIR / "docs" / "develop" / "architecture.md"

# Rooms from the bottom up, as in the table of the document.
ROOMS = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)


@functools.cache
def imported(path: Path) -> list[str]:
    """Return the imports of a module; cached, since many tests ask."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    return found


def modules(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


def test_the_document_lists_every_room() -> None:
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert found == set(ROOMS)
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for path in modules(room):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "orchestration" and len(parts) > 1:
                assert parts[1] in allowed, f"{path.relative_to(PROJECT_DIR)} imports {name}"


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("dagster", {"defs"}),
        ("dagster_dbt", {"defs"}),
        ("great_expectations", {"gate"}),
        ("dbt", {"engines"}),
        ("pyspark", {"engines"}),
        ("fastapi", {"serve"}),
        ("pypandoc", {"report"}),
        ("typst", {"report"}),
        ("pikepdf", {"report"}),
        ("pypdfium2", {"report"}),
        ("mkdocs", set()),
    ],
)
def test_a_tool_is_known_in_its_room_alone(package: str, rooms: set[str]) -> None:
    for room in set(ROOMS) - rooms:
        for path in modules(room):
            assert package not in {name.split(".")[0] for name in imported(path)}, path.relative_to(PROJECT_DIR)


def test_attack_and_defence_share_nothing() -> None:
    for path in modules("attack"):
        for name in imported(path):
            # Errors and the YAML reader know nothing of the disclosure control.
            assert not name.startswith("orchestration.") or name.split(".")[1] in ("attack", "core"), path
