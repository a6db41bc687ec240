"""One pandoc for all documents of a process: starting it takes longer than converting a document.

It runs a Lua script (``templates/convert.lua``) that answers one request after another. Belongs here: that process and its
requests. Does not belong here: the content of a document (``nodes``), or the options of a format.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pypandoc

SCRIPT = Path(__file__).parent / "templates" / "convert.lua"
# Markdown as authors write it, without extensions that would give ordinary characters in a sentence a special meaning.
MARKDOWN = "markdown-smart-citations-tex_math_dollars-auto_identifiers-raw_tex-example_lists"


@dataclass(frozen=True)
class Writing:
    """How a document is written.

    ``options`` are pandoc's options for writers; ``template`` is a file, and ``is_standalone`` uses pandoc's template;
    ``pictures`` has the file of each picture by its name in the document.
    """

    to: str
    options: Mapping[str, Any] = field(default_factory=dict)
    template: Path | None = None
    is_standalone: bool = False
    pictures: Mapping[str, Path] = field(default_factory=dict)


class Pandoc:
    """A running pandoc. It answers one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What it writes must not depend on the time.
        self._process = subprocess.Popen(
            [pypandoc.get_pandoc_path(), "lua", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0", "LC_ALL": "C.UTF-8"},
        )

    def ask(self, request: Mapping[str, Any]) -> bytes:
        """Return pandoc's answer to a request.

        Raises:
            RuntimeError: pandoc refused, which is a defect of this program.
        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None and answers is not None
        with self._lock:
            requests.write(json.dumps(request).encode() + b"\n")
            requests.flush()
            outcome, _, size = answers.readline().decode().partition(" ")
            content = answers.read(int(size or 0))
        if outcome != "ok":
            raise RuntimeError(f"pandoc refused: {content.decode(errors='replace') or 'it has stopped'}")
        return content

    def close(self) -> None:
        """Stop pandoc."""
        self._process.communicate()


@cache
def _of_process(process: int) -> Pandoc:
    pandoc = Pandoc()
    atexit.register(pandoc.close)
    return pandoc


def _pandoc() -> Pandoc:
    """Return the pandoc of this process: a forked process must not use its parent's."""
    return _of_process(os.getpid())


def blocks_of(markdown: str) -> list[dict[str, Any]]:
    """Return the blocks of an author's Markdown."""
    request = {"text": markdown, "origin": MARKDOWN, "to": "json"}
    found: list[dict[str, Any]] = json.loads(_pandoc().ask(request))["blocks"]
    return found


@cache
def _api_version() -> list[int]:
    return list(json.loads(_pandoc().ask({"text": "", "origin": "markdown", "to": "json"}))["pandoc-api-version"])


def written(blocks: Sequence[Mapping[str, Any]], how: Writing, meta: Mapping[str, str] | None = None) -> bytes:
    """Return a document in a format.

    Args:
        blocks: its content.
        how: the format.
        meta: title and language of the document.
    """
    described = {name: {"t": "MetaString", "c": text} for name, text in (meta or {}).items()}
    whole = {"pandoc-api-version": _api_version(), "meta": described, "blocks": blocks}
    request: dict[str, Any] = {"text": json.dumps(whole), "origin": "json", "to": how.to, "options": dict(how.options)}
    if how.template is not None:
        request["template"] = str(how.template)
    request["standalone"] = how.is_standalone
    request["pictures"] = {name: str(path) for name, path in how.pictures.items()}
    return _pandoc().ask(request)


def default_file(name: str) -> bytes:
    """Return one of pandoc's default data files."""
    found = subprocess.run([pypandoc.get_pandoc_path(), "--print-default-data-file", name], capture_output=True, check=True)
    return found.stdout
