"""Writing the pages: reads all data once, renders every template, and writes the files.

The same tables give the same bytes: the pages contain no time, no path and no id of the snapshot, which is computed from
these bytes. Belongs here: the order of work and the layout of the folder. Does not belong here: the content of pages.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from orchestration.core.language import written_day
from orchestration.core.settings import load_settings
from orchestration.core.tables import Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.publish import remarks
from orchestration.publish.formats import Format, Job, KeepPart, Later
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import in_one_line, read_moved
from orchestration.site import about, builder, formats, search_index
from orchestration.site.about import MUNICIPALITY, shows_municipalities, sourced
from orchestration.site.boundaries import read_boundaries, read_neighbours
from orchestration.site.breaks import Break, Breaks, read_breaks
from orchestration.site.cubes import CURRENT, Cube, dumped, read_cube, read_indicator_cubes, reason_flags
from orchestration.site.figures import Cell, Grid, Moved, Resolved, Resolver
from orchestration.site.headline import headline
from orchestration.site.municipality import Municipalities
from orchestration.site.pages import MAP, Page, Question, Site, load_pages, load_site, written_out
from orchestration.site.peers import Rate
from orchestration.site.printed import PrintedPoint, read_printed
from orchestration.site.questions import explorer, grouped, question
from orchestration.site.reconciliation import read_reconciliation
from orchestration.site.reports import Reports, read_reports

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"
# The folder of the pages in a snapshot, and the picture for shared links.
FOLDER = "site"
PICTURE = "static/share.png"

TEXTS = load_texts("site", "pages")
# Remarks that the scripts word like the files.
SCRIPT_REMARKS = ("covered", "moved")


@dataclass(frozen=True)
class SubjectPage:
    """A subject page with data."""

    page: Page
    figures: list[Resolved]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.page.id}.html"


@dataclass
class Data:
    """The data of the pages, read once."""

    release: Release
    site: Site
    tables: dict[str, Table]
    cubes: dict[str, Cube]
    breaks: Mapping[str, Breaks]
    indicators: dict[str, Label]
    multiple: frozenset[str]
    moved: Moved
    printed: dict[str, list[PrintedPoint]]
    # The script with the shapes of today's areas; without them no map is drawn.
    boundaries: str | None


def write(connection: duckdb.DuckDBPyConnection, tables: list[Table], release: Release, folder: Path) -> Later:
    """Write the static pages into a folder, except those that link to other files of the snapshot.

    Args:
        connection: has access to the public tables of the candidate.
        tables: descriptions of the public tables.
        release: metadata of the candidate.
        folder: becomes ``site`` beside the other files of the snapshot; it may exist.

    Returns:
        A function that writes the remaining pages, given a similar connection; call it when the other files exist.
    """
    data = _read(connection, tables, release)
    resolver = Resolver(
        release,
        data.site,
        data.tables,
        data.cubes,
        data.breaks,
        data.indicators,
        data.moved,
        data.printed,
    )
    pages = load_pages()
    subjects = _subjects(resolver, pages, data)
    front = resolver.resolve(data.site.front)
    municipalities = Municipalities(connection, resolver, read_neighbours(connection, load_settings().data))

    _copy_static(folder / "static")
    questions = {name: cube for name, cube in data.cubes.items() if cube.share_of}
    shown = [figure for subject in subjects for figure in subject.figures] + ([front] if front else [])
    used = {figure.cube.name for figure in shown} | ({"rates"} & data.cubes.keys()) | questions.keys()
    for name in sorted(used):
        script = data.cubes[name].script()
        if name in questions:
            facts = question(connection, resolver, name.split("/")[1], data.multiple)
            script += f"IS248.question({dumped(facts)});\n"
        _text(folder / "data" / f"{name}.js", script)
    if data.boundaries:
        _text(folder / "data" / "boundaries.js", data.boundaries)
    for name, script in municipalities.scripts().items():
        _text(folder / "data" / name, script)
    day = _published_on(release)
    _text(folder / "data" / "words.js", f"IS248.words({dumped(_script_words(release, data.site, data.moved, day))});\n")

    sentence, tiles = headline(connection, release, data.breaks.get("fte_by_service", Breaks()))
    environment = _environment(release, data, subjects)
    environment.globals["published"] = filled(TEXTS["published_on"], day=day) if day else TEXTS["published_unknown"]

    def page(template: str, name: str, **values: Any) -> None:
        root = "../" * name.count("/")
        _text(folder / name, environment.get_template(template).render(page_file=name, root=root, **values))

    for subject in subjects:
        page("subject.html.j2", subject.file, subject=subject)
    page("explorer.html.j2", "explorer.html", **explorer(connection, resolver, pages, data.boundaries is not None))
    asked = [name.split("/")[1] for name in sorted(questions)]
    groups = grouped(resolver, pages, asked)
    own_table = builder.config(resolver, sorted(used), groups)
    page("builder.html.j2", "builder.html", config=own_table)
    labels = {each: data.indicators[each] for _, own in groups for each in own}
    found = search_index.entries(connection, release, tables, [(each.page, each.figures) for each in subjects], labels)
    _text(folder / "data" / "search.js", f"IS248.searchable({dumped(found)});\n")
    page("search.html.j2", "search.html", has_municipalities=bool(municipalities.list))
    page("reconciliation.html.j2", "reconciliation.html", reconciliation=read_reconciliation(connection, release))
    of_figures, of_questions = about.break_rows(connection, release, tables)
    page(
        "method.html.j2",
        "method.html",
        definitions=about.definitions(release, tables),
        methods=[table for table in tables if table.population or table.method],
        of_figures=of_figures,
        of_questions=of_questions,
        deliveries=about.deliveries(connection, release),
        crosswalk=about.crosswalk(connection, release),
        moved=about.moved_areas(connection, release),
    )

    # The map of municipalities; each municipality's page links to its place on it.
    maps = (f"{subject.file}#{each.id}" for subject in subjects for each in subject.figures if shows_municipalities(each))
    drawn = next(maps, None)

    def list_files(own: duckdb.DuckDBPyConnection) -> None:
        reports = read_reports(folder.parent)
        page("index.html.j2", "index.html", sentence=sentence, tiles=tiles, figure=front, reports=reports.national)
        _write_municipalities(page, municipalities, release, reports, has_rates="rates" in data.cubes, drawn=drawn)
        page(
            "download.html.j2",
            "download.html",
            downloads=about.downloads(own, tables, folder.parent),
            counties=about.counties(own, folder.parent),
            reports=reports,
            has_workbook=(folder.parent / about.WORKBOOK).is_file(),
            questions=[
                (indicator, data.indicators[indicator])
                for indicator in (name.split("/")[1] for name in questions)
                if (folder.parent / "jsonstat" / "indicator_shares" / f"{indicator}.json").is_file()
            ],
            formats=load_texts("site", "formats"),
        )

    return list_files


def _read(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], release: Release) -> Data:
    site = load_site()
    described = {table.name: table for table in tables}
    cubes: dict[str, Cube] = {}
    for name, wanted in site.cubes.items():
        if wanted.table in described:
            table = described[wanted.table]
            cube = read_cube(connection, release, table, name, wanted.measures, wanted.where, wanted.digits)
            if cube:
                cubes[name] = cube
    for cube in read_indicator_cubes(connection, release).values():
        cubes[cube.name] = cube
    indicators = {
        indicator: Label(nb=nb or indicator, en=en or indicator)
        for indicator, nb, en in connection.execute(
            "select indicator, label_nb, label_en from indicators order by indicator"
        ).fetchall()
    }
    for name, cube in cubes.items():
        if cube.share_of:
            indicators.setdefault(name.split("/")[1], Label(nb=name.split("/")[1], en=name.split("/")[1]))
    multiple = frozenset(
        row[0] for row in connection.execute("select indicator from indicators where scale = 'multiple'").fetchall()
    )
    return Data(
        release,
        site,
        described,
        cubes,
        read_breaks(connection),
        indicators,
        multiple,
        read_moved(connection),
        read_printed(connection, release),
        read_boundaries(connection, load_settings().data),
    )


def _subjects(resolver: Resolver, pages: Sequence[Page], data: Data) -> list[SubjectPage]:
    subjects = []
    for page in pages:
        described = [
            figure
            for entry in page.figures
            for figure in (
                written_out(entry, entry.question not in data.multiple) if isinstance(entry, Question) else [entry]
            )
            if figure.kind != MAP or data.boundaries
        ]
        figures = [found for figure in described for found in [resolver.resolve(figure)] if found]
        if figures:
            subjects.append(SubjectPage(page, figures))
    return subjects


def _write_municipalities(
    page: Callable[..., None],
    municipalities: Municipalities,
    release: Release,
    reports: Reports,
    *,
    has_rates: bool,
    drawn: str | None,
) -> None:
    """Write the search page for municipalities, and a page for each; ``drawn`` is the address of the map of all."""
    texts = load_texts("site", "municipality")
    common = {"texts": texts, "year": municipalities.year}
    page("municipality.html.j2", "municipality.html", municipalities=municipalities.list, sheets=reports.sheets, **common)
    pages = f"{release.catalogue.address}{FOLDER}/"
    for own in municipalities.pages():
        page(
            "one_municipality.html.j2",
            own.one.file,
            section="municipality",
            own=own,
            address=f"{pages}{own.one.file}",
            picture=f"{pages}{PICTURE}",
            sheet=reports.sheets.get(own.one.code),
            on_map=f"{drawn};area={CURRENT}.{MUNICIPALITY}.{own.one.code}" if drawn else None,
            more=[*(["data/rates.js"] if has_rates else []), f"data/municipality/{own.one.code}.js"],
            **common,
        )


def _published_on(release: Release) -> Label | None:
    """Return the day on which the figures are published; None if the release has none."""
    if release.released_at is None:
        return None
    day = release.released_at.date()
    return Label(nb=written_day(day, "nb"), en=written_day(day, "en"))


def _script_words(release: Release, site: Site, moved: Moved, day: Label | None) -> dict[str, Any]:
    def pairs(codelist: str) -> dict[str, list[str]]:
        return {code: [each.label.nb, each.label.en] for code, each in release.codes.get(codelist, {}).items()}

    texts = {**load_texts("site", "scripts"), **{name: remarks.TEXTS[name] for name in SCRIPT_REMARKS}}
    statuses = release.codes.get("obs_status", {})
    reasons = release.codes.get("absence_reason", {})
    flags = {code: {"label": [each.label.nb, each.label.en], "sign": each.sign or ""} for code, each in statuses.items()}
    for reason, flag in reason_flags(release).items():
        parent = statuses.get(reasons[reason].parent or "")
        flags[flag] = {
            "label": [reasons[reason].label.nb, reasons[reason].label.en],
            "sign": (parent.sign if parent else None) or "..",
        }
    catalogue, notice = release.catalogue, release.notice
    return {
        "release": {
            "title": [catalogue.title.nb, catalogue.title.en],
            "publisher": [catalogue.publisher.name.nb, catalogue.publisher.name.en],
            "licence": catalogue.licence.title,
            "day": [day.nb, day.en] if day else None,
            "notice": [notice.nb, notice.en] if notice else None,
        },
        "texts": {name: [label.nb, label.en] for name, label in texts.items()},
        "moved": {".".join(area): [[year, how.nb, how.en] for year, how in found] for area, found in moved.items()},
        "flags": flags,
        "levels": pairs("unit_level"),
        "bases": pairs("area_basis"),
        "unions": site.unions,
        "orderedLevels": list(site.ordered_levels),
    }


def _environment(release: Release, data: Data, subjects: Sequence[SubjectPage]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    reasons = {flag: reason for reason, flag in reason_flags(release).items()}
    statuses = release.codes.get("obs_status", {})

    def sign_of(flag: str) -> str:
        """Return the sign for a cell without a number."""
        if flag in reasons:
            parent = statuses.get(release.codes["absence_reason"][reasons[flag]].parent or "")
            return (parent.sign if parent else None) or ".."
        return "" if flag == " " else (statuses[flag].sign if flag in statuses else None) or ".."

    def write_cell(cell: Cell) -> Markup:
        if cell.value is None:
            text = Markup("{}").format(sign_of(cell.flag))
        else:
            text = formats.both(
                formats.number(cell.value, cell.decimals, "nb"), formats.number(cell.value, cell.decimals, "en")
            )
        flag = [cell.flag] if cell.value is not None and cell.flag not in ("A", " ") else []
        behind = " ".join([*flag, *(str(mark) for mark in cell.marks)])
        return text + Markup("<sup>{}</sup>").format(behind) if behind else text

    def flag_label(flag: str) -> Label:
        """Return the meaning of a flag."""
        if flag in reasons:
            return release.label("absence_reason", reasons[flag])
        return release.label("obs_status", flag)

    def remarks_of(rate: Rate) -> list[Label]:
        """Return the remarks on a figure of a municipality: its status unless that is normal, and its notes."""
        return [*([] if rate.flag in ("A", " ") else [flag_label(rate.flag)]), *rate.remarks]

    def signs(grid: Grid) -> list[tuple[str, Label]]:
        """Return the signs and letters of a table with their meanings."""
        met = {cell.flag: cell.value is None for _, cells, _ in grid.rows for cell in cells}
        return [(sign_of(flag) if met[flag] else flag, flag_label(flag)) for flag in sorted(met) if flag not in ("A", " ")]

    def breaks_by_year(breaks: Sequence[Break]) -> dict[int, list[Break]]:
        years: dict[int, list[Break]] = {}
        for each in breaks:
            years.setdefault(each.time_period, []).append(each)
        return years

    environment.globals.update(
        say=formats.say,
        both=formats.both,
        label=release.label,
        write_cell=write_cell,
        write_number=lambda value, decimals=0: formats.both(
            formats.number(value, decimals, "nb"), formats.number(value, decimals, "en")
        ),
        written=formats.written,
        written_percent=formats.written_percent,
        remarks_of=remarks_of,
        section="",
        signs=signs,
        flag_label=flag_label,
        in_one_line=in_one_line,
        sign_of=sign_of,
        breaks_by_year=breaks_by_year,
        sourced=sourced,
        cautions=lambda figure: about.cautions(release, figure),
        has_map=data.boundaries is not None,
        weaknesses=lambda figure: about.noted(release, data.tables.get(figure.table), figure),
        dumped=lambda content: Markup(dumped(content)),
        text=TEXTS,
        release=release,
        catalogue=release.catalogue,
        themes=[(theme, [subject for subject in subjects if subject.page.theme == theme.id]) for theme in data.site.themes],
        tables=data.tables,
    )
    return environment


def _text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")


def _copy_static(folder: Path) -> None:
    for source in sorted(STATIC.rglob("*")):
        if source.is_file() and source.name != "README.md":
            target = folder / source.relative_to(STATIC)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _jobs(_: duckdb.DuckDBPyConnection, tables: list[Table], release: Release) -> list[Job]:
    def write_pages(connection: duckdb.DuckDBPyConnection, folder: Path, _: KeepPart) -> Later:
        return write(connection, tables, release, folder / FOLDER)

    # It also reads boundaries, which are not tables, and lists files that are made after it.
    return [Job(FOLDER, write_pages, is_made_every_time=True)]


FORMAT = Format(_jobs)
