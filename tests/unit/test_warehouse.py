"""Opening a DuckDB file: an interrupted build of it is no obstacle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.warehouse import IN_MEMORY, MEMORY_SHARE, connect, memory_limit

# A process that is killed while its changes are only in the log.
KILLED = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("create table old as select 1 as x")
os.kill(os.getpid(), 9)
"""


def tables(path: Path) -> list[str]:
    with connect(path, read_only=True) as connection:
        return [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]


def made(path: Path) -> None:
    with connect(path) as connection:
        connection.execute("create table facts as select 1 as x")


@pytest.mark.parametrize("size", [0, 100, 4096, 8192])
def test_a_file_whose_making_was_cut_off_is_made_again(tmp_path: Path, size: int) -> None:
    whole, path = tmp_path / "whole.duckdb", tmp_path / "warehouse.duckdb"
    duckdb.connect(str(whole)).close()
    # Files that DuckDB itself leaves under this name, and could not open again.
    path.write_bytes(whole.read_bytes()[:size])
    with pytest.raises(duckdb.IOException):
        duckdb.connect(str(path))
    path.rename(tmp_path / "warehouse.duckdb.new")
    made(path)
    assert tables(path) == ["facts"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"whole.duckdb", "warehouse.duckdb"}


def test_a_full_disk_leaves_no_half_file_under_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "warehouse.duckdb"

    def no_room(name: str, **_: object) -> None:
        Path(name).write_bytes(b"half")
        raise duckdb.IOException(f'IO Error: Could not write file "{name}": No space left on device')

    with monkeypatch.context() as patch, pytest.raises(UserError, match="No space left"):
        patch.setattr(duckdb, "connect", no_room)
        made(path)
    assert not path.exists()
    made(path)
    assert tables(path) == ["facts"]


def test_the_log_of_a_file_that_was_deleted_is_not_taken_for_the_new_one_s(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.with_name("warehouse.duckdb.wal").exists()
    path.unlink()
    made(path)
    assert tables(path) == ["facts"]


def test_what_a_killed_process_had_written_is_there(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert tables(path) == ["old"]


def test_a_database_in_memory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made(IN_MEMORY)
    assert list(tmp_path.iterdir()) == []


def bytes_of(limit: str) -> float:
    amount, unit = limit.split()
    return float(amount) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]


def test_duckdb_takes_its_share_of_the_memory_and_leaves_the_rest(tmp_path: Path) -> None:
    with duckdb.connect() as own:
        (four_fifths,) = own.execute("select value from duckdb_settings() where name = 'memory_limit'").fetchall()[0]
    with connect(tmp_path / "warehouse.duckdb") as connection:
        (limit,) = connection.execute("select value from duckdb_settings() where name = 'memory_limit'").fetchall()[0]
    assert bytes_of(limit) == pytest.approx(bytes_of(four_fifths) / 0.8 * MEMORY_SHARE, rel=0.05)
    assert bytes_of(limit) == pytest.approx(bytes_of(memory_limit()), rel=0.05)


# The signal arrives during a statement that has written nothing; the next connection of the same process is to the
# same file.
INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from orchestration.core.warehouse import connect
path = Path(sys.argv[1])
# Whoever started the tests in the background made them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with connect(path) as connection:
        # While the statement runs, however long it took to open the file.
        threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT)).start()
        connection.execute("create table facts as select sum(range) as x from range(100_000_000_000_000)").fetchall()
except (KeyboardInterrupt, RuntimeError):
    pass
with connect(path) as connection:
    print(connection.execute("select count(*) from duckdb_tables()").fetchall())
"""


def test_after_an_interrupted_statement_the_file_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.stdout == "[(0,)]\n", result.stderr
