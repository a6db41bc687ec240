"""Dagster's instance: where it keeps its runs and events, in files or in PostgreSQL, and its settings.

Belongs here: writing the settings, and refusing a storage that cannot be used. Does not belong here: the records of runs
(``defs.records``), or the servers (``defs.servers``).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import SecretStr

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import make_restricted

POSTGRES_VARIABLE = "IS248_POSTGRES_URL"
POSTGRES_SETTINGS = PROJECT_DIR / "deploy" / "dagster-postgres.yaml"
INSTANCE_SETTINGS = "dagster.yaml"

# Seconds to wait for the database before a command gives up.
CONNECT_TIMEOUT = 10


def instance_settings(settings: Settings) -> str:
    """Return the text of Dagster's settings: what both storages share, PostgreSQL where it is set, and a file of the user's.

    It contains no password.

    Raises:
        UserError: the file of the setting ``dagster_settings`` cannot be read.
    """
    text = (PROJECT_DIR / INSTANCE_SETTINGS).read_text(encoding="utf-8")
    if settings.postgres_url is not None:
        text += POSTGRES_SETTINGS.read_text(encoding="utf-8")
    if settings.dagster_settings is not None:
        file = settings.resolve(settings.dagster_settings)
        try:
            text += file.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"cannot be read ({error.strerror})", place=str(file), remedy="correct the setting dagster_settings"
            ) from error
    return text


def prepare_instance(settings: Settings) -> None:
    """Give Dagster its folder and its settings, with telemetry off.

    Several processes may do so at once: each finds a whole file.

    Raises:
        UserError: the folder belongs to somebody else, PostgreSQL cannot be reached, or its address is missing although runs
            were kept there before.
    """
    file = settings.dagster_home / INSTANCE_SETTINGS
    text = instance_settings(settings)
    # Logs of runs quote single answers.
    make_restricted(settings.warehouse)
    make_restricted(settings.dagster_home)
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if settings.postgres_url is None and any(line.startswith("storage:") for line in before.splitlines()):
            raise UserError(
                f"runs of this warehouse are kept in PostgreSQL, and {POSTGRES_VARIABLE} is not set",
                place=str(file),
                remedy="set it as on the servers, or delete this file to keep runs in files",
            )
        if before != text:
            with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as partial:
                partial.write(text)
            Path(partial.name).replace(file)
    except OSError as error:
        raise UserError(
            f"cannot be written ({error.strerror})",
            place=str(file),
            remedy="make the user that runs this the owner of the warehouse folder (docs/run/server.md)",
        ) from error
    if settings.postgres_url is not None:
        _require_postgres(settings.postgres_url)
        # Dagster and its processes read it from there, however it was set.
        os.environ[POSTGRES_VARIABLE] = settings.postgres_url.get_secret_value()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def _require_postgres(secret: SecretStr) -> None:
    """Check that the database answers; no message and no chained error contains the address, which has the password.

    Raises:
        UserError: it does not answer, or the address is not valid.
    """
    import sqlalchemy as sa  # imported here: files need no database
    from sqlalchemy.pool import NullPool

    try:
        url = sa.make_url(secret.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername != "postgresql" or not url.database:
        raise UserError(
            "is not an address of a PostgreSQL database",
            place=POSTGRES_VARIABLE,
            remedy="write postgresql://user:password@host:5432/database, with special characters of the password as %XX",
        )
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT})
    try:
        with engine.connect():
            return
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__)
    for hidden in (secret.get_secret_value(), url.password, url.query.get("password")):
        if isinstance(hidden, str) and hidden:
            reason = reason.replace(hidden, "***")
    host = url.host or url.query.get("host") or "local socket"
    raise UserError(
        f"PostgreSQL cannot be reached: {reason}",
        place=f"{host if isinstance(host, str) else ', '.join(host)}:{url.port or 5432}/{url.database}",
        remedy=f"start it, or correct {POSTGRES_VARIABLE}",
    )
