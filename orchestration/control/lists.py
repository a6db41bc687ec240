"""The lists of a survey year as a folder: one of all findings, one for each county, one for each unit.

Belongs here: which lists there are, where they are, and keeping answers when lists are made again. Does not belong here:
which findings there are (``findings``), how a file looks (``writers``) and what an answer leads to (``answers``).

The folder is restricted: folders have mode 0700, files 0600.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from orchestration.control.findings import Control, Finding
from orchestration.control.list_layout import COLUMNS, TEXTS, Answer, Row, Value, make_rows, parse_date, parse_number
from orchestration.control.reading import gather, list_files, read_answers
from orchestration.control.writers import delimited, workbook
from orchestration.core.errors import UserError
from orchestration.core.language import in_language
from orchestration.ingest.capture import hash_file

# The files that were written, each with its hash; other files in the folder were put there by people.
WRITTEN = ".written"


def file_name(text: str) -> str:
    """Return a text as part of a file name: letters, digits, dots and dashes stay."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


@dataclass(frozen=True)
class Written:
    """What was written: the folder, the list of all findings, and how many lists there are."""

    folder: Path
    overview: Path
    counties: int
    units: int
    kept_answers: int
    earlier_answers: int


def _earlier_row(number: int, answer: Answer) -> Row:
    """Return the row of a finding that no longer exists, as it was in the list."""
    row: list[Value] = []
    for column, text in zip(COLUMNS, answer.row, strict=True):
        value: Value = text
        if column.is_number:
            parsed = parse_number(text)
            value = text if parsed is None else parsed
        elif column.name == "answered_on":
            value = parse_date(text) or text
        row.append(number if column.name == "number" else value)
    return tuple(row)


def write_lists(control: Control, root: Path) -> Written:
    """Write all lists of a year, replacing existing ones; what was filled in there is kept.

    Args:
        control: the findings.
        root: the folder of all years.

    Raises:
        UserError: an existing list cannot be read, or two of them answer the same finding differently.
    """
    language = control.language
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / str(control.year)
    for rest in root.glob(f".{control.year}.[0-9]*"):
        # Left by an interrupted run: it contains answers of single units.
        shutil.rmtree(rest, ignore_errors=True)
    _recover(folder)
    written_before = _written_before(folder)
    given = read_lists(folder, control.texts.number_of, only_own=True)
    answers: dict[str, list[Answer]] = {}
    earlier: list[Answer] = []
    numbers_now = control.by_number()
    for number, found in sorted(given.items()):
        for answer in found:
            # An answer about other values than the present ones does not answer the finding.
            is_about_it = any(answer.is_about(finding) for finding in numbers_now.get(number, []))
            (answers.setdefault(number, []) if is_about_it else earlier).append(answer)

    lists: dict[str, tuple[str, list[Row], list[str]]] = {}

    def add(name: str, title: str, findings: list[Finding]) -> None:
        lists[name] = (
            title,
            make_rows(findings, answers, language),
            [kind for finding in findings for kind in finding.kinds],
        )

    def say(text: str) -> str:
        return in_language(TEXTS[text], language)

    head = in_language(control.texts.list.title, language).format(year=control.year)
    add(f"{control.year}_{say('all')}", head, control.findings)
    counties: dict[tuple[str, str], list[Finding]] = {}
    units: dict[tuple[str, str], list[Finding]] = {}
    for finding in control.findings:
        if finding.county_code:
            counties.setdefault((finding.county_code, finding.county_name), []).append(finding)
        if finding.unit_code:
            units.setdefault((finding.unit_code, finding.unit_name), []).append(finding)
    for kind, groups in (("counties", counties), ("units", units)):
        for (code, name), findings in sorted(groups.items()):
            add(f"{say(kind)}/{file_name(f'{code}_{name}')}", f"{head}: {code} {name}", findings)
    if earlier:
        rows = [_earlier_row(number, answer) for number, answer in enumerate(earlier, start=1)]
        lists[f"{control.year}_{say('earlier')}"] = (
            f"{head}: {in_language(control.texts.list.earlier_title, language)}",
            rows,
            [],
        )

    fresh = root / f".{control.year}.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    try:
        names = []
        for name, (title, rows, kinds) in lists.items():
            for suffix, content in ((".xlsx", workbook(rows, control, title, kinds)), (".csv", delimited(rows, control))):
                _write(fresh / f"{name}{suffix}", content)
                names.append(f"{name}{suffix}")
        hashes = {name: hash_file(fresh / name) for name in sorted(names)}
        _write(fresh / WRITTEN, "".join(f"{digest} {name}\n" for name, digest in hashes.items()).encode())
        _keep_foreign_files(folder, fresh, written_before)
        _replace(folder, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Written(
        folder=folder,
        overview=folder / f"{control.year}_{say('all')}.xlsx",
        counties=len(counties),
        units=len(units),
        kept_answers=sum(map(len, answers.values())),
        earlier_answers=len(earlier),
    )


def read_lists(folder: Path, number_of: Callable[[str], str], *, only_own: bool = False) -> dict[str, list[Answer]]:
    """Read the answers in the lists of a folder, by the number that they concern.

    Answers in lists that somebody changed since they were written take precedence over those in unchanged lists.

    Args:
        folder: the folder.
        number_of: returns what the key of a finding is about.
        only_own: whether to leave out lists that somebody else put there.

    Raises:
        UserError: a list cannot be read, or two lists that somebody filled in answer the same differently.
    """
    written = _written_before(folder)
    changed, carried = [], []
    for path in list_files(folder) if folder.is_dir() else []:
        known = written.get(path.relative_to(folder).as_posix())
        if known is not None and known == hash_file(path):
            carried.append(path)
        elif known is not None or not only_own:
            changed.append(path)
    given = gather((answer for path in changed for answer in read_answers(path)), number_of)
    kept = gather((answer for path in carried for answer in read_answers(path)), number_of)
    return kept | given


def _written_before(folder: Path) -> dict[str, str]:
    """Return the hashes of the files that were written here, by name."""
    path = folder / WRITTEN
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: digest for digest, _, name in (line.partition(" ") for line in lines)}


def _keep_foreign_files(folder: Path, fresh: Path, written_before: Collection[str]) -> None:
    """Copy what somebody else put into the folder of the year, such as answers that came by e-mail."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.as_posix() not in written_before and name.as_posix() != WRITTEN:
            target = fresh / name
            if target.exists():
                raise UserError(
                    "the list would overwrite a file that it did not write",
                    place=str(path),
                    remedy="move the file to another folder",
                )
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _recover(folder: Path) -> None:
    """Restore the lists that an interrupted run had set aside and not replaced."""
    old = _set_aside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)


def _replace(folder: Path, fresh: Path) -> None:
    old = _set_aside(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
