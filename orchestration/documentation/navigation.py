"""The navigation of the site: the pages of a folder, in the order of the links in the folder's index.

New pages need not be listed anywhere: a page without a link in its folder's index comes last. Belongs here: that order. Does
not belong here: the folders and their order (``mkdocs.yml``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

INDEX = "index.md"
HOME = "Home"

_LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")
_TITLE = re.compile(r"^# (.+?)(?:\s*\{[^}]*\})?$", re.MULTILINE)


def title_of(text: str, path: str) -> str:
    """Return the title of a page: its first heading, or else the name of its file as words."""
    found = _TITLE.search(text)
    if found:
        return found.group(1).replace("`", "").replace("\\", "")
    return posixpath.splitext(posixpath.basename(path))[0].replace("-", " ").replace("_", " ").capitalize()


def navigation(pages: Mapping[str, str], sections: Sequence[str]) -> list[Any]:
    """Return the navigation in MkDocs' format: the home page, then one section for each folder.

    Args:
        pages: the text of every page by its path.
        sections: folders in their order; folders without pages are left out, and folders not listed come last.
    """
    folders = list(dict.fromkeys([*sections, *sorted(path.partition("/")[0] for path in pages if "/" in path)]))
    found: list[Any] = [{HOME: INDEX}] if INDEX in pages else []
    for folder in folders:
        entries = _entries(folder, pages)
        if entries:
            found.append({title_of(pages.get(f"{folder}/{INDEX}", ""), folder): entries})
    return found


def _entries(folder: str, pages: Mapping[str, str]) -> list[Any]:
    """Return the pages and subfolders of a folder: the index, those that it links to, then the rest by name."""
    index = f"{folder}/{INDEX}"
    within = sorted(path for path in pages if path.startswith(f"{folder}/") and path != index)
    linked = [posixpath.normpath(posixpath.join(folder, link)) for link in _LINK.findall(pages.get(index, ""))]
    entries: list[Any] = [index] if index in pages else []
    for path in dict.fromkeys([*(path for path in linked if path in within), *within]):
        first, _, rest = path.removeprefix(f"{folder}/").partition("/")
        if not rest:
            entries.append(path)
            continue
        sub = f"{folder}/{first}"
        section = {title_of(pages.get(f"{sub}/{INDEX}", ""), sub): _entries(sub, pages)}
        if section not in entries:
            entries.append(section)
    return entries
