"""Readers while snapshots are published: does any reader ever get an error, a lock, or an incomplete snapshot?

    .venv/bin/python benchmarks/readers.py [--readers 50] [--publications 20]

Publishes small snapshots one after another into a separate folder, with the project's own promotion, and moves ``current``
back and forth between each two. Meanwhile separate processes read the snapshots through DuckDB, Parquet, CSV and the HTTP
API. Every row of a snapshot, in every table and format, contains the number of the snapshot, so a read that is incomplete or
mixes snapshots is detected. The next snapshot is published when the last one was read in every way.

Another reader is careless: it resolves ``current`` again for each file of a read. How often it got two snapshots is reported
separately; this is why the documentation says to resolve the link once.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import multiprocessing.connection
import queue
import signal
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import NUMERIC, Table, load_tables
from orchestration.core.warehouse import connect, replace_tables
from orchestration.disclosure import ledger
from orchestration.ingest import decisions
from orchestration.publish import pointer, snapshots
from orchestration.publish.candidate import build
from orchestration.publish.publication_metadata import load_catalogue
from orchestration.publish.snapshot_files import DATABASE, GATE
from orchestration.publish.views import load_entries
from orchestration.serve.application import LOOPBACK, build_server, listen
from orchestration.serve.limits import Limits

# The ways in which the readers read, in turn; common ways occur more often.
WAYS = ("duckdb", "parquet", "csv", "http", "held", "duckdb", "parquet", "csv", "http", "direct")
CARELESS = "careless"
# The last read of readers that kept a connection open.
REOPENED = "reopened"

TITLES = {
    "duckdb": "DuckDB, link resolved first",
    "direct": "DuckDB, through the link",
    "held": "DuckDB, connection kept open",
    REOPENED: "DuckDB, kept open, then opened again",
    "parquet": "Parquet",
    "csv": "CSV",
    "http": "HTTP API",
    CARELESS: "careless: the link anew for each file",
}

ROWS = 100
# The pause between two reads of a reader, so that fifty of them leave a small machine time to publish.
PAUSE_SECONDS = 0.5
# How often the pointer moves back to the previous snapshot and forth again after each publication.
SWINGS = 20
# A reader that has not seen a publication after this time is an error.
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Probe:
    """A column whose every row has the snapshot's number."""

    table: str
    column: str


@dataclass(frozen=True)
class Read:
    """One read: the intended snapshot, where the reader knows it, the numbers that it found, and the error."""

    way: str
    snapshot: str | None
    numbers: tuple[int, ...]
    error: str | None = None


@dataclass
class Outcome:
    """The results of the readers; ``mixed`` are the careless reader's reads of two snapshots."""

    published: dict[str, int] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    seen: dict[str, set[int]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    mixed: int = 0

    def add(self, read: Read) -> None:
        """Count a read, and judge it."""
        self.reads[read.way] += 1
        self.seen.setdefault(read.way, set()).update(read.numbers)
        numbers = set(read.numbers)
        if read.error is not None:
            self.errors.append(f"{read.way}: {read.error}")
        elif read.way == CARELESS:
            self.mixed += len(numbers) > 1
        elif len(numbers) != 1:
            self.errors.append(f"{read.way}: one read found the numbers {sorted(numbers)}")
        elif not numbers <= set(self.published.values()):
            self.errors.append(f"{read.way}: {sorted(numbers)} was never published")
        elif read.snapshot is not None and self.published[read.snapshot] not in numbers:
            self.errors.append(f"{read.way}: {sorted(numbers)} is not the number of {read.snapshot}")


def probes(tables: list[Table]) -> list[Probe]:
    """Return a column to read in each table with a number outside its key."""
    found = []
    for table in tables:
        names = [column.name for column in table.columns if column.type in NUMERIC and column.name not in table.key]
        if names and table.made_by == "dbt":
            found.append(Probe(table.name, names[0]))
    return found


def write_warehouse(path: Path, tables: list[Table], number: int, published: Path) -> None:
    """Write a warehouse whose public tables have the number in every numeric column, with the ledger of the published."""
    path.unlink(missing_ok=True)
    with connect(path) as connection:
        connection.execute("create schema public")
        replace_tables(connection, "decisions", decisions.TABLES, {name: [] for name in decisions.TABLES})
        ledger.load(connection, published)
        for table in tables:
            if table.made_by == "dbt":
                columns = ", ".join(f'{_value(table, place, number)} as "{c.name}"' for place, c in enumerate(table.columns))
                connection.execute(
                    f'create table public."{table.name}" as select {columns} from range({ROWS}) as rows (row)'
                )


def _value(table: Table, place: int, number: int) -> str:
    """Return SQL for a column: keys distinguish rows, numbers are the number of the snapshot."""
    column = table.columns[place]
    if column.type == "VARCHAR":
        return "'k' || row" if column.name in table.key else "'x'"
    if column.type == "BOOLEAN":
        return "true"
    # A snapshot is named after its newest year.
    return f"cast({2000 if column.name in table.key else number} as {column.type})"


def publish(settings: Settings, tables: list[Table], number: int) -> str:
    """Build and promote a snapshot of a number; its verdict is made up, since judging is not measured."""
    warehouse = settings.snapshots.parent / "warehouse.duckdb"
    write_warehouse(warehouse, tables, number, settings.snapshots)
    candidate = build(
        warehouse,
        tables,
        settings.candidates,
        catalogue=load_catalogue(settings.metadata),
        entries=load_entries(settings.metadata),
        formats=(),
        predecessor=pointer.current(settings.snapshots),
    )
    with connect(candidate.path.parent / f"{candidate.id}{ledger.ADDITIONS}") as connection:
        for name, columns in ledger.TABLES.items():
            connection.execute(f"create table {name} ({columns})")
    ledger.write_before(warehouse, candidate.path.parent / f"{candidate.id}{ledger.BEFORE}")
    verdict = {"verdict": "pass", "content_hash": candidate.content_hash, "rules": []}
    (candidate.path / GATE).write_text(json.dumps(verdict), encoding="utf-8")
    snapshots.promote(candidate, settings.snapshots)
    return candidate.id


def numbers_of(connection: duckdb.DuckDBPyConnection, sources: list[tuple[str, str]]) -> tuple[int, ...]:
    """Return the numbers in columns of relations; an incomplete relation gives an invalid one."""
    found: set[int] = set()
    for source, column in sources:
        row = connection.execute(f'select min("{column}"), max("{column}"), count("{column}") from {source}').fetchone()
        assert row is not None
        found |= {int(row[0]), int(row[1])} if row[2] == ROWS else {-int(row[2])}
    return tuple(sorted(found))


def read_duckdb(folder: Path, wanted: list[Probe]) -> tuple[int, ...]:
    """Read tables of a snapshot's DuckDB file."""
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        return numbers_of(connection, [(f'"{probe.table}"', probe.column) for probe in wanted])


def read_parquet(folder: Path, wanted: list[Probe]) -> tuple[int, ...]:
    """Read a snapshot's Parquet files."""
    with duckdb.connect() as connection:
        return numbers_of(connection, [(f"'{folder}/parquet/{probe.table}.parquet'", probe.column) for probe in wanted])


def read_csv(folder: Path, wanted: list[Probe]) -> tuple[int, ...]:
    """Read a snapshot's CSV files with nothing but Python."""
    found: set[int] = set()
    for probe in wanted:
        with (folder / "csv" / f"{probe.table}.csv").open(encoding="utf-8", newline="") as file:
            values = [int(float(row[probe.column])) for row in csv.DictReader(file)]
        found |= set(values) if len(values) == ROWS else {-len(values)}
    return tuple(sorted(found))


def read_http(address: str, probe: Probe, turn: int) -> tuple[str, tuple[int, ...]]:
    """Ask the HTTP API, in turn for JSON, CSV and by SQL; return the snapshot that answered, and the numbers."""
    select = urllib.parse.quote(f'select "{probe.column}" from "{probe.table}"')
    data = f"{address}/tables/{probe.table}/data?select={probe.column}&format="
    with urllib.request.urlopen((f"{data}json", f"{data}csv", f"{address}/query?sql={select}")[turn % 3]) as answer:
        content, name, notice = answer.read().decode(), answer.headers["Snapshot-Id"], answer.headers["Snapshot-Notice"]
    if turn % 3 == 1:
        values = [int(float(line)) for line in content.splitlines()[1:]]
    else:
        values = [int(row[probe.column]) for row in json.loads(content)["rows"]]
    # The notice names the years of the deliveries, which equal the number too.
    in_notice = [value for value in set(values) if f" {value}." in notice]
    return name, tuple(sorted(set(values))) if len(values) == ROWS and in_notice else (-len(values),)


def read_on(way: str, number: int, folder: Path, address: str, found: Any, stop: Any) -> None:
    """Read in one way until told to stop; the main function of a reader's process."""
    wanted = probes(load_tables(PROJECT_DIR / "data" / "metadata"))
    link = folder / pointer.CURRENT
    held = duckdb.connect(str(link / DATABASE), read_only=True) if way == "held" else None
    held_numbers: set[int] = set()
    turn = number
    parent = multiprocessing.parent_process()
    while not stop.is_set() and parent is not None and parent.is_alive():
        turn += 1
        some = [wanted[(turn * 3 + step) % len(wanted)] for step in range(3)]
        name: str | None = None
        try:
            if held is not None:
                numbers = numbers_of(held, [(f'"{probe.table}"', probe.column) for probe in some])
                held_numbers.update(numbers)
                numbers = tuple(sorted(held_numbers))  # earlier reads used the same connection
            elif way == "http":
                name, numbers = read_http(address, some[0], turn)
            elif way == "direct":
                numbers = read_duckdb(link, some)
            elif way == CARELESS:
                numbers = _carelessly(link, some)
            else:
                # The link is resolved once; the folder that it named never changes.
                resolved = link.resolve()
                read: Callable[[Path, list[Probe]], tuple[int, ...]]
                read = {"duckdb": read_duckdb, "parquet": read_parquet, "csv": read_csv}[way]
                name, numbers = resolved.name, read(resolved, some)
            found.put(Read(way, name, numbers))
        except Exception as error:  # any error is a finding of the benchmark
            found.put(Read(way, name, (), f"{type(error).__name__}: {error}"))
        stop.wait(PAUSE_SECONDS)
    if held is not None:
        held.close()
        try:
            # Publication has ended: the link names the newest snapshot, which a new connection must see.
            found.put(Read(REOPENED, link.resolve().name, read_duckdb(link, wanted)))
        except Exception as error:
            found.put(Read(REOPENED, None, (), f"{type(error).__name__}: {error}"))


def _carelessly(pointer: Path, wanted: list[Probe]) -> tuple[int, ...]:
    """Read files through the link, with some work between them."""
    found: set[int] = set()
    for probe in wanted:
        found.update(read_csv(pointer, [probe]))
        time.sleep(0.1)
    return tuple(sorted(found))


def serve(settings: Settings, ports: Any) -> None:
    """Serve the snapshots and report the port; the main function of the server's process."""
    with listen(LOOPBACK, 0) as listening:
        ports.put(listening.getsockname()[1])
        # Many readers on few cores: waiting is not an error here.
        server = build_server(settings, Limits(seconds=PATIENCE_SECONDS, waiting_seconds=PATIENCE_SECONDS))
        threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
        server.run(sockets=[listening])


def _stop_with_parent(server: Any) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        server.should_exit = True


def run(readers: int, publications: int, on_progress: Callable[[str], None] = lambda _: None) -> Outcome:
    """Publish while readers read, and return their results."""
    # Processes that share nothing with this one, forked from one that has imported everything once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.readers"])
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data_dir=PROJECT_DIR / "data", snapshots_dir=Path(name) / "snapshots")
        tables = load_tables(settings.metadata)
        outcome.published[publish(settings, tables, 1)] = 1
        found, ports, stop = context.Queue(), context.Queue(), context.Event()
        server = context.Process(target=serve, args=(settings, ports))
        server.start()
        ways = [*(WAYS[number % len(WAYS)] for number in range(readers)), CARELESS]
        processes = []
        try:
            address = f"http://{LOOPBACK}:{ports.get(timeout=PATIENCE_SECONDS)}"
            for number, way in enumerate(ways):
                arguments = (way, number, settings.snapshots, address, found, stop)
                processes.append(context.Process(target=read_on, args=arguments))
                processes[-1].start()
            looking = set(ways) - {CARELESS}
            _wait_until(outcome, found, 1, looking)
            looking.discard("held")  # keeps the first snapshot on purpose
            for number in range(2, publications + 1):
                before = next(reversed(outcome.published))
                newest = publish(settings, tables, number)
                # Recorded before the readers' messages are judged, which are read below.
                outcome.published[newest] = number
                for _ in range(SWINGS):
                    for each in (before, newest):
                        pointer.point_to(settings.snapshots, each)
                        time.sleep(0.005)
                _wait_until(outcome, found, number, looking)
                on_progress(f"published {newest}: {sum(outcome.reads.values()):,} reads, {len(outcome.errors)} errors")
            stop.set()
            waiting = {process.sentinel for process in processes}
            while waiting:
                _drain(outcome, found)
                ended = multiprocessing.connection.wait(waiting, timeout=0.1)
                waiting -= set(ended)
            _drain(outcome, found)
        finally:
            stop.set()
            server.terminate()
            for process in (*processes, server):
                process.join(PATIENCE_SECONDS)
        outcome.errors += [f"a reader ended with {process.exitcode}" for process in processes if process.exitcode != 0]
    return outcome


def _drain(outcome: Outcome, found: Any) -> None:
    """Judge the reads reported so far."""
    while True:
        try:
            outcome.add(found.get(timeout=0.05))
        except queue.Empty:
            return


def _wait_until(outcome: Outcome, found: Any, number: int, ways: set[str]) -> None:
    """Judge reads until a number was read in each of the ways, or the time is up."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not all(number in outcome.seen.get(way, ()) for way in ways):
        if time.monotonic() > ends:
            outcome.errors.append(f"the newest publication was not read in every way within {PATIENCE_SECONDS} seconds")
            return
        try:
            outcome.add(found.get(timeout=1))
        except queue.Empty:
            continue


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--publications", type=int, default=20)
    arguments = parser.parse_args()
    # On SIGTERM, clean up before exiting.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    outcome = run(arguments.readers, arguments.publications, lambda line: print(line, file=sys.stderr, flush=True))
    ways = [way for way in TITLES if way in outcome.reads and way != CARELESS]
    processes = Counter(WAYS[number % len(WAYS)] for number in range(arguments.readers))
    moves = len(outcome.published) + 2 * SWINGS * (len(outcome.published) - 1)
    print(f"{len(outcome.published)} publications, {moves} moves of the link, {arguments.readers} readers at once")
    print(f"{'':38} {'readers':>8} {'reads':>9} {'publications seen':>18} {'errors':>7}")
    for way in ways:
        errors = sum(error.startswith(f"{way}: ") for error in outcome.errors)
        print(
            f"{TITLES[way]:38} {processes[way] or '':>8} {outcome.reads[way]:>9,} {len(outcome.seen[way]):>18} {errors:>7}"
        )
    reads = sum(outcome.reads[way] for way in ways)
    print(f"{'all':38} {arguments.readers:>8} {reads:>9,} {'':>18} {len(outcome.errors):>7}")
    print(f"{TITLES[CARELESS]}: {outcome.mixed:,} of {outcome.reads[CARELESS]:,} reads had two snapshots")
    for error in outcome.errors[:20]:
        print(f"error: {error}")
    sys.exit(1 if outcome.errors else 0)


if __name__ == "__main__":
    main()
