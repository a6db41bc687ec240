"""Files that are taken over: if and only if their inputs are unchanged, and never with other bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.warehouse import connect
from orchestration.publish import kept_files
from orchestration.publish.candidate import Candidate
from orchestration.publish.formats import NAMES, Job, KeepPart
from orchestration.publish.kept_files import Contents, Store, world_of
from orchestration.publish.recorder import Recorder
from orchestration.publish.snapshot_files import CHECKSUMS, content_hash
from tests.integration.publication_kit import COUNTRY, candidate, fte

# Without the pages: they are made every time.
WITHOUT_PAGES = [name for name in NAMES if name != "site"]


# The store and the recorder, on two tables.


def write_rows(connection: duckdb.DuckDBPyConnection, folder: Path, keep: KeepPart) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "rows.txt").write_text(repr(connection.execute("from figures order by all").fetchall()))
    labels = connection.execute("select count(*) from labels as l join figures as f using (code)").fetchall()
    (folder / "count.txt").write_text(repr(labels))
    made_of = repr(connection.execute("from labels order by all").fetchall())
    (folder / "part.txt").write_bytes(keep(made_of, lambda: made_of.encode()))


JOB = Job("rows", write_rows)


class Bench:
    """A store, and a database whose tables can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "made.duckdb"
        self.argument = "world"
        self.times = 0
        self.change(
            "create table figures as select * from (values (1, 0.5), (2, 1.5)) as t (code, value)",
            "create table labels as select * from (values (1, 'a'), (2, 'b')) as t (code, label)",
            "create table others as select 1 as x",
            "create view shown as select value from figures",
            "create macro twice(a) as table select 2 * value from figures where code = a",
        )

    def change(self, *statements: str) -> None:
        with connect(self.database) as connection:
            for statement in statements:
                connection.execute(statement)

    def run(self, job: Job = JOB, *, is_read: bool = True) -> bool:
        """Do a job; return whether its files were taken over; compares them with those of a job without a store."""
        self.times += 1
        into, alone = self.folder / f"run{self.times}", self.folder / f"alone{self.times}"
        into.mkdir()
        alone.mkdir()
        store = Store(self.store, is_read=is_read)
        with connect(self.database, read_only=True) as connection:
            contents = Contents(connection)
            world = world_of(contents, self.argument)
            hashes = store.take(job, world, contents, into)
            is_taken = hashes is not None
            if hashes is None:
                assert not list(into.rglob("*.txt"))
                with connection.cursor() as own:
                    hashes = store.make(job, world, contents, own, into)
            with connection.cursor() as own:
                job.write(own, alone, lambda _, make: make())
        store.sweep()
        assert files(into) == files(alone)
        assert hashes.keys() <= files(into).keys()
        return is_taken

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def stored(self, pattern: str) -> list[Path]:
        return sorted(path for path in self.store.rglob(pattern) if path.is_file())


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_was_made_of_the_same_is_taken(bench: Bench) -> None:
    assert [bench.run(), bench.run(), bench.run()] == [False, True, True]


@pytest.mark.parametrize(
    ("statement", "is_taken"),
    [
        ("update figures set value = value + 0.1 where code = 2", False),
        ("update labels set label = 'c' where code = 2", False),
        ("insert into figures values (3, null)", False),
        ("insert into others values (2)", True),
        ("alter table others add column y integer", False),
        ("create or replace view shown as select code from figures", False),
    ],
)
def test_only_what_changed_under_a_job_makes_it_anew(bench: Bench, statement: str, is_taken: bool) -> None:
    bench.run()
    bench.change(statement)
    assert bench.run() is is_taken
    assert bench.run()


def test_another_world_makes_all_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    bench.argument = "other labels"
    assert not bench.run()
    monkeypatch.setattr(kept_files, "code_hash", lambda: "other code")
    assert not bench.run()
    assert bench.run()


def test_a_run_that_owes_nothing_fills_the_store(bench: Bench) -> None:
    bench.run()
    assert not bench.run(is_read=False)
    assert bench.run()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"?" + path.read_bytes()[1:]),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["truncated", "empty", "changed", "missing", "folder"],
)
@pytest.mark.parametrize("which", ["0", "1", "entry.json", "*.part"])
def test_damage_is_made_anew(bench: Bench, damage: Callable[[Path], Any], which: str) -> None:
    bench.run()
    (path,) = bench.stored(which)
    damage(path)
    is_part = which == "*.part"
    assert bench.run() is is_part  # a part is not needed where the files are complete
    bench.change("update figures set value = 7 where code = 1")
    assert not bench.run()
    assert bench.run()


def test_what_was_cut_off_while_it_was_written_is_never_taken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kept_files, "_write_entry", killed)
        with pytest.raises(KeyboardInterrupt):
            bench.run()
    assert not bench.run()
    assert bench.run()
    assert not [path for path in bench.store.iterdir() if path.name.startswith(".")]


def test_a_store_that_cannot_be_written_keeps_nobody_from_making(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(kept_files, "_write_entry", full)
    assert [bench.run(), bench.run()] == [False, False]


def test_what_is_not_used_any_more_is_removed(bench: Bench) -> None:
    bench.run()
    other = Job("other", lambda connection, folder, _: None)
    bench.run(other)
    assert {json.loads(path.read_text().partition("\n")[2])["job"] for path in bench.stored("entry.json")} == {"other"}
    assert not bench.stored("*.part")


def test_a_part_is_kept_where_the_rest_changed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def write(connection: duckdb.DuckDBPyConnection, folder: Path, keep: KeepPart) -> None:
        rows = repr(connection.execute("from figures order by all").fetchall())
        labels = repr(connection.execute("from labels order by all").fetchall())
        (folder / "both.txt").write_bytes(rows.encode() + keep(labels, lambda: made.append(1) or labels.encode()))

    job = Job("both", write)
    bench.run(job)
    bench.change("delete from figures where code = 1")
    before = len(made)
    assert not bench.run(job)
    assert len(made) - before == 1  # by the one without a store
    bench.run(job)  # taken over: its part is still used
    assert bench.stored("*.part")


@contextmanager
def recorded(bench: Bench) -> Iterator[Recorder]:
    with connect(bench.database, read_only=True) as connection:
        contents = Contents(connection)
        yield Recorder(connection, contents.tables, contents.others)


@pytest.mark.parametrize(
    ("statement", "parameters", "reads"),
    [
        ("select 1", None, set()),
        ("select value from figures where code = $code", {"code": 1}, {"figures"}),
        ("select value from figures where code = ?", [1], {"figures"}),
        ("select 1 from figures where false", None, {"figures"}),
        ("select (select max(value) from FIGURES)", None, {"figures"}),
        ("from shown", None, {"figures"}),
        ("from twice(1)", None, {"figures"}),
        ("from query_table('figures')", None, {"figures"}),
        ("from figures semi join (from labels) using (code)", None, {"figures", "labels"}),
        ("with f as (from figures) select * from f join labels using (code)", None, {"figures", "labels"}),
        ("create temp table own as from labels", None, {"labels"}),
        ("from shown join (select 0.5 as value) using (value)", None, {"figures"}),
        ("describe from others", None, {"others"}),
        # The tables that this reads are unknown, so all count.
        ("from query('from ' || 'fig' || 'ures')", None, {"figures", "labels", "others"}),
    ],
)
def test_the_tables_of_a_statement_are_noted(bench: Bench, statement: str, parameters: Any, reads: set[str]) -> None:
    with recorded(bench) as recorder:
        recorder.execute(statement, parameters)
        assert recorder.reads >= reads
        assert recorder.reads <= ({"figures", "labels", "others"} if len(reads) == 3 else reads)


def test_nothing_is_done_unobserved(bench: Bench) -> None:
    with recorded(bench) as recorder, pytest.raises(AttributeError):
        recorder.sql("from figures")  # type: ignore[attr-defined]


# Candidates.


def rows_of(values: dict[str, float], label: str) -> dict[str, list[dict[str, Any]]]:
    areas = [
        {"unit_level": level, "unit_code": code, "unit_name": name, "time_period": 2023, "area_basis": basis, **more}
        for basis in ("current", "reported")
        for level, code, name, more in (
            ("county", "01", "Fylke én", {}),
            ("county", "02", "Fylke to", {}),
            ("municipality", "0101", label, {"county_code": "01"}),
            ("municipality", "0201", "To", {"county_code": "02"}),
        )
    ]
    figures = [COUNTRY] + [
        fte(unit_level="municipality", unit_code=code, unit_name=code, area_basis=basis, fte=value)
        for code, value in values.items()
        for basis in ("current", "reported")
    ]
    return {"areas": areas, "fte_by_service": figures}


def bytes_of(made: Candidate) -> dict[str, bytes]:
    """Return the content of a candidate, and its list of checksums."""
    return {
        name: content
        for name, content in files(made.path).items()
        if not name.startswith(("is248.duckdb", "CHANGES")) and name != CHECKSUMS
    }


def test_a_changed_figure_leaves_the_other_files(tmp_path: Path) -> None:
    first = Store(tmp_path / "store", is_read=True)
    candidate(tmp_path / "one", rows_of({"0101": 1.0, "0201": 2.0}, "En"), formats=NAMES, store=first)
    assert first.taken == 0
    again = Store(tmp_path / "store", is_read=True)
    changed = candidate(tmp_path / "two", rows_of({"0101": 1.0, "0201": 3.0}, "En"), formats=NAMES, store=again)
    alone = candidate(tmp_path / "three", rows_of({"0101": 1.0, "0201": 3.0}, "En"), formats=NAMES)
    assert bytes_of(changed) == bytes_of(alone)
    assert (changed.id, changed.content_hash) == (alone.id, content_hash(changed.path))
    assert 0 < again.taken < again.files
    assert again.summary == f"{again.taken:,} of {again.files:,} files taken over, made of the same"
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


# The store of the property below is passed from example to example, as from run to run.
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(st.sampled_from(["0101", "0201"]), st.sampled_from([0.0, -0.0, 1.5, 2.0]), min_size=1),
    label=st.sampled_from(["En", "Én", "=1+1"]),
    formats=st.sampled_from([(), ("xlsx",), tuple(WITHOUT_PAGES)]),
)
def test_a_store_never_changes_bytes(tmp_path: Path, values: dict[str, float], label: str, formats: tuple[str, ...]) -> None:
    store = Store(tmp_path / "store", is_read=True)
    rows = rows_of(values, label)
    made = candidate(tmp_path / "with", rows, formats=formats, store=store)
    alone = candidate(tmp_path / "without", rows, formats=formats)
    assert bytes_of(made) == bytes_of(alone)
    assert made.id == alone.id


WATCHED = """
import sys
from pathlib import Path
from tests.integration import publication_kit as kit
from tests.integration.test_taken_over import WITHOUT_PAGES, rows_of
from orchestration.core.settings import PROJECT_DIR
from orchestration.publish import candidate as making

folder, data = Path(sys.argv[1]), str(PROJECT_DIR / "data")
kit.candidate(folder / "first", rows_of({"0101": 1.0}, "En"), formats=WITHOUT_PAGES)
opened = []
do = making.Work.do

def watched(self, jobs):
    opened.append("a job")
    return do(self, jobs)

making.Work.do = watched
sys.addaudithook(
    lambda event, arguments: opened.append(str(arguments[0]))
    if event in ("open", "os.listdir", "os.scandir") and opened and str(arguments[0]).startswith(data)
    else None
)
kit.candidate(folder / "second", rows_of({"0101": 1.0}, "En"), formats=WITHOUT_PAGES)
print([path for path in opened if path != "a job"])
"""


def test_jobs_whose_files_are_kept_open_no_input(tmp_path: Path) -> None:
    """Their recorded inputs are the database and their arguments: another file would go unnoticed."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path)],
        cwd=PROJECT_DIR,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
