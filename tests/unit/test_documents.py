"""The documents: their links resolve, and the page on the path of one cell names existing files and models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orchestration.core.settings import PROJECT_DIR

DOCUMENTS = sorted(
    path
    for folder in (".", "docs", ".github")
    for path in (PROJECT_DIR.glob("*.md") if folder == "." else (PROJECT_DIR / folder).rglob("*.md"))
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
# Generated with the documentation site, whose test checks links to them.
MADE = tuple(PROJECT_DIR / "docs" / name for name in ("tables", "forms", "rules"))
RECORD = re.compile(r"^[0-9]{4}-[a-z0-9-]+\.md$")


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    return {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT_DIR)))
def test_links_lead_to_files_and_headings(path: Path) -> None:
    lost = []
    for link in LINK.findall(CODE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if target.parent in MADE:
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_way_of_one_cell_names_files_and_models_that_there_are() -> None:
    text = (PROJECT_DIR / "docs" / "develop" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## One cell", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 10
    models = {path.stem for path in (PROJECT_DIR / "dbt_project" / "models").rglob("*.sql")}
    for name in (name for row in rows for name in re.findall(r"`([^`]+)`", row)):
        places = (PROJECT_DIR, PROJECT_DIR / "orchestration")
        assert name in models or any(list(place.glob(name)) for place in places), name


def test_every_decision_is_listed_and_says_what_it_costs() -> None:
    folder = PROJECT_DIR / "docs" / "adr"
    listed = re.findall(r"^\| \[([0-9]{4})\]\(([^)]+)\) \| (.*?) \|", (folder / "index.md").read_text("utf-8"), re.MULTILINE)
    records = sorted(path.name for path in folder.glob("*.md") if RECORD.match(path.name))
    assert [name for _, name, _ in listed] == records
    for number, name, title in listed:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}: {title}\n")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "What it costs",
            "Alternatives considered",
        ]
        assert "We would " in text
        assert len(text.splitlines()) <= 60


def test_templates_of_issues_are_forms_that_the_platform_takes() -> None:
    forms = sorted((PROJECT_DIR / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    names = {path.stem for path in forms}
    assert {"data-error", "new-year", "release"} <= names
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.stem == "config":
            continue
        assert form.keys() >= {"name", "description", "body"}, path.name
        asked = [each for each in form["body"] if each["type"] != "markdown"]
        identifiers = [each["id"] for each in asked]
        assert len(set(identifiers)) == len(identifiers) > 0
        assert all(each["type"] in ("input", "textarea", "dropdown", "checkboxes") for each in asked)
        assert all(each["attributes"]["label"] for each in asked)


def test_the_change_log_begins_with_what_is_not_released_and_knows_the_version_of_the_contract() -> None:
    log = (PROJECT_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", log, re.MULTILINE)[0] == "Unreleased"
    contract = (PROJECT_DIR / "docs" / "use" / "contract.md").read_text(encoding="utf-8")
    version = re.search(r"^Contract version ([0-9.]+[0-9])\b", contract, re.MULTILINE)
    assert version is not None
    assert f"contract {version[1]}" in log
