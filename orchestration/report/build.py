"""Assembling a report: its source, the round, its tables, its chapters, and the resulting document.

Belongs here: the order of these steps. Does not belong here: any step itself, or writing files (``making``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.publish import integrity, pointer
from orchestration.publish.publication_metadata import load_catalogue, read_release
from orchestration.publish.snapshot_files import DATABASE
from orchestration.report import typed_numbers
from orchestration.report.anonymity import unit_names
from orchestration.report.authored import Authored, Taken
from orchestration.report.declarations import require_words
from orchestration.report.directions import Turns, turned
from orchestration.report.document import ChapterText, Document, assemble, seal
from orchestration.report.grid import Grid, Round
from orchestration.report.manifest import manifest
from orchestration.report.model import Chapter, Source, load_source
from orchestration.report.places import Places, places_of
from orchestration.report.print_comparison import Held, Printed, compare_with_print, require_agreement
from orchestration.report.printed_tables import PrintedTables, load_printed_tables
from orchestration.report.printed_words import Place, PrintedWords, load_printed_words
from orchestration.report.sentences import Chapters, Stated
from orchestration.report.tables import LeftOutError, fill
from orchestration.report.translations import text_of, unused
from orchestration.report.values import Published, ReportError
from orchestration.report.vocabulary import Vocabulary
from orchestration.site.breaks import Breaks, read_breaks

# The name of every candidate: its content must not depend on its id.
CANDIDATE = "candidate"


@dataclass(frozen=True)
class Wanted:
    """The report to make: its name, round, language and area."""

    report: str
    year: int
    against: int | None = None
    language: Language = "nb"
    area: str = ""

    @property
    def name(self) -> str:
        """The name of the report's folder and files."""
        parts = (self.report, str(self.year), self.area, "" if self.language == "nb" else self.language)
        return "-".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """What is reported to the person who makes a report, beyond its documents."""

    left_out: Mapping[str, str]
    # The tables of the round's printed report; empty if it has none.
    printed: list[Held]
    chapters_left_out: list[str]
    # Chapters that nobody has written in the language; and by file, what was appended because its text lacked it.
    without_text: list[str]
    added: dict[str, tuple[str, ...]]
    # Tables that no chapter places, and chapters that report.yml does not list.
    unused: list[str]
    is_constructed: bool
    # The outcome for each slot for signed texts.
    authored: list[Taken]
    # Sentences that state another direction than in the round before; None if not asked for, or without an earlier round.
    turns: Turns | None


@dataclass(frozen=True)
class Draft:
    """An assembled report: the content of its documents, and in ``bound`` the cells that each number is bound to."""

    wanted: Wanted
    document: Document
    stated: tuple[Stated, ...]
    bound: Mapping[str, Any]
    remarks: Remarks


@dataclass
class Desk:
    """What the reports of one snapshot share; ``folder`` has the snapshot's files."""

    settings: Settings
    published: Published
    folder: Path
    _sources: dict[str, Source] = field(default_factory=dict)
    _words: dict[tuple[str, ...], PrintedWords] = field(default_factory=dict)
    _printed_tables: dict[tuple[tuple[int, tuple[str, ...]], ...], PrintedTables] = field(default_factory=dict)

    def source(self, report: str) -> Source:
        """Return the source of a report, read once."""
        if report not in self._sources:
            self._sources[report] = load_source(self.settings.report_sources / report)
        return self._sources[report]

    def words(self, sources: Sequence[str], places: Mapping[str, Place]) -> PrintedWords:
        """Return the words of printed reports, read once, with the meanings of ``place`` in a report."""
        key = tuple(sources)
        if key not in self._words:
            self._words[key] = load_printed_words(self.published, self.settings.data, sources, {})
        return replace(self._words[key], places=places)

    def printed_tables(self, reports: Mapping[int, tuple[str, ...]]) -> PrintedTables:
        """Return the tables of printed reports, read once."""
        key = tuple(sorted(reports.items()))
        if key not in self._printed_tables:
            self._printed_tables[key] = load_printed_tables(self.settings.data, reports)
        return self._printed_tables[key]

    @cached_property
    def breaks(self) -> Mapping[str, Breaks]:
        """The breaks of the series, by subject."""
        return read_breaks(self.published.connection)

    def read_ahead(self, wanted: Iterable[Wanted]) -> None:
        """Announce the areas of the next reports, so that their rows are read together."""
        codes: dict[str, set[str]] = {}
        for each in wanted:
            if each.area:
                codes.setdefault(self.source(each.report).report.area, set()).add(each.area)
        self.published.read_ahead(codes)


@contextmanager
def open_desk(settings: Settings, candidate: Path | None = None) -> Iterator[Desk]:
    """Open the published snapshot, or a candidate by its folder.

    Raises:
        UserError: no snapshot is published.
    """
    folder = candidate or pointer.current(settings.snapshots)
    if folder is None:
        raise UserError("no snapshot is published", place=str(settings.snapshots), remedy="publish one: ./is248 run")
    folder = folder.resolve()
    if candidate is None:
        integrity.verify(folder, remedy=integrity.ANEW, thorough=False)
    with connect(folder / DATABASE, read_only=True) as connection:
        release = read_release(connection, load_catalogue(settings.metadata))
        tables = {table.name: table for table in load_tables(settings.metadata)}
        yield Desk(settings, Published(connection, tables, release, CANDIDATE if candidate else folder.name), folder)


def draft(desk: Desk, wanted: Wanted, *, with_turns: bool = False) -> Draft:
    """Assemble a report.

    Args:
        desk: the snapshot.
        wanted: the report to make.
        with_turns: also evaluate the chapters on the round before, and list the sentences that turned.

    Raises:
        UserError: the source is wrong, or a value is refused.
    """
    source, published = desk.source(wanted.report), desk.published
    places = places_of(published, source.report, wanted.area, wanted.year, wanted.language)
    of = round_of(desk, source, wanted, places)
    printed = _printed(source, published)
    grids, left_out = _fill(source, of, printed)
    authored = Authored(source, of.year, of.language, lambda: unit_names(published, desk.settings.data))
    chapters = Chapters(of, Vocabulary(of), grids, left_out, places.names, authored=authored)
    evaluated = _evaluate(source, of, chapters)
    facts = {
        "report": wanted.report,
        "year": wanted.year,
        "against": of.before,
        "language": wanted.language,
        "area": wanted.area,
        "authored": [asdict(each) for each in authored.taken],
    }
    placed = {key: grids[key] for key in chapters.placed}
    document = assemble(evaluated.texts, placed, of, _day(published))
    bound = manifest(document, chapters.stated, left_out, facts)
    seal(document, of, bound)
    remarks = Remarks(
        left_out=left_out,
        printed=compare_with_print(source.tables, placed, left_out, of, printed),
        chapters_left_out=evaluated.omitted,
        without_text=evaluated.without_text,
        added=evaluated.added,
        unused=unused(source),
        is_constructed=published.release.is_constructed,
        authored=[*authored.taken, *authored.not_placed()],
        turns=_turns(desk, source, wanted, printed, chapters) if with_turns else None,
    )
    return Draft(wanted, document, tuple(chapters.stated), bound, remarks)


def round_of(desk: Desk, source: Source, wanted: Wanted, places: Places) -> Round:
    """Return the round that a report is about.

    Raises:
        UserError: there is no such round, or none before it to compare with.
    """
    published = desk.published
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
            f"there is no round of {wanted.against} before {wanted.year}",
            place="--against",
            remedy=f"rounds are {', '.join(map(str, earlier))}",
        )
    before = wanted.against or max((year for year in rounds if year < wanted.year), default=None)
    printed = source.report.printed
    sources = printed.get(wanted.year) or [each for sources in printed.values() for each in sources]
    words = desk.words(sources, places.here)
    tables = desk.printed_tables(printed)
    return Round(wanted.year, before, tuple(rounds), wanted.language, source.report, published, words, desk.breaks, tables)


def _printed(source: Source, published: Published) -> Printed:
    """Return the cells of all printed reports that a report continues."""
    return Printed(published, [each for sources in source.report.printed.values() for each in sources])


def _fill(source: Source, of: Round, printed: Printed) -> tuple[dict[str, Grid], dict[str, str]]:
    """Return the tables that the round has figures for, and why the others are left out.

    Raises:
        UserError: a declaration is wrong, or a figure differs from the one that the reconciliation computes.
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
                f"the exception {exception.text[:60]!r} is no longer needed",
                place=f"{source.folder / 'exceptions.csv'}, line {exception.line}",
                remedy="remove it",
            )
    return found


def _turns(desk: Desk, source: Source, wanted: Wanted, printed: Printed, after: Chapters) -> Turns | None:
    """Return what turned since the round before: the same chapters and signed texts, evaluated on that round."""
    year, published = after.of.before, after.of.published
    if year is None:
        return None
    places = places_of(published, source.report, wanted.area, year, wanted.language)
    of = round_of(desk, source, replace(wanted, year=year, against=None), places)
    try:
        grids, left_out = _fill(source, of, printed)
    except UserError as error:
        # The earlier round's report cannot be built, but this one can.
        return Turns(year, (), {wanted.report: f"{error.what} ({error.place})"})
    authored = Authored(source, wanted.year, wanted.language, lambda: unit_names(published, desk.settings.data))
    before = Chapters(of, Vocabulary(of), grids, left_out, places.names, authored=authored)
    not_compared: dict[str, str] = {}
    with_statements = {each.file for each in after.stated} | {each.file for each in after.chosen}
    for chapter in source.report.chapters:
        path = source.chapter_file(chapter, wanted.language)
        if path is None or path.name not in with_statements or not _has_something(chapter, before):
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
