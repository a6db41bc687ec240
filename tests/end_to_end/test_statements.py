"""The statements of docs/use/statements.md, computed from the public tables, equal the printed ones."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from orchestration.core.settings import PROJECT_DIR

PAGE = PROJECT_DIR / "docs" / "use" / "statements.md"

# The statement, the query, and the figures as printed.
STATEMENT = re.compile(r"^([^\n`#>]+)\n\n```sql\n(.*?)\n```\n\n`([^`]+)`$", re.MULTILINE | re.DOTALL)


def test_each_statement_of_the_reports_is_a_query_of_few_lines(published: Path) -> None:
    statements = STATEMENT.findall(PAGE.read_text(encoding="utf-8"))
    assert len(statements) >= 30
    assert [text for text, query, _ in statements if len(query.splitlines()) > 4] == []
    differing = []
    with duckdb.connect(str(published / "snapshots" / "current" / "is248.duckdb"), read_only=True) as connection:
        for text, query, printed in statements:
            rows = connection.execute(query).fetchall()
            found = [", ".join(f"{value:g}" for value in row) for row in rows]
            if found != [printed]:
                differing.append((text, printed, found))
    assert differing == []
