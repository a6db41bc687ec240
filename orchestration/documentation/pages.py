"""All generated pages: on tables, forms and their changes, and rules, from the inputs and the published snapshot, if any.

Belongs here: reading what the pages are made from. Does not belong here: their content.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables
from orchestration.documentation.changes import change_pages
from orchestration.documentation.forms import form_pages
from orchestration.documentation.rules import rule_page
from orchestration.documentation.tables import Answer, answers, table_pages
from orchestration.documentation.words import load_words
from orchestration.forms.registry import load_finished
from orchestration.gate.rules import load_rules
from orchestration.publish import pointer
from orchestration.publish.snapshot_files import DATABASE
from orchestration.publish.views import described, load_entries


def made_pages(settings: Settings) -> dict[str, str]:
    """Return the Markdown of every generated page, by its path below ``docs``.

    Raises:
        UserError: an input of a page is invalid.
    """
    words = load_words(settings.data)
    tables = load_tables(settings.metadata)
    views = described(load_entries(settings.metadata), tables, words.codes)
    answered: dict[str, Answer] = {}
    published = _published(settings)
    if published is not None:
        answered = answers(published, [*tables, *views], words)
    # Drafts of forms have no page yet.
    forms, _ = load_finished(settings.forms)
    return {
        **table_pages(tables, views, words, answered),
        **form_pages(forms, words),
        **change_pages(forms, words),
        **rule_page(load_rules(settings.rules)),
    }


def _published(settings: Settings) -> Path | None:
    """Return the database of the published snapshot; None without one, so that the documentation can be built before."""
    try:
        folder = pointer.current(settings.snapshots)
    except UserError:
        return None
    return None if folder is None or not (folder / DATABASE).is_file() else folder / DATABASE
