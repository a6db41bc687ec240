"""The page of the gate: the verdict for people, in Norwegian and English, in one file that loads nothing.

Belongs here: rendering. Great Expectations' own pages load styles and a tracker from the web, so they are never published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from orchestration.gate.rules import LEVELS

TEMPLATES = Path(__file__).parent / "templates"


def render(verdict: dict[str, Any]) -> str:
    """Return ``gate.html`` for a verdict as it stands in ``gate.json``."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rules = sorted(verdict["rules"], key=lambda each: (not each["blocks"], each["outcome"] == "pass", each["rule"]))
    by_level = {level: [rule for rule in rules if rule["level"] == level] for level in LEVELS}
    return environment.get_template("gate.html.j2").render(verdict=verdict, by_level=by_level)
