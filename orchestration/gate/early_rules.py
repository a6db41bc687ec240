"""Rules on the warehouse that are also judged as soon as the deliveries are read: they refuse a run within seconds.

What such a rule looks at is made from the answers of the redelivered forms, in a separate file, by the SQL of the same
models, so the rule need not wait for the other models. The stage of the rule judges it again with the rest, and that result
goes into the verdict.

Belongs here: which rules these are, and what they are judged on. Does not belong here: judging (``judging``), or what a rule
finds (``checkpoint``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.core.settings import Settings
from orchestration.core.warehouse import attach, connect, make_restricted
from orchestration.engines import compiled
from orchestration.publish import rolls

# The rules, with the models that they and their proposals read.
RULES = {
    "lost_answers_are_signed": (
        "int_contested_units",
        "int_redelivered_units",
        "int_rival_rows",
        "int_signed_redeliveries",
        "int_units",
    )
}

# The schemas that those models read.
SCHEMAS = ("classifications", "decisions", "forms", rolls.SCHEMA, "raw", "reference")

# Only the cells of redelivered forms are read, as no answer depends on another form; the versions of all forms are known.
_OF_ALL_FORMS = ("files", "deliveries")

_COME_AGAIN = f"""
    with versions as (select form, sha256(string_agg(sha256, ';' order by file)) as sha256 from raw.files group by form)
    select distinct versions.form
    from versions inner join {rolls.SCHEMA}.answer_rolls as rolls
        on versions.form = rolls.form and versions.sha256 != rolls.sha256
    order by versions.form
"""


def redelivered_forms(warehouse: Path) -> list[str]:
    """Return the forms whose delivery differs from the one that the published snapshot was made from."""
    if not warehouse.is_file():
        return []
    with connect(warehouse, read_only=True) as connection:
        known = connection.execute(
            "select count(*) from duckdb_tables() where schema_name || '.' || table_name in ('raw.files', ?)",
            [f"{rolls.SCHEMA}.answer_rolls"],
        ).fetchone()
        return [form for (form,) in connection.execute(_COME_AGAIN).fetchall()] if known == (2,) else []


@contextmanager
def answers_of(settings: Settings, forms: list[str]) -> Iterator[Path]:
    """Yield a warehouse with what the rules look at, made from the deliveries of some forms; it is deleted afterwards.

    Args:
        settings: where the warehouse is; deliveries and all inputs were read into it.
        forms: the forms.
    """
    models = compiled.compiled(settings, [name for names in RULES.values() for name in names])
    # The SQL names the warehouse, which is named after its file. It holds answers of single units.
    made = settings.warehouse / "early" / settings.warehouse_file.name
    make_restricted(made.parent)
    _remove(made)
    try:
        with connect(made) as connection:
            attach(connection, settings.warehouse_file, "read")
            sources = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'read' "
                "and schema_name in (select unnest(?::varchar[]))",
                [list(SCHEMAS)],
            ).fetchall()
            for schema, table in sources:
                connection.execute(f'create schema if not exists "{schema}"')
                where = "where form in (select unnest(?::varchar[]))"
                is_whole = schema != "raw" or table in _OF_ALL_FORMS
                connection.execute(
                    f'create table "{schema}"."{table}" as from read."{schema}"."{table}" {"" if is_whole else where}',
                    None if is_whole else [forms],
                )
            connection.execute("detach read")
            compiled.run(connection, models)
        yield made
    finally:
        _remove(made)


def _remove(made: Path) -> None:
    for path in made.parent.glob(f"{made.name}*"):
        path.unlink()
