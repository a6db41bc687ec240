"""A report built whole or not at all: sources, values, documents, the checks on the finished files, and their folder.

Belongs here: the order of the steps and the folder. Does not belong here: any step itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.publish import snapshots
from orchestration.publish.layout import DATABASE
from orchestration.publish.release import load_catalogue, read_release
from orchestration.report import read_back, typed_numbers
from orchestration.report.against_print import Held, Printed, held_against_print, require_agreement
from orchestration.report.anonymity import unit_names
from orchestration.report.authored import Authored, Taken
from orchestration.report.declarations import require_words
from orchestration.report.directions import Turns, turned
from orchestration.report.document import ChapterText, Document, assemble
from orchestration.report.grid import Grid, Round
from orchestration.report.html import write_html
from orchestration.report.manifest import manifest
from orchestration.report.model import Chapter, Source, load_source
from orchestration.report.pdf import write_pdf
from orchestration.report.places import Places, places_of
from orchestration.report.printed_tables import load_printed_tables
from orchestration.report.printed_words import load_printed_words
from orchestration.report.sentences import Chapters
from orchestration.report.tables import LeftOutError, fill
from orchestration.report.translations import text_of, unused
from orchestration.report.values import Published, ReportError
from orchestration.report.vocabulary import Vocabulary
from orchestration.report.word import write_word
from orchestration.report.workbook import write_workbook
from orchestration.site.breaks import read_breaks

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Wanted:
    """What report is wanted: its name and round, and the area that it is about."""

    report: str
    year: int
    against: int | None = None
    language: Language = "nb"
    area: str = ""


@dataclass
class Built:
    """What was built, and what was left out."""

    folder: Path
    snapshot: str
    files: dict[str, Path]
    tables: int
    figures: int
    values: int
    cells: int
    read_back: int
    left_out: dict[str, str]
    # The tables of the round's printed report; none where there is no printed one.
    printed: list[Held] = field(default_factory=list)
    chapters_left_out: list[str] = field(default_factory=list)
    # Chapters that nobody has written in the language, and what was put behind the text of one that lacks it.
    without_text: list[str] = field(default_factory=list)
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Tables that no chapter places, and chapters that report.yml does not list.
    unused: list[str] = field(default_factory=list)
    is_constructed: bool = False
    # What became of the slots for signed texts.
    authored: list[Taken] = field(default_factory=list)
    # Sentences that say another direction than in the round before; None where nobody asked, or there is none before.
    turns: Turns | None = None


@contextmanager
def open_published(settings: Settings) -> Iterator[tuple[Published, Path]]:
    """Open the published snapshot.

    Raises:
        UserError: none is published.
    """
    folder = snapshots.current(settings.snapshots)
    if folder is None:
        raise UserError("no snapshot is published", place=str(settings.snapshots), remedy="publish one: is248 run")
    folder = folder.resolve()
    with connect(folder / DATABASE, read_only=True) as connection:
        release = read_release(connection, load_catalogue(settings.metadata))
        tables = {table.name: table for table in load_tables(settings.metadata)}
        yield Published(connection, tables, release, folder.name), folder


def build(settings: Settings, wanted: Wanted, into: Path | None = None, *, with_turns: bool = False) -> Built:
    """Build a report into its folder; a report that fails a check leaves none.

    Args:
        settings: where inputs, snapshots and reports lie.
        wanted: what report.
        into: another folder than that of reports.
        with_turns: also evaluate the chapters on the round before, and say which sentences turned.

    Raises:
        UserError: the source is wrong, a value is refused, or a finished document does not say what it is bound to.
    """
    source = load_source(settings.report_sources / wanted.report)
    with open_published(settings) as (published, folder):
        places = places_of(published, source.report, wanted.area, wanted.year, wanted.language)
        of = round_of(settings, source, published, wanted, places)
        printed = _printed(source, published)
        grids, left_out = _fill(source, of, printed)
        name = "-".join(part for part in (wanted.report, str(wanted.year), wanted.area) if part)
        name += "" if wanted.language == "nb" else f"-{wanted.language}"
        target = (settings.reports / folder.name if into is None else into) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=target.parent) as scratch:
            work, made = Path(scratch) / "work", Path(scratch) / "made"
            work.mkdir()
            made.mkdir()
            authored = Authored(source, of.year, of.language, lambda: unit_names(published, settings.data))
            chapters = Chapters(of, Vocabulary(of), grids, left_out, places.names, authored=authored)
            evaluated = _evaluate(source, of, chapters)
            document = assemble(
                evaluated.texts, {key: grids[key] for key in chapters.placed}, of, folder.name, _day(published)
            )
            files = {kind: made / f"{name}.{kind}" for kind in ("docx", "pdf", "html", "xlsx")}
            write_word(document, files["docx"], work)
            write_html(document, files["html"])
            write_pdf(document, files["pdf"], work)
            write_workbook(document, files["xlsx"])
            facts: dict[str, Any] = {
                "report": wanted.report,
                "year": wanted.year,
                "against": of.before,
                "language": wanted.language,
                "area": wanted.area,
                "snapshot": folder.name,
                "authored": [asdict(each) for each in authored.taken],
            }
            content = manifest(document, chapters.stated, left_out, facts)
            (made / MANIFEST).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            checked = read_back.check(document, chapters.stated, files, folder)
            turns = _turns(settings, source, printed, wanted, chapters) if with_turns else None
            _put_in_place(made, target)
        return Built(
            folder=target,
            snapshot=folder.name,
            files={kind: target / path.name for kind, path in files.items()},
            tables=sum(placed.chart is None for placed in document.placed),
            figures=sum(placed.chart is not None for placed in document.placed),
            values=len(chapters.stated),
            cells=sum(
                cell.quantity is not None for placed in document.placed for line in placed.grid.cells for cell in line
            ),
            read_back=checked,
            left_out=left_out,
            printed=held_against_print(source.tables, {key: grids[key] for key in chapters.placed}, left_out, of, printed),
            chapters_left_out=evaluated.omitted,
            without_text=evaluated.without_text,
            added=evaluated.added,
            unused=unused(source),
            is_constructed=published.release.is_constructed,
            authored=[*authored.taken, *authored.not_placed()],
            turns=turns,
        )


def round_of(settings: Settings, source: Source, published: Published, wanted: Wanted, places: Places) -> Round:
    rounds = published.rounds()
    if wanted.year not in rounds:
        raise UserError(
            f"there is no round of {wanted.year}",
            place=f"snapshot {published.id}",
            remedy=f"rounds are {', '.join(map(str, rounds))}",
        )
    if wanted.against is not None and (wanted.against not in rounds or wanted.against >= wanted.year):
        earlier = [year for year in rounds if year < wanted.year]
        raise UserError(
            f"{wanted.against} is no round before {wanted.year}",
            place="--against",
            remedy=f"rounds are {', '.join(map(str, earlier))}",
        )
    before = wanted.against or max((year for year in rounds if year < wanted.year), default=None)
    printed = source.report.printed
    sources = printed.get(wanted.year) or [each for sources in printed.values() for each in sources]
    words = load_printed_words(published, settings.data, sources, places.here)
    breaks = read_breaks(published.connection)
    tables = load_printed_tables(settings.data, printed)
    return Round(wanted.year, before, tuple(rounds), wanted.language, source.report, published, words, breaks, tables)


def _printed(source: Source, published: Published) -> Printed:
    """Return the cells of all printed reports that a report follows."""
    return Printed(published, [each for sources in source.report.printed.values() for each in sources])


def _fill(source: Source, of: Round, printed: Printed) -> tuple[dict[str, Grid], dict[str, str]]:
    """Return the tables that the round has figures for, and why the others are left out.

    Raises:
        UserError: a declaration is wrong, or a figure is not the one that the reconciliation computes.
    """
    grids: dict[str, Grid] = {}
    left_out: dict[str, str] = {}
    for key, declared in source.tables.items():
        try:
            require_words(declared, of)
            grids[key] = fill(key, declared, of)
            require_agreement(grids[key], printed)
        except LeftOutError as reason:
            left_out[key] = str(reason)
        except ReportError as error:
            raise UserError(f"{key}: {error.what}", place=source.places[key], remedy=error.remedy) from error
    return grids, left_out


@dataclass
class _Evaluated:
    texts: list[ChapterText] = field(default_factory=list)
    omitted: list[str] = field(default_factory=list)
    without_text: list[str] = field(default_factory=list)
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _evaluate(source: Source, of: Round, chapters: Chapters) -> _Evaluated:
    """Return the chapters that the round has something for, and the titles of the others."""
    found = _Evaluated()
    used: set[int] = set()
    files: set[str] = set()
    for chapter in source.report.chapters:
        title = in_language(chapter.title, of.language)
        if not _has_something(chapter, chapters):
            found.omitted.append(title)
            continue
        written = text_of(source, chapter, of.language)
        name = written.path.name
        if written.is_written:
            files.add(name)
            used |= typed_numbers.require_bound(written.path, written.text, of.language, source.exceptions)
        else:
            found.without_text.append(title)
        found.added |= {name: written.added} if written.added else {}
        markdown = chapters.render(written.path, written.text, name)
        found.texts.append(ChapterText(title, chapter.file, chapter.numbered, markdown, str(written.path)))
    if chapters.authored is not None:
        used |= chapters.authored.exceptions
        files |= chapters.authored.files
    # Files that were not read keep their exceptions: chapters left out, other languages, signed texts of other years.
    for exception in source.exceptions:
        if exception.line not in used and exception.file in files:
            raise UserError(
                f"the exception {exception.text[:60]!r} is not needed any more",
                place=f"{source.folder / 'exceptions.csv'}, line {exception.line}",
                remedy="take it out",
            )
    return found


def _turns(settings: Settings, source: Source, printed: Printed, wanted: Wanted, after: Chapters) -> Turns | None:
    """Return what turned since the round before: the same chapters and signed texts, evaluated on that round."""
    year, published = after.of.before, after.of.published
    if year is None:
        return None
    places = places_of(published, source.report, wanted.area, year, wanted.language)
    of = round_of(settings, source, published, replace(wanted, year=year, against=None), places)
    try:
        grids, left_out = _fill(source, of, _printed(source, published))
    except UserError as error:
        # The report of that round cannot be built: this one can.
        return Turns(year, (), {wanted.report: f"{error.what} ({error.place})"})
    authored = Authored(source, wanted.year, wanted.language, lambda: unit_names(published, settings.data))
    before = Chapters(of, Vocabulary(of), grids, left_out, places.names, authored=authored)
    not_compared: dict[str, str] = {}
    said = {each.file for each in after.stated} | {each.file for each in after.chosen}
    for chapter in source.report.chapters:
        path = source.chapter_file(chapter, wanted.language)
        if path is None or path.name not in said or not _has_something(chapter, before):
            continue
        count = len(before.stated)
        try:
            before.render(path, text_of(source, chapter, wanted.language).text, path.name)
        except UserError as error:
            del before.stated[count:]
            not_compared[path.name] = f"{error.what} ({error.place.removeprefix(f'{path}, ')})"
    return Turns(year, turned(before, after), not_compared)


def _has_something(chapter: Chapter, chapters: Chapters) -> bool:
    """Whether a round asked any question that a chapter needs."""
    return not chapter.needs or any(chapters.vocabulary.asked(each) for each in chapter.needs)


def _day(published: Published) -> date:
    """Return the day of the release; the first of the newest year where the snapshot has none."""
    row = published.rows("snapshot", {})[0]
    return date.fromisoformat(str(row["release_date"])) if row["release_date"] else date(int(row["time_period"]), 1, 1)


def _put_in_place(made: Path, target: Path) -> None:
    """Exchange a finished folder for the one before it."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    made.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def told(left_out: Mapping[str, str]) -> list[str]:
    """Return what was left out by its reason."""
    reasons: dict[str, list[str]] = {}
    for key, reason in left_out.items():
        reasons.setdefault(reason, []).append(key)
    return [f"{reason}: {', '.join(keys)}" for reason, keys in reasons.items()]


__all__ = ["Built", "Document", "Wanted", "build", "told"]
