"""The page of the rules: what the gate examines, by level.

Belongs here: the list. Does not belong here: how rules work (``docs/run/gate.md``), or their SQL (``expectations/rules``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from orchestration.documentation.markdown import code, counted, heading, page, plain, table
from orchestration.gate.rules import Rule

PAGE = "rules/index.md"
# The order of the levels, from the form of a value to what it may reveal.
LEVELS = ("format", "within_table", "between_years", "between_sources", "against_print", "disclosure")


def rule_page(rules: Sequence[Rule]) -> dict[str, str]:
    """Return the page that lists all rules, by its path.

    Args:
        rules: all rules, in any order.
    """
    ordered = sorted(rules, key=lambda rule: (LEVELS.index(rule.level), rule.table, rule.id))
    blocks = [
        block
        for level, found in groupby(ordered, key=lambda rule: rule.level)
        for block in (
            heading(2, plain(level.replace("_", " ").capitalize()), level),
            table(["table", "rule", "severity", "stage", "what must be true"], map(_row, found)),
        )
    ]
    return {
        PAGE: page(
            heading(1, "Rules"),
            [
                f"{counted(len(rules), 'rule')}, made from `expectations/rules`. A candidate is published only if none of"
                " them blocks ([the gate](../run/gate.md)); each catches the fault that is seeded for it.",
                "",
            ],
            *blocks,
        )
    }


def _row(rule: Rule) -> list[str]:
    return [code(rule.table), code(rule.id), rule.severity, rule.stage, plain(rule.title.en)]
