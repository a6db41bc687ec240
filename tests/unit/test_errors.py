from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
from click.testing import CliRunner
from dagster._utils.error import SerializableErrorInfo, serializable_error_info_from_exc_info

from orchestration.cli.common import command as answering
from orchestration.core.errors import RefusedError, UserError, causes, system_error
from orchestration.core.settings import Settings
from orchestration.defs.runs import _user_error


def test_the_message_is_one_line_with_place_and_remedy() -> None:
    error = UserError("has no\nheader", place="data/x.csv, line 1", remedy="add it")
    assert str(error) == "data/x.csv, line 1: has no header; add it"


def test_an_error_survives_being_kept_as_text() -> None:
    error = UserError("rule a: b; c", place="data/x.csv, line 1", remedy="mend it")
    again = UserError.from_text(str(error))
    assert (again.place, again.what, again.remedy) == (error.place, error.what, error.remedy)


def os_error(number: int, path: str | None = "/data/x.csv") -> OSError:
    return OSError(number, os.strerror(number), path)


FULL = 'IO Error: Could not write file "/w/warehouse.duckdb": No space left on device'

# The error, and the place and a word of its message.
EXPECTED = [
    (os_error(errno.ENOSPC), "/data/x.csv", "the disk is full"),
    (os_error(errno.EDQUOT), "/data/x.csv", "the disk is full"),
    (os_error(errno.EFBIG), "/data/x.csv", "limit on file size"),
    (os_error(errno.EIO), "/data/x.csv", "could not be read or written"),
    (os_error(errno.ENOENT), "/data/x.csv", "No such file or directory"),
    (os_error(errno.EACCES), "/data/x.csv", "Permission denied"),
    (os_error(errno.EROFS), "/data/x.csv", "Read-only file system"),
    (os_error(errno.ENOENT, "data/x.csv"), "data/x.csv", "No such file or directory"),
    (OSError(errno.ENOTDIR, "Not a directory", "/a", None, "/b"), "/a", "Not a directory"),
    (FileNotFoundError("No usable temporary directory found in ['/tmp']"), "/tmp", "no writable folder for temporary files"),
    (MemoryError(), "{}", "not enough memory"),
    (duckdb.IOException(FULL), "/w/warehouse.duckdb", "the disk is full"),
    (duckdb.IOException('IO Error: Cannot open file "/w/x": Permission denied'), "/w/x", "Permission denied"),
    (duckdb.OutOfMemoryException("Out of Memory Error: failed to offload data block of size 256.0 KiB"), "{}", "memory"),
    (duckdb.FatalException(f"FATAL Error: the database has been invalidated. Original error: {FULL}"), "/w", "disk is full"),
    (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "{}", "the disk is full"),
    # The messages of dbt, and of a file that cannot be opened, give no remedy.
    (
        UserError(f"model int_x: Runtime Error {FULL}", place="/p/dbt_project", remedy="see dbt.log"),
        "/w",
        "the disk is full",
    ),
    (UserError(FULL, place="/w/warehouse.duckdb", remedy="delete the file"), "/w/warehouse.duckdb", "the disk is full"),
]

DEFECTS = [
    KeyError("/data/x.csv"),
    RuntimeError("the run succeeded but there is no snapshot"),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    OSError(errno.EADDRINUSE, "Address already in use"),
    duckdb.CatalogException("Catalog Error: Table with name x does not exist"),
]


@pytest.mark.parametrize(("error", "place", "word"), EXPECTED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_system_could_not_do_is_reported_with_place_and_remedy(
    error: BaseException, place: str, word: str, tmp_path: Path
) -> None:
    found = system_error(causes(error), [tmp_path])
    assert found is not None
    assert found.place.startswith(place.format(tmp_path))
    assert word in found.what
    assert "Errno" not in found.what and "IO Error" not in found.what
    assert "then repeat the command" in found.remedy
    assert "\n" not in str(found)


@pytest.mark.parametrize("error", [*DEFECTS, UserError("is empty", place="x.csv", remedy="fill it")], ids=repr)
def test_a_defect_stays_a_defect_and_an_error_that_is_told_stays_as_it_is(error: BaseException) -> None:
    assert system_error(causes(error)) is None


def test_an_error_that_says_itself_what_it_is_about_is_not_told_by_its_cause() -> None:
    try:
        try:
            raise os_error(errno.EACCES)
        except OSError as error:
            raise UserError("cannot be read", place="x.csv", remedy="give it to the service user") from error
    except UserError as error:
        assert system_error(causes(error)) is None


def test_the_folder_with_the_least_room_is_the_place_of_an_error_that_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = {tmp_path / "a": 5, tmp_path / "b": 3, tmp_path: 9}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": room[path]}))
    found = system_error(causes(os_error(errno.ENOSPC, None)), [tmp_path / "a", tmp_path / "b", tmp_path / "not_there"])
    assert found is not None
    assert found.place == str(tmp_path / "b")


def kept_by_dagster(error: BaseException) -> SerializableErrorInfo:
    """Return an error as Dagster stores that of a step: as text, as the cause of Dagster's own error."""
    try:
        try:
            raise error
        except BaseException as cause:
            raise RuntimeError("Error occurred while executing op") from cause
    except RuntimeError:
        return serializable_error_info_from_exc_info(sys.exc_info())


@pytest.mark.parametrize(("error", "place", "word"), EXPECTED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_dagster_kept_as_text_is_told_alike(
    error: BaseException, place: str, word: str, settings: Settings, tmp_path: Path
) -> None:
    found = _user_error(settings, kept_by_dagster(error))
    assert found is not None
    assert word in found.what
    # Which folder has the least room depends on the machine.
    assert found.place.startswith(place) or place == "{}"


@pytest.mark.parametrize("error", DEFECTS, ids=repr)
def test_a_defect_that_dagster_kept_stays_a_defect(error: BaseException, settings: Settings) -> None:
    assert _user_error(settings, kept_by_dagster(error)) is None


def test_an_error_of_the_user_that_dagster_kept_is_reported_as_it_was(settings: Settings) -> None:
    error = UserError("has no header", place="data/x.csv", remedy="add it")
    assert str(_user_error(settings, kept_by_dagster(error))) == str(error)


def ended(error: BaseException) -> Any:
    """Return the result of a command that raises an error."""

    @click.command()
    @answering
    def command() -> dict[str, Any]:
        raise error

    return CliRunner().invoke(command)


@pytest.mark.parametrize("error", [error for error, _, _ in EXPECTED], ids=repr)
def test_a_command_ends_with_one_line_and_exit_code_1(error: BaseException) -> None:
    result = ended(error)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_refusal_for_want_of_room_is_reported_as_such() -> None:
    rule = {"rule": "key_is_unique", "outcome": "did_not_run", "error": f"(duckdb) {FULL}"}
    result = ended(RefusedError(["refused: 1 rule blocks this candidate"], {"rules": [{"error": None}, rule]}))
    assert result.exit_code == 1
    assert result.stderr.startswith("error: /w/warehouse.duckdb: the disk is full; free some space on it")


def test_a_defect_keeps_its_stack_trace() -> None:
    assert isinstance(ended(KeyError("x")).exception, KeyError)
