"""A program that is changed while it runs: parts of it may have been loaded before the change, and parts after it.

What such a run made is of no known program. It is not published, and no later run may reuse it.

Belongs here: noticing this, and forgetting the results. Does not belong here: the hash of the program
(``core.content_hashes``), or what is reused and when (``engines``, ``publish.kept_files``, ``gate.kept_results``).
"""

from __future__ import annotations

import shutil

from orchestration.core.content_hashes import code_hash, is_code_changed
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.gate import kept_results
from orchestration.publish import kept_files

# The program is known from the moment when its assets are loaded, minutes before the first result.
code_hash()


def refuse() -> None:
    """Refuse to publish if the program was changed during the run.

    Raises:
        UserError: it was.
    """
    if is_code_changed():
        raise UserError(
            "the program was changed during the run, so nothing is published",
            place=str(PROJECT_DIR),
            remedy="run ./is248 run again when the change is finished",
        )


def forget(settings: Settings) -> None:
    """Remove the results that later runs would reuse, if the program was changed during the run."""
    if not is_code_changed():
        return
    for folder in (kept_files.FOLDER, kept_results.FOLDER):
        shutil.rmtree(settings.warehouse / folder, ignore_errors=True)
    if settings.warehouse_file.is_file():
        with connect(settings.warehouse_file) as connection:
            tables = {
                (schema, name)
                for schema, name in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            }
            if ("made", "relations") in tables:
                connection.execute("delete from made.relations")
            if ("raw", "deliveries") in tables:
                connection.execute("update raw.deliveries set content = ''")
