"""Building the site with MkDocs, which runs as a separate program, reads ``mkdocs.yml`` and calls ``docs/site/hook.py``.

Belongs here: calling it and reporting its errors. Does not belong here: the content of pages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from orchestration.core.errors import UserError, UserErrors
from orchestration.core.settings import PROJECT_DIR

CONFIGURATION = "mkdocs.yml"
SITE = Path("build") / "docs"
HOME = "index.html"
# A file that identifies an earlier site, which may be replaced.
MARK = Path("search") / "search_index.js"

# MkDocs' report of an error in a page: the page, and the error.
_OF_A_PAGE = re.compile(r"Doc file '([^']+)' (.*)")
_MESSAGE = re.compile(r"^(?:WARNING|ERROR)\s+-\s+(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Built:
    """A site that was built: its first page, and the number of its pages."""

    page: Path
    pages: int


def build(into: Path | None = None, environment: Mapping[str, str] | None = None) -> Built:
    """Build the whole site, or report the errors in its pages.

    Args:
        into: folder for the site; its earlier content is replaced.
        environment: variables in addition to those of this process.

    Raises:
        UserError: MkDocs is not installed, the folder has other files, or a page has an error, such as a broken link.
        UserErrors: there are several errors.
    """
    configuration = PROJECT_DIR / CONFIGURATION
    if find_spec("mkdocs") is None:
        raise UserError("MkDocs is not installed", place=str(configuration), remedy="call ./is248 docs, which installs it")
    folder = (into or PROJECT_DIR / SITE).resolve()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UserError("contains other files", place=str(folder), remedy="name an empty or new folder")
    variables = {
        **os.environ,
        **(environment or {}),
        # The hook must import this program, not an installed one; the last variable silences a warning of the theme.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT_DIR), os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
        "NO_MKDOCS_2_WARNING": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--config-file", str(configuration), "--site-dir", str(folder)],
        cwd=PROJECT_DIR,
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode != 0:
        messages = _MESSAGE.findall(ran.stderr) or [(ran.stderr.strip().splitlines() or ["no reason given"])[-1]]
        found = [_refused(text, configuration) for text in dict.fromkeys(messages)]
        raise found[0] if len(found) == 1 else UserErrors(found)
    return Built(folder / HOME, sum(1 for _ in folder.rglob("*.html")))


def _refused(text: str, configuration: Path) -> UserError:
    """Return a message of MkDocs as an error; its place is the page, if somebody wrote it, or else the configuration."""
    found = _OF_A_PAGE.fullmatch(text)
    page = configuration.parent / "docs" / found[1] if found else configuration
    if found is None or not page.is_file():
        return UserError(text, place=str(configuration), remedy="correct it, or what the page is made of")
    return UserError(found[2].rstrip("."), place=str(page), remedy="correct the link")
