"""Each client of docs/use gives the same figure: every block of these pages is run where its client is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect, replace_tables
from orchestration.ingest import decisions
from orchestration.publish import pointer
from orchestration.publish.candidate import build
from orchestration.publish.formats import NAMES as FORMATS
from orchestration.publish.publication_metadata import load_catalogue
from orchestration.publish.views import load_entries
from orchestration.serve.application import LOOPBACK, PORT
from tests.integration.test_serve import FIGURE, served, write_tables

# The pages for each client, and the one about overlapping rows.
FOLDER = PROJECT_DIR / "docs" / "use"
PAGES = ("excel", "python", "r", "duckdb", "formats", "service", "overlapping-rows")
ADDRESS = f"http://{LOOPBACK}:{PORT}"

# Places of clients installed by hand: the folder of Node's modules, the file of the JDBC driver.
NODE_MODULES, JDBC_DRIVER = "NODE_PATH", "DUCKDB_JDBC_JAR"

COMMANDS = {"sh": "bash", "js": "node", "r": "Rscript", "java": "java"}
SUFFIXES = {"sh": ".sh", "python": ".py", "js": ".cjs", "r": ".R", "java": ".java", "sql": ".sql"}
# The start of the title of blocks that show a mistake: their result is not the figure.
WRONG = "Wrong"


@dataclass(frozen=True)
class Block:
    """A runnable block of a page."""

    page: str
    section: str
    language: str
    title: str
    code: str
    number: int

    @property
    def name(self) -> str:
        """The name of the test."""
        return f"{self.page}-{self.section}-{self.number}"


def blocks() -> list[Block]:
    """Return the blocks of the pages in order; blocks for display only have the language console."""
    found: list[Block] = []
    for page in PAGES:
        for section in re.split(r"^## ", (FOLDER / f"{page}.md").read_text(encoding="utf-8"), flags=re.MULTILINE):
            name = section.partition("\n")[0].removeprefix("# ")
            fences = re.findall(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', section, re.DOTALL | re.MULTILINE)
            for number, (language, title, code) in enumerate(fences, 1):
                if language != "console":
                    found.append(Block(page, name, language, title, code, number))
    return found


def missing(block: Block, folder: Path) -> str | None:
    """Return a requirement of a block that is not installed here."""
    command = COMMANDS.get(block.language)
    if command is not None and shutil.which(command) is None:
        return f"{command} is not installed"
    for name in ("soffice", "curl"):
        if block.language == "sh" and re.search(rf"^{name} ", block.code, re.MULTILINE) and shutil.which(name) is None:
            return f"{name} is not installed"
    if block.language == "python":
        for name in re.findall(r"^(?:import|from) (\w+)", block.code, re.MULTILINE):
            if find_spec(name) is None:
                return f"the Python package {name} is not installed"
    if block.language == "js":
        found = subprocess.run(["node", "-e", "require.resolve('@duckdb/node-api')"], capture_output=True, check=False)
        if found.returncode != 0:
            return f"the package @duckdb/node-api is not installed where {NODE_MODULES} says"
    if block.language == "java" and not Path(os.environ.get(JDBC_DRIVER, "")).is_file():
        return f"there is no JDBC driver where {JDBC_DRIVER} says"
    for name in re.findall(r"^library\((\w+)\)", block.code, re.MULTILINE):
        if subprocess.run(["Rscript", "-e", f"library({name})"], capture_output=True, check=False).returncode != 0:
            return f"the R package {name} is not installed"
    for name in FORMATS:
        if re.search(rf'"?\b{name}"?( / "|/)', block.code) and not (folder / name).is_dir():
            return f"the snapshot has no {name}"
    return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the project's: a small published snapshot, and the installed programs."""
    folder = tmp_path_factory.mktemp("clients")
    publish_small(folder, [name for name in FORMATS if name in ("xlsx", "jsonstat", "px")])
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return folder


def publish_small(folder: Path, formats: list[str]) -> Path:
    """Publish a few rows as a snapshot below a folder, and return the folder of the snapshots."""
    settings = Settings(data_dir=PROJECT_DIR / "data")
    tables = load_tables(settings.metadata)
    with connect(folder / "warehouse.duckdb") as connection:
        connection.execute("create schema public")
        replace_tables(connection, "decisions", decisions.TABLES, {name: [] for name in decisions.TABLES})
        write_tables(connection, tables, "public")
    published = folder / "data" / "snapshots"
    candidate = build(
        folder / "warehouse.duckdb",
        tables,
        published / ".candidates",
        catalogue=load_catalogue(settings.metadata),
        entries=load_entries(settings.metadata),
        formats=formats,
    )
    candidate.path.rename(published / candidate.id)
    pointer.point_to(published, candidate.id)
    return published


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """The address of the server of the snapshot."""
    with served(Settings(data_dir=PROJECT_DIR / "data", snapshots_dir=place / "data" / "snapshots")) as client:
        yield str(client.base_url).rstrip("/")


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.name)
def test_a_client_reads_the_figure(block: Block, place: Path, address: str, tmp_path: Path) -> None:
    lacking = missing(block, (place / "data" / "snapshots" / pointer.CURRENT).resolve())
    if lacking is not None:
        pytest.skip(lacking)
    program = tmp_path / f"Fte{SUFFIXES[block.language]}"
    program.write_text(block.code.replace(ADDRESS, address), encoding="utf-8")
    command = {
        "sh": ["bash", "-euo", "pipefail"],
        "python": [sys.executable],
        "sql": [str(Path(sys.executable).parent / "duckdb"), "-readonly", "data/snapshots/current/is248.duckdb", "-f"],
        "java": ["java", "-cp", os.environ.get(JDBC_DRIVER, "")],
    }.get(block.language) or [COMMANDS[block.language]]
    ran = subprocess.run(
        [*command, str(program)],
        cwd=place,
        # A separate home, so that no client writes into the user's.
        env={**os.environ, "HOME": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    if block.title.startswith(WRONG):
        assert re.search(r"\d", ran.stdout) and str(FIGURE) not in ran.stdout
        return
    # Some blocks read the figure from two formats.
    reads = max(1, block.code.count("print(") if "question" in block.code else 1)
    assert len(re.findall(rf"(?<![\d.]){FIGURE}(?!\d)", ran.stdout)) >= reads, ran.stdout


def test_the_pages_have_a_block_for_every_format() -> None:
    code = "\n".join(block.code for block in blocks())
    for name in ("is248.duckdb", "parquet", "csv", "xlsx", "jsonstat", "px", ADDRESS):
        assert name in code


def test_no_block_of_the_pages_is_passed_over() -> None:
    for page in PAGES:
        text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
        fences = len(re.findall(r"^ *```", text, re.MULTILINE))
        shown = len(re.findall(r"^```console$", text, re.MULTILINE))
        assert fences == 2 * (shown + sum(block.page == page for block in blocks())), page
