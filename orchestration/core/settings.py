"""Every path and switch of the system, as one typed object.

Belongs here: where things lie and how the system is switched. Does not belong here: survey years, form names, limits of
rules; those are data under ``data/`` and ``expectations/``.

Values come from the environment (``IS248_<NAME>``), else from ``is248.toml`` in the project's folder, else from the
defaults.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from orchestration.core.errors import UserError
from orchestration.core.rehearsal import is_rehearsal, require_apart
from orchestration.core.release_calendar import CALENDAR, REHEARSAL, Channel, Purpose

PROJECT_DIR = Path(__file__).resolve().parent.parent.parent
SETTINGS_FILE = PROJECT_DIR / "is248.toml"

# Secrets, which a file that others may read must not hold.
SECRETS = ("webhook", "postgres_url")

# Formats that are written only if named: they take a while, and are many files.
ON_DEMAND = "memos,sheets"

# Set by the program itself, for dbt.
INTERNAL_VARIABLES = frozenset({"IS248_WAREHOUSE_FILE", "IS248_DUCKDB_MEMORY"})


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


class Settings(BaseSettings):
    """Paths and switches. Relative paths are taken from the project's folder."""

    model_config = SettingsConfigDict(env_prefix="IS248_", toml_file=SETTINGS_FILE, extra="forbid", frozen=True)

    data_dir: Path = Field(default=Path("data"), description="Folder of the inputs: reference, published, forms ...")
    warehouse_dir: Path | None = Field(
        default=None,
        description="Folder of everything that can be made again: warehouse, dbt target, Dagster storage; "
        "warehouse in data_dir unless set",
    )
    snapshots_dir: Path | None = Field(
        default=None,
        description="Folder of the published snapshots and of refused candidates; snapshots in data_dir unless set",
    )
    channel: Channel = Field(default="demo", description="demo promotes at once; official waits for the release calendar")
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="What computes the models; the figures are the same (docs/run/engines.md)"
    )
    spark_master: str = Field(
        default="local[*]", description="Where Spark computes: local[*], spark://host:7077, k8s://https://host:443, yarn"
    )
    spark_dir: Path | None = Field(
        default=None,
        description="Folder that Spark exchanges tables through; on a cluster one that all its machines see under this path",
    )
    spark_options: str = Field(
        default="", description="Further settings of Spark, joined by semicolons: spark.executor.memory=4g;spark.cores.max=8"
    )
    formats: str = Field(
        default="xlsx,jsonstat,px,packages,site,report",
        description="Formats that are written beside DuckDB, Parquet, CSV and metadata, joined by commas; may be empty; "
        "memos of all counties and sheets of all municipalities are written where they are named",
    )
    webhook: SecretStr | None = Field(
        default=None, description="Address that is called when a run fails or a release is published; environment only"
    )
    dagster_settings: Path | None = Field(
        default=None, description="File that is added to Dagster's settings, such as a run launcher (docs/run/engines.md)"
    )
    postgres_url: SecretStr | None = Field(
        default=None, description="Where Dagster keeps its runs instead of in SQLite files (postgresql://); environment only"
    )
    refresh_cron: str = Field(default="0 6 * * *", description="When the schedule refreshes the public tables (cron, UTC)")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Explicit values first, then the environment, then the settings file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("formats")
    @classmethod
    def _formats_are_known(cls, value: str) -> str:
        known = f"{cls.model_fields['formats'].default},{ON_DEMAND}"
        unknown = sorted(_listed(value) - _listed(known))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a format; the formats are {known}")
        return value

    @field_validator("spark_options")
    @classmethod
    def _options_have_names_and_values(cls, value: str) -> str:
        for part in value.split(";"):
            name, separator, _ = part.strip().partition("=")
            if part.strip() and not (separator and name.startswith("spark.")):
                raise ValueError(f"{part.strip()!r} is not written as spark.name=value")
        return value

    @field_validator("webhook")
    @classmethod
    def _webhook_is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("is not an address that begins with https:// or http://")
        return value

    @field_validator("postgres_url")
    @classmethod
    def _is_an_address_of_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("postgresql://"):
            raise ValueError("is not an address that begins with postgresql://")
        return value

    @property
    def formats_known(self) -> frozenset[str]:
        """The formats that can be switched off."""
        return _listed(f"{type(self).model_fields['formats'].default},{ON_DEMAND}")

    @property
    def formats_written(self) -> frozenset[str]:
        """The formats that are written besides those that always are."""
        return _listed(self.formats)

    @property
    def spark_settings(self) -> dict[str, str]:
        """The further settings of Spark, by name."""
        parts = (part.strip().partition("=") for part in self.spark_options.split(";") if part.strip())
        return {name.strip(): value.strip() for name, _, value in parts}

    def resolve(self, path: Path) -> Path:
        """Return ``path`` as an absolute path."""
        return path if path.is_absolute() else PROJECT_DIR / path

    @property
    def data(self) -> Path:
        """Folder of the inputs."""
        return self.resolve(self.data_dir)

    @property
    def deliveries(self) -> Path:
        """Folder of the raw deliveries, one folder a year."""
        return self.data / "deliveries"

    @property
    def forms(self) -> Path:
        """Folder of the form registry, one folder a form."""
        return self.data / "forms"

    @property
    def archive(self) -> Path:
        """Folder of the unchanged copies of every delivered file, by the hash of its bytes."""
        return self.warehouse / "archive"

    @property
    def warehouse(self) -> Path:
        """Folder of everything that can be made again; beside the inputs, so that a trial with others writes elsewhere."""
        return self.data / "warehouse" if self.warehouse_dir is None else self.resolve(self.warehouse_dir)

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file in which dbt builds; readers use published snapshots instead."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def dbt_project(self) -> Path:
        """Folder of the dbt project."""
        return PROJECT_DIR / "dbt_project"

    @property
    def dbt_target(self) -> Path:
        """Folder in which dbt keeps its manifest and compiled SQL."""
        return self.warehouse / "dbt_target"

    @property
    def stage_results(self) -> Path:
        """Folder of the rules' results on deliveries and warehouse until the gate uses them; restricted."""
        return self.warehouse / "gate"

    @property
    def spark(self) -> Path:
        """Folder that Spark exchanges tables through; restricted."""
        return self.warehouse / "spark" if self.spark_dir is None else self.resolve(self.spark_dir)

    @property
    def waivers(self) -> Path:
        """Folder of the signed waivers of warnings."""
        return self.data / "waivers"

    @property
    def dagster_home(self) -> Path:
        """Folder of Dagster's own storage."""
        return self.warehouse / "dagster"

    @property
    def snapshots(self) -> Path:
        """Folder of the published snapshots; beside the inputs as the warehouse is."""
        return self.data / "snapshots" if self.snapshots_dir is None else self.resolve(self.snapshots_dir)

    @property
    def purpose(self) -> Purpose:
        """The purpose that a snapshot states: its channel, or a rehearsal in any channel."""
        return REHEARSAL if is_rehearsal(self.data) else self.channel

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders that a run writes into; temporary files are small."""
        return (self.warehouse, self.snapshots, Path(os.environ.get("TMPDIR", "/tmp")))

    @property
    def candidates(self) -> Path:
        """Folder of candidates; on the snapshots' file system, so that a promotion is one rename."""
        return self.snapshots / ".candidates"

    @property
    def metadata(self) -> Path:
        """Folder with one description file a public table."""
        return self.data / "metadata"

    @property
    def calendar(self) -> Path:
        """The release calendar."""
        return self.data / CALENDAR

    @property
    def control(self) -> Path:
        """Folder of the lists of the control, one folder a year; restricted."""
        return self.warehouse / "control"

    @property
    def contact(self) -> Path:
        """Folder of the contact rounds, one folder a year; restricted."""
        return self.warehouse / "contact"

    @property
    def preview(self) -> Path:
        """Folder of the previews of single survey years, with a page for each year; restricted."""
        return self.warehouse / "preview"

    @property
    def proposals(self) -> Path:
        """Folder of inputs as they would be if somebody signed or withdrew what the gate asks for; restricted."""
        return self.warehouse / "proposals"

    @property
    def reports(self) -> Path:
        """Folder of the finished reports, one folder a snapshot."""
        return self.warehouse / "reports"

    @property
    def report_sources(self) -> Path:
        """Folder of what authors write: chapters, tables and settings, one folder a report."""
        return self.data / "reports"

    @property
    def explanations(self) -> Path:
        """Folder of what people wrote about the control: explanations, contact rounds and the record of contacts."""
        return self.data / "control"

    @property
    def control_texts(self) -> Path:
        """Folder of the texts of the control's findings."""
        return PROJECT_DIR / "expectations" / "control"

    @property
    def rules(self) -> Path:
        """Folder of the rules that judge a candidate."""
        return PROJECT_DIR / "expectations" / "rules"


def _refuse_secrets() -> None:
    """Refuse a settings file that contains a secret: it is in the project's folder, and may end up in its history."""
    held = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8")) if SETTINGS_FILE.is_file() else {}
    for name in SECRETS:
        if name in held:
            raise UserError(
                f"setting {name!r} is a secret",
                place=str(SETTINGS_FILE),
                remedy=f"set IS248_{name.upper()} in the environment instead",
            )


def load_settings() -> Settings:
    """Read the settings from the environment and the settings file.

    Raises:
        UserError: a value or a name is not known, or a rehearsal would write elsewhere; the message names it.
    """
    known = {f"IS248_{name.upper()}" for name in Settings.model_fields} | INTERNAL_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("IS248_") and name not in known)
    if unknown:
        raise UserError(
            f"setting {unknown[0]!r} is not known",
            place="environment",
            remedy=f"the known settings are {', '.join(sorted(known - INTERNAL_VARIABLES))}",
        )
    try:
        _refuse_secrets()
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"setting {name!r}: {first['msg']}",
            place=f"environment or {SETTINGS_FILE.name}",
            remedy=f"the known settings are {', '.join(sorted(Settings.model_fields))}",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"cannot be read ({error})", place=str(SETTINGS_FILE), remedy="correct the TOML") from error
    if not settings.data.is_dir():
        raise UserError("the folder does not exist", place=str(settings.data), remedy="correct the setting data_dir")
    require_apart(settings.data, {"warehouse_dir": settings.warehouse, "snapshots_dir": settings.snapshots})
    return settings
