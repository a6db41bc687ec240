"""Faults while snapshots are made: is anything ever torn, lost, or left to be cleaned up by hand?

    .venv/bin/python benchmarks/faults.py [--kills 100] [--seed N] [--folder DIRECTORY]

Runs the real command on one small delivery, in separate folders, and kills its whole process group at random moments: two
thirds of the kills anywhere in a run, the others in its last part, the publication. After each kill the published snapshot
must be complete, judged, and one of the versions to be published; nothing may be lost from the ledger or the journal. Every
fifth kill is followed by a run that must succeed without any cleaning up. At the end every version is published once more
and compared with an undisturbed run on the same published snapshots, from nothing: no kill may leave anything that is
taken over wrongly.

After that: a disk that fills up, a delivered file that disappears, two runs at once, and a clock that jumps.

The code is copied, with few of the rules of the gate, so that a run is short and the code does not change during it; the
copies are deleted at the end. The full disk needs the permission to mount one, the jumping clock the program faketime.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.errors import UserError
from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import PROJECT_DIR
from orchestration.disclosure import ledger
from orchestration.gate import kept_results
from orchestration.publish import integrity, journal, kept_files, pointer, rolls, snapshots
from orchestration.publish.candidate import remains
from orchestration.publish.snapshot_files import DATABASE, NOT_CONTENT, REVISIONS, SEAL

CODE = ("orchestration", "dbt_project", "expectations", "deploy", "dagster.yaml", "workspace.yaml", "requirements.lock")
INPUTS = ("reference", "published", "classifications", "indicators", "metadata", "corrections", "comparability", "waivers")
# One or two of each stage and kind, so that every part of the gate runs.
RULES = {
    "cells_are_all_kept",
    "every_cell_has_one_fate",
    "units_add_up_to_the_country",
    "every_correction_finds_what_it_expects",
    "key_is_unique",
    "csv_equals_database",
    "parquet_equals_database",
    "units_add_up",
    "no_format_shows_what_is_hidden",
    "waivers_are_valid",
}

# Texts of a run on its standard error.
READING, PUBLICATION = "  deliveries ...", "  publication ..."
ANOTHER_RUN = "another run is active"

EVERY = 5  # kills between two complete runs
FRESH = 20  # kills between two deletions of the warehouse, which can be made again
PATIENCE_SECONDS = 900
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Delivery:
    """A delivery that is published in several versions: the answer of one unit is changed or corrected."""

    form: str
    year: int
    file: str
    unit_column: str
    unit: str
    answer: str
    total: str
    correction: dict[str, object]


SMALL = Delivery(
    form="is24_2011",
    year=2011,
    file="is24_2011_nettskjema.csv",
    unit_column="kommune_nr",
    unit="1627",
    answer="voksne_tiltak1",
    total="voksne_tiltak_sum",
    correction={"item": "housing_with_staff", "target_group": "adults", "reporting_form": "mental_health"},
)
# It has questions with hidden groups, so that the ledger has rows.
WITH_HIDDEN_GROUPS = Delivery(
    form="is248_2018",
    year=2018,
    file="is248_2018.csv",
    unit_column="komm_nr",
    unit="0704",
    answer="aarsverk1_f_vok",
    total="aarsverk_tot_f_vok",
    correction={"item": "housing_with_staff", "target_group": "adults", "reporting_form": "joint"},
)


@dataclass(frozen=True)
class Version:
    """A version of the delivery: an amount is added to the answer, or a signed correction changes it."""

    name: str
    added: float = 0.0
    corrected_by: float = 0.0


VERSIONS = (
    Version("as delivered"),
    Version("an answer changed", added=1.0),
    Version("an answer corrected", corrected_by=2.0),
)
# Published once, at the end, after the last of the others.
LAST = Version("changed and corrected", added=1.0, corrected_by=4.0)


def copy_project(folder: Path) -> Path:
    """Copy the code, with few rules, and return its folder."""
    folder.mkdir(parents=True)
    for name in CODE:
        source = PROJECT_DIR / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "generated*"))
        else:
            shutil.copyfile(source, folder / name)
    for path in (folder / "expectations" / "rules").glob("*.yml"):
        rules = [rule for rule in yaml.safe_load(path.read_text(encoding="utf-8")) if rule["id"] in RULES]
        if rules:
            path.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
        else:
            path.unlink()
    # The suites of these rules, as in the project; otherwise each run would build them in a temporary folder.
    subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "build-suites"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "IS248_DATA_DIR": str(PROJECT_DIR / "data")},
        check=True,
        capture_output=True,
    )
    return folder


@dataclass(frozen=True)
class Place:
    """A folder with its own inputs, warehouse and snapshots, and the code that runs on them."""

    root: Path
    project: Path
    delivery: Delivery

    @property
    def data(self) -> Path:
        """The inputs."""
        return self.root / "data"

    @property
    def warehouse(self) -> Path:
        """Everything that can be made again."""
        return self.root / "warehouse"

    @property
    def snapshots(self) -> Path:
        """The folder of snapshots."""
        return self.root / "snapshots"

    @property
    def temporary(self) -> Path:
        """The folder of temporary files."""
        return self.root / "tmp"

    @property
    def delivered(self) -> Path:
        """The file that is delivered."""
        return self.data / "deliveries" / str(self.delivery.year) / self.delivery.file

    def prepare(self) -> Place:
        """Lay out the inputs."""
        source = PROJECT_DIR / "data"
        self.temporary.mkdir(parents=True)
        for name in INPUTS:
            shutil.copytree(source / name, self.data / name)
        shutil.copyfile(source / CALENDAR, self.data / CALENDAR)
        shutil.copytree(source / "forms" / self.delivery.form, self.data / "forms" / self.delivery.form)
        shutil.copytree(source / "deliveries" / str(self.delivery.year), self.delivered.parent)
        self.put(VERSIONS[0])
        return self

    def put(self, version: Version) -> None:
        """Deliver a version."""
        source = PROJECT_DIR / "data" / "deliveries" / str(self.delivery.year) / self.delivery.file
        rows = [line.split(";") for line in source.read_bytes().decode("latin-1").split("\n")]
        names = rows[0]
        place = names.index(self.delivery.unit_column)
        (cells,) = [row for row in rows if row[place : place + 1] == [self.delivery.unit]]
        for name in (self.delivery.answer, self.delivery.total):
            delivered = float(cells[names.index(name)].replace(",", ".") or 0) + version.added
            cells[names.index(name)] = f"{delivered:g}".replace(".", ",")
        answer = float(cells[names.index(self.delivery.answer)].replace(",", "."))
        self.delivered.write_bytes("\n".join(";".join(row) for row in rows).encode("latin-1"))
        signed = self.data / "corrections" / "fault.yml"
        signed.unlink(missing_ok=True)
        if version.corrected_by:
            entry = {
                "unit": self.delivery.unit,
                "year": self.delivery.year,
                "question": "fte_by_service",
                **self.delivery.correction,
                "expect": answer,
                "value": answer + version.corrected_by,
                "reason": "made up",
                "decided_by": "the benchmark",
                "date": "2026-01-01",
            }
            signed.write_text(yaml.safe_dump([entry]), encoding="utf-8")

    def start(self, *arguments: str, before: Sequence[str] = (), largest_file: int | None = None) -> Process:
        """Start the command in a process group of its own."""
        variables = {
            **os.environ,
            "IS248_DATA_DIR": str(self.data),
            "IS248_WAREHOUSE_DIR": str(self.warehouse),
            "IS248_SNAPSHOTS_DIR": str(self.snapshots),
            "IS248_FORMATS": "",
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [*before, sys.executable, "-m", "orchestration.cli", *arguments]
        return Process(command, self.project, variables, largest_file)

    def run(self, *arguments: str, before: Sequence[str] = ()) -> Process:
        """Run the command without a kill."""
        process = self.start(*(arguments or ("run",)), before=before)
        process.wait()
        return process

    def copied(self, root: Path) -> Place:
        """Return a copy of the whole place."""
        shutil.copytree(self.root, root, symlinks=True)
        return Place(root, self.project, self.delivery)


class Process:
    """A running command, and its standard error."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str], largest_file: int | None) -> None:
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.seconds = 0.0
        self.publishing = 0.0
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=None
            if largest_file is None
            else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file)),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                if self.lines[-1].startswith(PUBLICATION):
                    self.publishing = time.monotonic()
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    @property
    def text(self) -> str:
        """The standard error as one text."""
        return "\n".join(self.lines)

    @property
    def step(self) -> str:
        """The step that was announced last."""
        steps = [line.strip() for line in self.lines if line.startswith("  ") and not line.startswith("    ")]
        if not steps:
            return "start"
        if steps[-1].endswith(" ..."):
            return steps[-1].removesuffix(" ...")
        title = steps[-1].removesuffix(" FAILED").partition(" done in")[0]
        if steps[-1].endswith(" FAILED"):
            return title
        return "end" if title == "publication" else f"after {title}"

    def wait_for(self, beginning: str) -> bool:
        """Wait for a line that begins with a text; return whether the command is still running."""
        ends = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while not any(line.startswith(beginning) for line in self.lines):
                if self.code is not None or time.monotonic() > ends:
                    return False
                self._news.wait(0.5)
        return self.code is None

    def wait(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait for the command to end; return whether it did."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.seconds = time.monotonic() - self.began
        self._reader.join()
        return True

    def kill(self) -> bool:
        """Kill the whole process group; return whether there was something to kill, and wait until nothing is left of it."""
        was_running = self.code is None
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            was_running = False
        self.wait()
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                os.killpg(self._process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.01)
        return was_running


@dataclass(frozen=True)
class Problem:
    """A failure of the benchmark: ``torn``, ``lost`` or ``failed``."""

    kind: str
    text: str


FIGURE = (
    "select fte from fte_by_service where time_period = {year} and unit_level = 'country' and target_group = 'total' "
    "and service_type = 'total' and area_basis = 'reported'"
)


def figure(place: Place) -> float | None:
    """Return the figure that a reader of the published snapshot gets; None before the first snapshot."""
    link = place.snapshots / pointer.CURRENT
    if not link.is_symlink():
        return None
    with duckdb.connect(str(link / DATABASE), read_only=True) as connection:
        ((found,),) = connection.execute(FIGURE.format(year=place.delivery.year)).fetchall()
    return round(float(found), 6)


def look(place: Place, allowed: set[float | None]) -> list[Problem]:
    """Look for what is torn or lost; ``allowed`` are the figures that may be published at this moment."""
    found: list[Problem] = []
    try:
        if (published := figure(place)) not in allowed:
            found.append(Problem("lost", f"{published} is published, which is not one of {sorted(map(str, allowed))}"))
        folder = pointer.current(place.snapshots)
        if folder is not None:
            integrity.verify(folder)
            if (snapshots.read_gate(folder) or {}).get("verdict") != "pass":
                found.append(Problem("torn", f"{folder.name} is published but was not judged"))
        found += _look_behind(place)
    except (OSError, ValueError, duckdb.Error, UserError) as error:
        found.append(Problem("torn", f"{type(error).__name__}: {error}"))
    return found


def _look_behind(place: Place) -> list[Problem]:
    """Look at every snapshot, the journal and the ledger."""
    folders = snapshots.all_snapshots(place.snapshots)
    in_journal = {event.snapshot for event in journal.read_journal(place.snapshots) if event.action == "published"}
    found = [Problem("lost", f"the journal has no entry for {path.name}") for path in folders if path.name not in in_journal]
    kept = ledger.ledger_file(place.snapshots)
    tables = {
        "published_groups": ledger.GROUP_KEY,
        "published_members": ("members_sha256", "member_code"),
        "published_answers": (*ledger.QUESTION_KEY, "state", "member_code", "answer_sha256"),
    }
    if folders and not kept.is_file():
        return [*found, Problem("lost", "there is no ledger")]
    for folder in folders:
        integrity.verify(folder)
        added = kept.with_name(f"{folder.name}{ledger.ADDITIONS}")
        with duckdb.connect(str(kept), read_only=True) as connection:
            connection.execute(f"attach '{added}' as added (read_only)")
            for name, key in tables.items():
                keys = ", ".join(key)
                row = connection.execute(
                    f"select count(*) from (select distinct {keys} from added.{name} except select {keys} from {name})"
                ).fetchone()
                if row != (0,):
                    found.append(Problem("lost", f"the ledger lacks rows of {folder.name} in {name}"))
    return found


def leftovers(place: Place) -> list[str]:
    """Return files in the folders that no complete run leaves there."""
    names = {path.name for path in snapshots.all_snapshots(place.snapshots)}
    expected = {*names, pointer.CURRENT, pointer.POINTER_LOCK, journal.JOURNAL, ".candidates", ".disclosure"}
    expected |= {f".{name}{SEAL}" for name in names}
    found = [path for path in place.snapshots.iterdir() if path.name not in expected]
    found += remains(place.snapshots / ".candidates")
    kept = {ledger.ledger_file(place.snapshots).name} | {
        f"{name}{ending}" for name in names for ending in (ledger.ADDITIONS, ledger.BEFORE, rolls.ROLL)
    }
    found += [path for path in ledger.ledger_file(place.snapshots).parent.iterdir() if path.name not in kept]
    whole = {"warehouse.duckdb", "run.lock", "candidate.json", "made.json"}
    whole |= {"archive", "dagster", "dbt_target", "gate", "log", kept_files.FOLDER, kept_results.FOLDER}
    found += [path for path in place.warehouse.iterdir() if path.name not in whole]
    found += [path for folder in (place.warehouse, place.project) for path in folder.rglob("*.partial*")]
    found += list(place.temporary.iterdir())
    return sorted({os.path.relpath(path, place.root) for path in found})


def processes_of(root: Path) -> list[int]:
    """Return the processes that were started for places under a folder and still exist."""
    mark = f"IS248_SNAPSHOTS_DIR={root}/".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if any(variable.startswith(mark) for variable in path.read_bytes().split(b"\0")):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return a snapshot's content: all files but those that name the previous snapshot or on what a result was judged."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.startswith(DATABASE)
        and path.stem != REVISIONS
        and not (name := path.relative_to(folder).as_posix()).startswith(NOT_CONTENT)
    }


@dataclass
class Reference:
    """The results of undisturbed runs: the figure of each version, and the room that the last snapshot takes, in bytes."""

    place: Place
    figures: dict[str, float] = field(default_factory=dict)
    used: int = 0
    seconds: list[float] = field(default_factory=list)
    publishing: list[float] = field(default_factory=list)
    publish_seconds: float = 0.0

    def make(self, versions: Sequence[Version], on_progress: Callable[[str], None]) -> None:
        """Publish versions one after the other."""
        for version in versions:
            self.place.put(version)
            process = self.place.run()
            folder, published = pointer.current(self.place.snapshots), figure(self.place)
            if process.code != 0 or folder is None or published is None:
                raise SystemExit(f"an undisturbed run failed:\n{process.text}")
            self.figures[version.name], self.used = published, _used(folder)
            self.seconds.append(process.seconds)
            self.publishing.append(process.began + process.seconds - process.publishing)
            self.publish_seconds = self.publish_seconds or self.place.run("publish").seconds
            on_progress(f"undisturbed, {version.name}: {folder.name}, {published} FTE, {process.seconds:.0f} s")
        if len(set(self.figures.values())) != len(self.figures):
            raise SystemExit(f"two versions have the same figure: {self.figures}")

    @property
    def length(self) -> float:
        """How long a run takes, in seconds."""
        return statistics.median(self.seconds)


class Undisturbed:
    """The same run on the same published snapshots, from a warehouse that nothing ever disturbed.

    What was published decides what may be shown next, so the snapshots that a place has are the beginning of both.
    """

    def __init__(self, place: Place, version: Version) -> None:
        """Copy what the place has published, and deliver the version.

        Args:
            place: the place, before its own run.
            version: what will be delivered to it.
        """
        folder = Path(tempfile.mkdtemp(prefix="undisturbed_", dir=place.root.parent))
        self.place = Place(folder / "place", place.project, place.delivery).prepare()
        shutil.copytree(place.snapshots, self.place.snapshots, symlinks=True)
        self.place.put(version)

    def difference(self, place: Place) -> str | None:
        """Run, and return how the snapshot that the place has published now differs from the result, or None."""
        process = self.place.run()
        made, expected = pointer.current(place.snapshots), pointer.current(self.place.snapshots)
        if process.code != 0 or expected is None:
            return f"the undisturbed run failed: {' / '.join(process.lines[-3:])}"
        if made is None or made.name != expected.name:
            return f"{made.name if made else 'nothing'} instead of {expected.name}"
        one, other = contents(made), contents(expected)
        different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
        return f"{made.name} differs in {', '.join(different[:5])}" if different else None


@dataclass
class Row:
    """The results of the kills in one step."""

    kills: int = 0
    survived: int = 0
    torn: int = 0
    lost: int = 0
    seconds: float = 0.0


@dataclass
class Campaign:
    """Kills, one after the other, in one place."""

    place: Place
    reference: Reference
    chance: random.Random
    on_progress: Callable[[str], None]
    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    finished: int = 0
    version: Version = VERSIONS[0]

    def run(self, kills: int) -> None:
        """Kill the given number of times, with complete runs in between."""
        done = 0
        while done < kills:
            aimed = done % 3 == 2
            done += self._kill("run", aimed)
            if aimed and done < kills and self.chance.random() < 0.5:
                # A judged candidate still exists, or is published: the publish command continues with it.
                done += self._kill("publish", False)
            if done % EVERY == 0:
                self.finish()
            if done % FRESH == 0:
                shutil.rmtree(self.place.warehouse)

    def _next(self) -> None:
        """Choose the version to deliver: the interrupted one, or another than the published one."""
        published = figure(self.place)
        others = [version for version in VERSIONS if self.reference.figures[version.name] != published]
        if self.version not in others or self.chance.random() < 0.5:
            self.version = self.chance.choice(others)
        self.place.put(self.version)

    def _length(self, command: str) -> float:
        return self.reference.length if command == "run" else self.reference.publish_seconds

    def _allowed(self) -> set[float | None]:
        return {figure(self.place), self.reference.figures[self.version.name]}

    def _kill(self, command: str, aimed: bool) -> int:
        """Kill a command; return the number of kills: 0 where it ended before."""
        if command == "run":
            self._next()
        allowed = self._allowed()
        process = self.place.start(command)
        if aimed:
            process.wait_for(PUBLICATION)
            time.sleep(self.chance.uniform(0, 1.5 * statistics.median(self.reference.publishing)))
        else:
            process.wait(self.chance.uniform(0, self._length(command)))
        if not process.kill():
            if command == "run":
                self._judge_finished(process)
            return 0
        found = look(self.place, allowed)
        row = self.rows.setdefault(process.step if command == "run" else f"{process.step} (is248 publish)", Row())
        row.kills += 1
        row.seconds += process.seconds
        row.survived += not found
        row.torn += any(problem.kind == "torn" for problem in found)
        row.lost += any(problem.kind == "lost" for problem in found)
        self.problems += [f"killed in {process.step}: {problem.kind}: {problem.text}" for problem in found]
        kills = sum(row.kills for row in self.rows.values())
        self.on_progress(f"kill {kills}: {command} after {process.seconds:.1f} s in {process.step}; {self._outcome(found)}")
        return 1

    @staticmethod
    def _outcome(found: list[Problem]) -> str:
        return "; ".join(f"{problem.kind}: {problem.text}" for problem in found) or "survived"

    def finish(self, version: Version | None = None) -> Process:
        """Run to the end; the run must succeed."""
        if version is None:
            self._next()
        else:
            self.version = version
            self.place.put(version)
        process = self.place.run()
        self._judge_finished(process)
        return process

    def _judge_finished(self, process: Process) -> None:
        self.finished += 1
        found = look(self.place, {self.reference.figures[self.version.name]})
        if process.code != 0:
            found.append(Problem("failed", f"a run ended with {process.code}: {' / '.join(process.lines[-3:])}"))
        if "Traceback" in process.text:
            found.append(Problem("failed", f"a run showed a stack trace:\n{process.text}"))
        self.problems += [f"after a run to its end: {problem.kind}: {problem.text}" for problem in found]
        self.on_progress(f"run to its end, {self.version.name}, {process.seconds:.0f} s; {self._outcome(found)}")

    def close(self) -> None:
        """Publish each version once more, compare, and look for leftovers."""
        for version in (*VERSIONS, LAST):
            undisturbed = Undisturbed(self.place, version)
            self.finish(version)
            different = undisturbed.difference(self.place)
            if different is not None:
                self.problems.append(f"not what an undisturbed run makes: {version.name}: {different}")
        self.problems += [f"left over: {name}" for name in leftovers(self.place)]
        self.problems += [f"process {number} is left" for number in processes_of(self.place.root)]


@dataclass(frozen=True)
class Outcome:
    """The result of another fault."""

    fault: str
    result: str
    problems: tuple[str, ...] = ()


def _error(process: Process, *words: str) -> list[str]:
    """Return what is wrong with the end of a command that must fail with an error of one line."""
    found = []
    if process.code != 1:
        found.append(f"exit code {process.code}")
    if "Traceback" in process.text:
        found.append(f"a stack trace:\n{process.text}")
    last = process.lines[-1] if process.lines else ""
    if not last.startswith("error: ") or not all(word in last for word in words):
        found.append(f"it said {last!r}, not an error with {' and '.join(words)}")
    return found


def _recovers(place: Place, version: Version, reference: Reference) -> list[str]:
    """Return what is wrong with the next run."""
    process = place.run()
    found = [] if process.code == 0 else [f"the next run ended with {process.code}: {' / '.join(process.lines[-3:])}"]
    return found + [problem.text for problem in look(place, {reference.figures[version.name]})]


def _other(place: Place, reference: Reference) -> Version:
    """Deliver a version that is not published, and return it."""
    published = figure(place)
    version = next(version for version in VERSIONS if reference.figures[version.name] != published)
    place.put(version)
    return version


def _used(folder: Path) -> int:
    """Return the size of the files of a folder, and a little more."""
    return sum(-(-path.stat().st_size // 4096) * 4096 + 4096 for path in folder.rglob("*") if not path.is_symlink())


def full_disk(place: Place, reference: Reference, which: str, rooms: Sequence[float], root: Path) -> list[Outcome]:
    """Run with one of the folders on a separate disk with too little room, in megabytes, then with enough room."""
    copy = place.copied(root)
    folder = copy.warehouse if which == "warehouse" else copy.snapshots
    aside = root / "aside"
    folder.rename(aside)
    folder.mkdir()
    # Enough room at first; the rest is filled below.
    size = f"size={2 * _used(aside) + 100 * MEGABYTE}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        return [Outcome(f"full disk under {which}", "skipped: no disk can be mounted here")]
    outcomes = []
    try:
        shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
        version, before = _other(copy, reference), figure(copy)
        taken = shutil.disk_usage(folder).used
        for room in rooms:
            size = f"remount,size={taken + int(room * MEGABYTE)}"
            subprocess.run(["mount", "-o", size, folder], check=True)
            process = copy.run()
            name = f"full disk under {which}, {room:.2g} MB of room"
            if process.code == 0:
                outcomes.append(Outcome(name, "there was room enough"))
                version, before = _other(copy, reference), figure(copy)
                continue
            found = _error(process, "the disk is full") + [problem.text for problem in look(copy, {before})]
            outcomes.append(Outcome(name, f"in {process.step}: {process.lines[-1][:160]}", tuple(found)))
        subprocess.run(["mount", "-o", "remount,size=2g", folder], check=True)
        found = _recovers(copy, version, reference)
        outcomes.append(Outcome(f"full disk under {which}, then room", "the next run ends well", tuple(found)))
    finally:
        subprocess.run(["umount", folder], check=True)
    return outcomes


def small_files(place: Place, reference: Reference, sizes: Sequence[float]) -> list[Outcome]:
    """Run where no file may grow beyond a size."""
    outcomes = []
    for size in sizes:
        version, before = _other(place, reference), figure(place)
        process = place.start("run", largest_file=int(size * MEGABYTE))
        process.wait()
        found = _error(process) + [problem.text for problem in look(place, {before})]
        name = f"no file larger than {size:g} MB"
        outcomes.append(Outcome(name, f"in {process.step}: {process.lines[-1][:160]}", tuple(found)))
    found = _recovers(place, version, reference)
    outcomes.append(Outcome("files may grow again", "the next run ends well", tuple(found)))
    return outcomes


def vanishing_file(place: Place, reference: Reference, delays: Sequence[float]) -> list[Outcome]:
    """Delete the delivered file while it is being read."""
    outcomes = []
    for delay in delays:
        version, before = _other(place, reference), figure(place)
        content = place.delivered.read_bytes()
        process = place.start("run", "--all")
        process.wait_for(READING)
        time.sleep(delay)
        place.delivered.unlink()
        # The file was read before it disappeared; the rest of the run is not needed here.
        process.wait_for("  form registry ...")
        name = f"delivered file gone {delay * 1000:.0f} ms into the reading"
        if process.code is None and process.kill():
            outcomes.append(Outcome(name, "it was read before it disappeared", tuple(p.text for p in look(place, {before}))))
        else:
            process.wait()
            found = _error(process, str(place.delivered.parent)) + [problem.text for problem in look(place, {before})]
            outcomes.append(Outcome(name, process.lines[-1][:160], tuple(found)))
        place.delivered.write_bytes(content)
    found = _recovers(place, version, reference)
    outcomes.append(Outcome("the file is there again", "the next run ends well", tuple(found)))
    return outcomes


def two_at_once(place: Place, reference: Reference) -> list[Outcome]:
    """Start two runs at the same moment."""
    version = _other(place, reference)
    both = [place.start("run"), place.start("run")]
    for process in both:
        process.wait()
    codes = sorted(process.code or 0 for process in both)
    found = [problem.text for problem in look(place, {reference.figures[version.name]})]
    if codes != [0, 1]:
        found.append(f"they ended with {codes}")
    refused = [process for process in both if process.code != 0]
    found += [text for process in refused for text in _error(process, ANOTHER_RUN)]
    outcome = refused[0].lines[-1][:160] if refused else "both ran"
    return [Outcome("two runs at once", f"one published; the other: {outcome}", tuple(found))]


def jumping_clock(place: Place, reference: Reference) -> list[Outcome]:
    """Run ten years ahead, then ten years back."""
    program = shutil.which("faketime")
    if program is None:
        return [Outcome("clock ten years ahead, then back", "skipped: the program faketime is not installed")]
    outcomes = []
    for jump in ("+10y", "-10y"):
        version = _other(place, reference)
        undisturbed = Undisturbed(place, version)
        process = place.run(before=(program, "-f", jump))
        found = [problem.text for problem in look(place, {reference.figures[version.name]})]
        if process.code != 0:
            found.append(f"the run ended with {process.code}: {' / '.join(process.lines[-3:])}")
        if (different := undisturbed.difference(place)) is not None:
            found.append(different)
        years = [event.at[:4] for event in journal.read_journal(place.snapshots)][-1:]
        result = f"the same snapshot as without; the journal says {', '.join(years)}"
        outcomes.append(Outcome(f"clock {jump}", result, tuple(found)))
    return outcomes


def run(kills: int, seed: int, root: Path, on_progress: Callable[[str], None]) -> tuple[Campaign, list[Outcome]]:
    """Run everything in a folder, and return the results."""
    project = copy_project(root / "project")
    try:
        reference = Reference(Place(root / "undisturbed", project, WITH_HIDDEN_GROUPS).prepare())
        reference.make((*VERSIONS, LAST), on_progress)
        place = Place(root / "disturbed", project, WITH_HIDDEN_GROUPS).prepare()
        campaign = Campaign(place, reference, random.Random(seed), on_progress)
        campaign.run(kills)
        campaign.close()
        outcomes: list[Outcome] = []
        for fault in other_faults(place, reference, root):
            for outcome in fault():
                on_progress(f"{outcome.fault}: {outcome.result} {'; '.join(outcome.problems)}")
                outcomes.append(outcome)
    finally:
        for number in processes_of(root):
            os.kill(number, signal.SIGKILL)
    return campaign, outcomes


def other_faults(place: Place, reference: Reference, root: Path) -> list[Callable[[], list[Outcome]]]:
    """Return the results of the faults other than kills."""
    # Room for some of the files of a candidate, for all of them, and for some of the other files.
    size = reference.used / MEGABYTE
    shares = [share * size for share in (0.01, 0.5, 1.0, 1.2, 1.4, 1.6)]
    return [
        lambda: two_at_once(place, reference),
        lambda: vanishing_file(place, reference, (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)),
        lambda: jumping_clock(place, reference),
        lambda: small_files(place, reference, (0.05, 1, 20)),
        lambda: full_disk(place, reference, "warehouse", (0.1, 2, 8), root / "full_warehouse"),
        lambda: full_disk(place, reference, "snapshots", shares, root / "full_snapshots"),
    ]


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="folder to work in; nothing in it is deleted at the end")
    arguments = parser.parse_args()
    # On SIGTERM, clean up before exiting.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def on_progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        campaign, outcomes = run(arguments.kills, arguments.seed, (arguments.folder or Path(name)).resolve(), on_progress)
    print(f"{'killed in':44} {'kills':>6} {'survived':>9} {'torn':>5} {'lost':>5} {'seconds':>8}")
    total = Row()
    for step, row in sorted(campaign.rows.items(), key=lambda pair: -pair[1].kills):
        print(f"{step:44} {row.kills:>6} {row.survived:>9} {row.torn:>5} {row.lost:>5} {row.seconds:>8.0f}")
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    print(f"{'all':44} {total.kills:>6} {total.survived:>9} {total.torn:>5} {total.lost:>5} {total.seconds:>8.0f}")
    print(f"{campaign.finished} runs to their end, nothing cleaned up between")
    for outcome in outcomes:
        print(f"{outcome.fault:44} {'FAILED' if outcome.problems else outcome.result}")
    problems = [*campaign.problems, *(f"{each.fault}: {text}" for each in outcomes for text in each.problems)]
    for problem in problems:
        print(f"problem: {problem}")
    print(json.dumps({"seed": arguments.seed, "problems": len(problems), "seconds": round(time.monotonic() - started)}))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
