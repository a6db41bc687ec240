"""Gives MkDocs the pages that are made and the navigation; what they say is made by ``orchestration.documentation``."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from orchestration.core.settings import load_settings
from orchestration.documentation.navigation import navigation
from orchestration.documentation.pages import made_pages


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the navigation over all of them."""
    for path, text in made_pages(load_settings()).items():
        files.append(File.generated(config, path, content=text))
    sections: dict[str, Any] = config.extra
    pages = {file.src_uri: file.content_string for file in files.documentation_pages()}
    # The files of docs/site are no pages, though their exclusion is decided after this.
    config.nav = navigation(
        {path: text for path, text in pages.items() if not path.startswith("site/")}, sections["sections"]
    )
    return files
