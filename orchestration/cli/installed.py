"""What this installation has, by name: survey years, forms, deliveries, tables, snapshots, models.

For examples in help texts and for the completion of a shell, so it looks at folders and first lines alone: no database, no
Dagster, no dbt. Does not belong here: reading any of it (the rooms).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings

_YEAR = re.compile(r"^time_period: *([0-9]{4})\b", re.MULTILINE)
_COLUMN = re.compile(r"^ *- *(?:\{ *)?name: *([a-z0-9_]+)", re.MULTILINE)


def settings_or_none() -> Settings | None:
    """Return the settings; None where they are wrong, which is reported when a command is called."""
    try:
        return load_settings()
    except UserError:
        return None


def forms(settings: Settings) -> dict[str, int]:
    """Return the survey year of each form, earliest first."""
    found = {}
    for path in settings.forms.glob("*/form.yml"):
        try:
            year = _YEAR.search(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if year is not None:
            found[path.parent.name] = int(year[1])
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def deliveries(settings: Settings) -> list[str]:
    """Return the folders of deliveries."""
    return _folders(settings.deliveries)


def published(settings: Settings) -> list[str]:
    """Return the ids of snapshots."""
    return [path for path in _folders(settings.snapshots) if re.fullmatch(r"[0-9]{4}-[0-9a-f]{12}", path)]


def candidates(settings: Settings) -> list[str]:
    """Return the ids of candidates."""
    return _folders(settings.candidates)


def tables(settings: Settings) -> list[str]:
    """Return the names of the public tables."""
    return sorted(path.stem for path in settings.metadata.glob("[!_]*.yml"))


def columns(settings: Settings, table: str) -> list[str]:
    """Return the names of a table's columns; nothing where there is no such table."""
    path = settings.metadata / f"{table}.yml"
    if table not in tables(settings):
        return []
    _, _, text = path.read_text(encoding="utf-8").partition("\ncolumns:")
    return _COLUMN.findall(text)


def models() -> list[str]:
    """Return the names of dbt's models."""
    return sorted(path.stem for path in (PROJECT_DIR / "dbt_project" / "models").rglob("*.sql"))


def filled_examples(lines: Sequence[str]) -> list[str]:
    """Return examples with names that this installation has, so that they can be copied."""
    settings = settings_or_none()
    found = forms(settings) if settings is not None else {}
    last = list(found)[-1] if found else "FORM"
    # The form of the round before, of the same survey where the name says so.
    stem = last.rsplit("_", 1)[0]
    earlier = [name for name in found if name != last]
    before = next((name for name in reversed(earlier) if name.rsplit("_", 1)[0] == stem), earlier[-1] if earlier else "FORM")
    year = found.get(last)
    ids = published(settings) if settings is not None else []
    names = {
        "form": last,
        "before": before,
        "year": str(year or "YEAR"),
        "next": str(year + 1) if year else "YEAR",
        "snapshot": ids[0] if ids else "SNAPSHOT",
    }
    return [line.format(**names) for line in lines]


def _folders(path: Path) -> list[str]:
    if not path.is_dir():
        return []
    return sorted(each.name for each in path.glob("[!.]*/") if each.is_dir() and not each.is_symlink())
