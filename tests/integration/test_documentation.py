"""The documentation as a site: it builds, every link resolves, nothing is loaded from outside, its blocks are correct."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import duckdb
import pytest
import yaml

from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import load_tables
from orchestration.documentation import build as building
from orchestration.documentation.build import build
from orchestration.documentation.forms import changes_page, pairs_of
from orchestration.documentation.tables import example_query
from orchestration.documentation.words import load_words
from orchestration.forms.registry import load_forms
from orchestration.publish.snapshot_files import DATABASE
from orchestration.publish.views import described, load_entries
from tests.integration import test_clients, test_csv_types
from tests.integration.test_clients import publish_small
from tests.integration.test_serve import FIGURE
from tests.integration.test_site_pages import browser_parts

DOCS = PROJECT_DIR / "docs"
README = PROJECT_DIR / "README.md"
WRITTEN = (README, *sorted(path for path in DOCS.rglob("*.md")))
SETTINGS = Settings(data_dir=PROJECT_DIR / "data")

# Elements and attributes that make a page load something; other outside addresses are links for the reader.
LOADED = {
    *(("script", "src"), ("link", "href"), ("img", "src"), ("img", "srcset"), ("iframe", "src"), ("source", "src")),
    *(("video", "src"), ("audio", "src"), ("object", "data"), ("use", "href"), ("form", "action")),
}
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
OTHER_SCHEMES = ("mailto:", "data:")

# The kinds of blocks, and the pages on which other tests run or check every block of a kind that is not run here.
SHOWN = {"text", "console", "markdown"}
RUN_ELSEWHERE = {
    "python": {*test_clients.PAGES, test_csv_types.PAGE.stem},
    "r": {*test_clients.PAGES, test_csv_types.PAGE.stem},
    "js": set(test_clients.PAGES),
    "java": set(test_clients.PAGES),
    # tests/end_to_end/test_statements.py runs the statements on a new snapshot.
    "sql": {*test_clients.PAGES, "statements"},
}
CHECKED = {"sh", "yaml", "csv"}
# Python that needs the candidate of a run is compiled.
COMPILED = {"gate"}

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
# Commands of the launcher only, not of the program.
OF_THE_LAUNCHER = {"test", "lint", "fix"}
# Placeholders for values: FOLDER, <file|folder>, "...".
PLACEHOLDER = re.compile(r"[A-Z_]+|<[^>]*>|\[[^\]]*\]|\.\.\.|key=value")


# --- The built site --------------------------------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """The anchors of a page, its links, and the files that it loads."""

    path: Path
    targets: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.targets.add(value)
            elif (tag, name) in LOADED:
                self.loaded += [part.split()[0] for part in value.split(",")] if name == "srcset" else [value]
            elif name in ("href", "src"):
                self.links.append(value)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_small(tmp_path_factory.mktemp("small"), [])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, snapshots: Path) -> Path:
    """The site, built once from the pages and a small snapshot; MkDocs itself refuses errors that it finds."""
    folder = tmp_path_factory.mktemp("documentation") / "site"
    built = build(folder, {"IS248_SNAPSHOTS_DIR": str(snapshots), "IS248_DATA_DIR": str(SETTINGS.data)})
    assert built.page == folder / "index.html" and built.page.is_file()
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def dead_links(pages: dict[Path, Page]) -> Iterator[str]:
    """Yield every broken link or loaded file of these pages."""
    for path, page in pages.items():
        # The not-found page is shown at any address, so its links are relative to the root.
        if path.name == "404.html":
            continue
        for link in (*page.links, *page.loaded):
            if OUTSIDE.match(link) or link.startswith(OTHER_SCHEMES):
                continue
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                yield f"{path.name}: {link} is no file"
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in pages[target].targets:
                yield f"{path.name}: {link} has no such place"


def test_every_link_picture_script_and_style_is_there(pages: dict[Path, Page]) -> None:
    assert len(pages) > 50 and sum(len(page.links) for page in pages.values()) > 1000
    assert list(dead_links(pages)) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="x"><a href="b.html#y">b</a><img src="gone.png"><a href="#z">z</a>', encoding="utf-8"
    )
    (tmp_path / "b.html").write_text('<a id="w" href="a.html#x">a</a>', encoding="utf-8")
    found = list(dead_links({path: Page(path) for path in tmp_path.glob("*.html")}))
    assert sorted(found) == [
        "a.html: #z has no such place",
        "a.html: b.html#y has no such place",
        "a.html: gone.png is no file",
    ]


def test_no_page_and_no_style_loads_anything_from_outside(site: Path, pages: dict[Path, Page]) -> None:
    assert [(path.name, link) for path, page in pages.items() for link in page.loaded if OUTSIDE.match(link)] == []
    styles = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.css")}
    assert styles
    for path, text in styles.items():
        assert not re.search(r"""(?:url\(\s*|@import\s+)["']?(?:https?:)?//""", text), path.name


def test_every_table_view_and_form_has_a_page_in_the_navigation(site: Path, pages: dict[Path, Page]) -> None:
    home = pages[site / "tables" / "index.html"].links
    for table in load_tables(SETTINGS.metadata):
        assert f"{table.name}.html" in home
    around = pages[site / "forms" / "index.html"].links
    for form in load_forms(SETTINGS.forms):
        assert f"{form.form}.html" in around


def test_the_rows_on_a_page_are_those_of_the_snapshot_at_hand(site: Path, snapshots: Path) -> None:
    text = (site / "tables" / "fte_country.html").read_text(encoding="utf-8")
    assert f"<td>{FIGURE}</td>" in text and (snapshots / "current").resolve().name in text


def test_the_search_works_from_a_file_and_asks_nothing_of_the_network(site: Path) -> None:
    playwright, chromium, _ = browser_parts()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        failed: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto((site / "use" / "index.html").as_uri())
        page.wait_for_function("typeof __index === 'object'")
        page.focus("input.md-search__input")
        page.keyboard.type("municipalities overlap")
        page.wait_for_selector(".md-search-result__item a[href*='use/overlapping-rows.html']", timeout=20_000)
        browser.close()
    assert failed == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:", "blob:"))] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_the_pages_can_be_read_by_everybody_at_any_width(site: Path, scheme: str, width: int) -> None:
    playwright, chromium, axe = browser_parts()
    # One page of each kind; of the forms the oldest, which is short.
    pair = pairs_of(load_forms(SETTINGS.forms))[0]
    paths = ["index", "use/duckdb", "tables/fte_country", f"forms/{pair[0].form}", f"forms/changes/{changes_page(*pair)}"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
        for path in (*paths, "forms/index"):
            page.goto((site / f"{path}.html").as_uri())
            # When the theme's script requests the search index, it has put wide tables into scrolling frames.
            page.wait_for_function("typeof __index === 'object'")
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert not wide, f"{path} is wider than {width}"
            if path in paths:
                page.evaluate(axe)
                found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")["violations"]
                assert [(path, each["id"], each["nodes"][0]["html"]) for each in found] == []
        browser.close()


def test_a_folder_with_other_files_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="contains other files"):
        build(tmp_path)
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "mine"


def test_a_page_that_leads_nowhere_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[gone](gone.md)\n", encoding="utf-8")
    (tmp_path / building.CONFIGURATION).write_text("site_name: Test\nstrict: true\n", encoding="utf-8")
    monkeypatch.setattr(building, "PROJECT_DIR", tmp_path)
    with pytest.raises(UserError, match=r"contains a link 'gone\.md'") as caught:
        build(tmp_path / "site")
    assert caught.value.place == str(tmp_path / "docs" / "index.md") and "\n" not in str(caught.value)


# --- The example of each table ---------------------------------------------------------------------------------------------


def test_the_example_of_every_table_and_view_runs_on_a_snapshot(snapshots: Path) -> None:
    words = load_words(SETTINGS.data)
    tables = load_tables(SETTINGS.metadata)
    views = described(load_entries(SETTINGS.metadata), tables, words.codes)
    assert tables and views
    with duckdb.connect(str(snapshots / "current" / DATABASE), read_only=True) as connection:
        for table in (*tables, *views):
            for only_totals in (False, True):
                connection.execute(example_query(table, words, only_totals=only_totals)).fetchall()
        country = connection.execute(example_query(next(t for t in tables if t.name == "fte_by_service"), words)).fetchall()
    # A row per year, not one for each of the overlapping rows.
    assert len({row[0] for row in country}) == len(country) == 2 and FIGURE in country[0]


# --- The blocks of the hand-written pages ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    path: Path
    language: str
    code: str


@cache
def blocks() -> tuple[Block, ...]:
    found = []
    for path in WRITTEN:
        for fence in FENCE.finditer(path.read_text(encoding="utf-8")):
            lines = [line.removeprefix(fence["indent"]) for line in fence["code"].splitlines()]
            found.append(Block(path, fence["language"], "\n".join(lines)))
    return tuple(found)


def shown_block(block: Block) -> str:
    return f"{block.path.relative_to(PROJECT_DIR)}: {block.code[:80]!r}"


def test_every_block_is_of_a_known_kind_and_none_is_passed_over() -> None:
    known = SHOWN | CHECKED | set(RUN_ELSEWHERE)
    assert [shown_block(block) for block in blocks() if block.language not in known] == []
    for path in WRITTEN:
        fences = len(re.findall(r"^ *```", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert fences == 2 * sum(block.path == path for block in blocks()), path.name


def test_every_program_in_the_pages_is_run_by_a_test_or_at_least_compiled() -> None:
    for block in blocks():
        if block.language in RUN_ELSEWHERE and block.path.stem not in RUN_ELSEWHERE[block.language]:
            assert block.language == "python" and block.path.stem in COMPILED, shown_block(block)
            compile(block.code, str(block.path), "exec")


def test_the_query_of_the_readme_runs_on_a_snapshot(snapshots: Path) -> None:
    found = [
        (file, query)
        for block in blocks()
        if block.path == README
        for file, query in re.findall(r'duckdb -readonly (\S+) \\\n +"([^"]+)"', block.code)
    ]
    assert found
    for file, query in found:
        with duckdb.connect(str(snapshots / file.removeprefix("data/snapshots/")), read_only=True) as connection:
            connection.execute(query)
            assert connection.description is not None and connection.fetchall() is not None


def test_every_block_of_data_can_be_read() -> None:
    read = 0
    for block in blocks():
        if block.language == "yaml":
            assert yaml.safe_load(block.code) is not None, shown_block(block)
            read += 1
        elif block.language == "csv":
            rows = list(csv.reader(block.code.splitlines(), strict=True))
            assert len(rows) > 1 and len({len(row) for row in rows}) == 1, shown_block(block)
            read += 1
    assert read > 10


def lines_of(code: str) -> list[str]:
    """Return the lines of a script, joined where they continue after a backslash."""
    return code.replace("\\\n", " ").splitlines()


def refused(command: str) -> str | None:
    """Return the error in a launcher command on a page, without running it."""
    command = command.partition(" | ")[0]
    # Angle brackets would be redirections; optional parts are in square brackets.
    command = re.sub(r"<[^>]*>", "FILE", command)
    optional = [part.split() for part in re.findall(r"\[([^\]]*)\]", command)]
    arguments = shlex.split(re.sub(r"\[[^\]]*\]", "", command), comments=True)[1:]
    if not arguments or arguments[0] in OF_THE_LAUNCHER:
        return None
    name, *rest = arguments
    if PLACEHOLDER.fullmatch(name):
        return None
    if name.startswith("-"):
        options = main.get_params(click.Context(main))
        return None if any(name in option.opts for option in options) else f"there is no option {name}"
    found = main.get_command(click.Context(main), name)
    if found is None:
        return f"there is no command {name}"
    context = click.Context(found, info_name=name)
    parser = found.make_parser(context)
    try:
        for option in (part[0] for part in optional if part and part[0].startswith("-")):
            if not any(option in parameter.opts for parameter in found.params):
                return f"{name} has no option {option}"
        if context.ignore_unknown_options or found.context_settings.get("ignore_unknown_options"):
            return None
        values, left, _ = parser.parse_args(list(rest))
        if left:
            return f"{name} takes no {left[0]}"
        for parameter in found.params:
            value = values.get(str(parameter.name))
            is_literal = isinstance(value, str) and not PLACEHOLDER.fullmatch(value)
            if is_literal and isinstance(parameter.type, click.Choice | click.types.IntParamType):
                parameter.type.convert(value, parameter, context)
    except click.UsageError as error:
        return f"{name}: {error.format_message()}"
    return None


def commands() -> Iterator[tuple[str, str]]:
    """Yield every launcher command in blocks and sentences, with its place."""
    for block in blocks():
        if block.language in ("sh", "console"):
            for line in lines_of(block.code):
                found = re.match(r"^(?:[A-Z0-9_]+=\S+ )*(?:\S*/)?is248 (.*)$", line.strip())
                if found:
                    yield shown_block(block), f"is248 {found[1]}"
    for path in WRITTEN:
        text = FENCE.sub("", path.read_text(encoding="utf-8"))
        for found in re.findall(r"`(?:[A-Z0-9_]+=\S+ )*(?:\./)?is248 ([^`\n]*(?:\n[^`\n]+)?)`", text):
            yield path.name, f"is248 {' '.join(found.split())}"


def test_every_command_of_the_pages_exists_with_its_options() -> None:
    found = list(commands())
    assert len(found) > 100
    assert [(where, command, wrong) for where, command in found if (wrong := refused(command))] == []


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("is248 fly", "no command fly"),
        ("is248 --fly", "no option --fly"),
        ("is248 run --years 2024", "--years"),
        ("is248 status --files extra", "takes no extra"),
        ("is248 run [--fast]", "no option --fast"),
        ("is248 diff 1 --language klingon", "klingon"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str, wrong: str) -> None:
    assert wrong in (refused(command) or "")


def test_every_benchmark_of_the_pages_exists_with_its_options() -> None:
    found = 0
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        for script, rest in re.findall(r"python (benchmarks/[\w/]+\.py)([^\n`|#]*)", text):
            source = (PROJECT_DIR / script).read_text(encoding="utf-8")
            for option in re.findall(r"--[a-z-]+", rest):
                assert f'"{option}"' in source, f"{path.name}: {script} {option}"
            found += 1
    assert found > 5


# --- The README ------------------------------------------------------------------------------------------------------------


def slug(heading: str) -> str:
    """Return the anchor of a heading on Markdown web pages."""
    text = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return text.strip().replace(" ", "-")


def test_every_link_of_the_readme_leads_to_a_file_and_a_place_in_it() -> None:
    text = FENCE.sub("", README.read_text(encoding="utf-8"))
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not OUTSIDE.match(link)]
    assert len(links) > 10
    for link in links:
        path, _, place = link.partition("#")
        target = README if not path else PROJECT_DIR / path
        assert target.exists(), link
        if place:
            headings = re.findall(r"^#+ (.*)$", FENCE.sub("", target.read_text(encoding="utf-8")), re.MULTILINE)
            assert place in map(slug, headings), link
