"""Hashes of inputs: everything that matters changes them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.core.content_hashes import content_of, digest, hash_of_files

ROWS = "(values (1, 'a', 0.5), (2, null, 1.5), (2, null, 1.5)) as t (code, name, value)"


def content(relation: str) -> str:
    with duckdb.connect() as connection:
        return content_of(connection, relation)


def test_the_order_of_rows_does_not_count() -> None:
    assert content(f"(from {ROWS} order by code)") == content(f"(from {ROWS} order by code desc)")


@pytest.mark.parametrize(
    "other",
    [
        "(select code, name, value + 1e-9 as value from {})",
        "(select code, coalesce(name, '') as name, value from {})",
        "(select code, name as label, value from {})",
        "(select code::bigint as code, name, value from {})",
        "(select name, code, value from {})",
        "(select distinct * from {})",
        "(from {} limit 0)",
        "(select *, null as more from {})",
    ],
)
def test_values_names_types_and_repetition_count(other: str) -> None:
    assert content(other.format(ROWS)) != content(f"(from {ROWS})")


def test_values_that_change_places_count() -> None:
    assert content("(values (1, 2), (3, 4)) as t (a, b)") != content("(values (1, 4), (3, 2)) as t (a, b)")
    assert content("(values (1, 2)) as t (a, b)") != content("(values (2, 1)) as t (a, b)")


def test_the_sign_of_zero_counts() -> None:
    assert content("(select 0.0::double as a)") != content("(select -0.0::double as a)")


def test_an_empty_relation_has_a_content() -> None:
    assert content("(select 1 as a limit 0)") != content("(select 1 as b limit 0)")


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_no_other_texts_have_the_same_digest(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_names_and_bytes_of_files_count(tmp_path: Path) -> None:
    root = tmp_path / "data"
    (root / "below").mkdir(parents=True)
    (root / "below" / "a.csv").write_text("1")
    before = hash_of_files(root)
    assert hash_of_files(root) == before
    (root / ".hidden").write_text("nothing that is made of it")
    assert hash_of_files(root) == before
    (root / "below" / "a.csv").rename(root / "below" / "b.csv")
    renamed = hash_of_files(root)
    (root / "below" / "b.csv").write_text("2")
    assert len({before, renamed, hash_of_files(root)}) == 3
    assert hash_of_files(root, without={(root / "below").resolve()}) not in {before, renamed}


@pytest.mark.parametrize("name", [".hidden", "target", "logs"])
def test_among_inputs_every_file_counts(tmp_path: Path, name: str) -> None:
    root = tmp_path / "data"
    (root / "deliveries").mkdir(parents=True)
    before = hash_of_files(root, is_code=False)
    (root / "deliveries" / name).write_text("an answer")
    assert hash_of_files(root, is_code=False) != before
