"""One Typst compiler for all documents of a process: it loads its fonts once, and does not use the machine's.

Belongs here: that compiler and its requests. Does not belong here: Typst's markup (``pdf``).
"""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Literal

import typst

STANDARD: Literal["ua-1"] = "ua-1"
PICTURE_PPI = 200

# The compiler handles one document at a time.
_LOCK = threading.Lock()


@cache
def _of_process(process: int) -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False), ignore_system_fonts=True)


def tagged_pdf(source: Path) -> bytes:
    """Return a document as PDF/UA; it may refer to files in its folder.

    Raises:
        RuntimeError: the compiler refused or warned, which is a defect of this program.
    """
    with _LOCK:
        made, warnings = _of_process(os.getpid()).compile_with_warnings(
            source, format="pdf", pdf_standards=[STANDARD], root=source.parent
        )
    if warnings:
        raise RuntimeError(f"Typst warns: {warnings[0]}")
    assert isinstance(made, bytes)
    return made


def picture(source: Path) -> bytes:
    """Return a document of one page as a picture."""
    with _LOCK:
        made = _of_process(os.getpid()).compile(source, format="png", ppi=PICTURE_PPI, root=source.parent)
    assert isinstance(made, bytes)
    return made
