from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from orchestration import engines
from orchestration.core import settings as settings_module
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.publish import formats


def test_relative_paths_start_at_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_SNAPSHOTS_DIR", "elsewhere")
    assert load_settings().snapshots == PROJECT_DIR / "elsewhere"


def test_absolute_paths_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IS248_WAREHOUSE_DIR", str(tmp_path))
    assert load_settings().warehouse_file.parent == tmp_path


def test_all_folders_follow_the_inputs_unless_set_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IS248_DATA_DIR", str(tmp_path))
    settings = load_settings()
    assert (settings.warehouse, settings.snapshots) == (tmp_path / "warehouse", tmp_path / "snapshots")
    assert settings.archive.is_relative_to(tmp_path)
    assert settings.candidates.is_relative_to(tmp_path)
    monkeypatch.setenv("IS248_WAREHOUSE_DIR", str(tmp_path / "elsewhere"))
    settings = load_settings()
    assert (settings.warehouse, settings.snapshots) == (tmp_path / "elsewhere", tmp_path / "snapshots")
    monkeypatch.delenv("IS248_DATA_DIR")
    monkeypatch.delenv("IS248_WAREHOUSE_DIR")
    assert load_settings().snapshots == PROJECT_DIR / "data" / "snapshots"


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


@pytest.mark.parametrize("name", ["webhook", "postgres_url"])
def test_a_secret_in_the_settings_file_is_refused_and_not_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "is248.toml"
    file.write_text(f'{name} = "https://user:hidden@example.org"\n', encoding="utf-8")
    monkeypatch.setattr(settings_module, "SETTINGS_FILE", file)
    with pytest.raises(UserError, match="is a secret") as caught:
        load_settings()
    assert "hidden" not in str(caught.value)
    assert f"IS248_{name.upper()}" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"), [("webhook", "ftp://user:hidden@example.org"), ("postgres_url", "mysql://user:hidden@example.org")]
)
def test_an_address_of_the_wrong_kind_is_reported_without_it(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"IS248_{name.upper()}", value)
    with pytest.raises(UserError) as caught:
        load_settings()
    assert name in caught.value.what
    assert "hidden" not in str(caught.value)


def test_a_secret_from_the_environment_prints_as_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_WEBHOOK", "https://example.org/hidden")
    settings = load_settings()
    assert settings.webhook is not None
    assert "hidden" not in repr(settings)


def test_settings_of_spark_are_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS248_SPARK_OPTIONS", "spark.executor.memory=4g; spark.executor.extraJavaOptions=-Xss4m -Da=b;")
    assert load_settings().spark_settings == {
        "spark.executor.memory": "4g",
        "spark.executor.extraJavaOptions": "-Xss4m -Da=b",
    }


@pytest.mark.parametrize(("name", "value"), [("engine", "sparc"), ("spark_options", "executor.memory=4g")])
def test_a_wrong_engine_or_option_names_the_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"IS248_{name.upper()}", value)
    with pytest.raises(UserError, match=f"setting '{name}'"):
        load_settings()


def test_the_formats_that_may_be_named_are_those_that_there_are() -> None:
    assert load_settings().formats_known == {*formats.NAMES, *formats.REPORTS}


def test_the_engines_that_may_be_named_are_those_that_there_are() -> None:
    assert set(get_args(Settings.model_fields["engine"].annotation)) == set(engines.MODULES)
