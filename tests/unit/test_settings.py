from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import UserError
from orchestration.settings import PROJECT_DIR, load_settings


def test_relative_paths_start_at_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_SNAPSHOTS_DIR", "elsewhere")
    assert load_settings().snapshots == PROJECT_DIR / "elsewhere"


def test_absolute_paths_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IS248_WAREHOUSE_DIR", str(tmp_path))
    assert load_settings().warehouse_file.parent == tmp_path


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_CHANEL", "official")
    with pytest.raises(UserError, match="'IS248_CHANEL' is not known"):
        load_settings()


def test_a_data_folder_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IS248_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="nowhere"):
        load_settings()


def test_a_wrong_value_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_CHANNEL", "offical")
    with pytest.raises(UserError, match="setting 'channel'"):
        load_settings()
