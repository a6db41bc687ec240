"""The table API over HTTP: answers, refusals, and that a request sees one snapshot."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from benchmarks import readers
from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.exchange import exchange
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import Table, load_tables
from orchestration.core.warehouse import connect, quoted
from orchestration.publish import pointer
from orchestration.publish.formats import delimited
from orchestration.publish.publication_metadata import load_catalogue
from orchestration.publish.snapshot_files import DATABASE
from orchestration.serve.answers import limited
from orchestration.serve.application import LOOPBACK, build_server, listen
from orchestration.serve.limits import Limits, Turnstile
from orchestration.serve.published import Published, guarded_configuration
from orchestration.serve.request_errors import RequestError

FIRST, SECOND = "2023-000000000001", "2023-000000000002"
FIGURE = 1234.5
AREAS = [
    ("country", "0", "Hele landet", 1.0),
    ("county", "03", "Oslo", 0.25),
    ("county", "11", "Rogaland, med øyer", 0.5),
    ("municipality", "0301", "Oslo", 0.25),
]
FORMULA = '=1+1, "quoted"'

# No time limit that a busy machine could reach: tests of the limit set one.
PATIENT = Limits(seconds=600, waiting_seconds=600)

Row = dict[str, Any]


def sample_rows(figure: float) -> dict[str, list[Row]]:
    """Return rows of some public tables; the country's FTE of the newest year are the figure."""
    fte = [
        {
            "time_period": year,
            "series": "is248",
            "unit_level": level,
            "unit_code": code,
            "unit_name": name,
            "area_basis": "reported",
            "target_group": target_group,
            "service_type": "total",
            "fte": figure * share * (1 if target_group == "total" else 0.75) - (2023 - year),
            "population": None if level == "municipality" else 10_000.0,
            "series_break": code == "03" and year == 2023,
            "obs_status": "A",
            "obs_note": "corrected" if code == "11" else None,
            "is_constructed": True,
        }
        for year in (2022, 2023)
        for level, code, name, share in AREAS
        for target_group in ("adults", "total")
    ]
    shares = [
        {
            "indicator": indicator,
            "answer": "yes",
            "item": "all",
            "time_period": 2023,
            "unit_level": "country",
            "unit_code": "0",
            "unit_name": "Hele landet",
            "area_basis": "reported",
            "n_answer": 3,
            "n_answered": 4,
            "n_units": 5,
            "unit_set": "municipalities",
            "series_break": False,
            "obs_status": "A",
            "is_constructed": True,
        }
        for indicator in ("first_question", "second_question")
    ]
    delivery = {"form": "a_form", "survey": "is248", "time_period": 2023, "is_constructed": True, "title_en": FORMULA}
    return {
        "fte_by_service": fte,
        "indicator_shares": shares,
        "indicators": [{"indicator": row["indicator"], "label_nb": "Spørsmål", "label_en": "Question"} for row in shares],
        "series_breaks": [
            {
                "indicator": subject,
                "time_period": 2023,
                "kind": "scope",
                "comparable_before": False,
                "description_nb": "Mer er med.",
                "description_en": "More is included.",
            }
            for subject in ("fte_by_service", "first_question")
        ],
        "deliveries": [delivery],
        "snapshot": [{"channel": "demo", "time_period": 2023, "is_constructed": True}],
    }


def write_tables(connection: duckdb.DuckDBPyConnection, tables: list[Table], schema: str, figure: float = FIGURE) -> None:
    """Create every described table in a schema; those of the sample, and the code lists, have rows."""
    rows = sample_rows(figure)
    for table in tables:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create table {schema}."{table.name}" ({columns})')
        for row in rows.get(table.name, []):
            names = [name for name in row if name in table.column_names]
            connection.execute(
                f'insert into {schema}."{table.name}" ({", ".join(names)}) values ({", ".join("?" for _ in names)})',
                [row[name] for name in names],
            )
    lists = quoted(PROJECT_DIR / "data" / "classifications" / "codelists.csv")
    connection.execute(f"insert into {schema}.codelists by name select * from read_csv({lists}, all_varchar = true)")


def publish(settings: Settings, name: str, figure: float = FIGURE) -> Path:
    folder = settings.snapshots / name
    folder.mkdir(parents=True)
    with connect(folder / DATABASE) as connection:
        write_tables(connection, load_tables(settings.metadata), "main", figure)
    pointer.point_to(settings.snapshots, name)
    return folder


@contextmanager
def served(settings: Settings, limits: Limits | None = None, **options: Any) -> Iterator[httpx.Client]:
    """Run the server in a thread and yield a client."""
    server = build_server(settings, limits or PATIENT, **options)
    with listen(LOOPBACK, 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://{LOOPBACK}:{listening.getsockname()[1]}", timeout=None) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with one published snapshot that no test changes."""
    settings = Settings(data_dir=PROJECT_DIR / "data", snapshots_dir=tmp_path_factory.mktemp("serve") / "snapshots")
    publish(settings, FIRST)
    return settings


@pytest.fixture(scope="module")
def client(shared: Settings) -> Iterator[httpx.Client]:
    with served(shared) as lent:
        yield lent


def rows_of(client: httpx.Client, address: str) -> list[Row]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    rows: list[Row] = answer.json()["rows"]
    return rows


def refused(answer: httpx.Response, status: int) -> dict[str, str]:
    """Return the parts of a refusal, which is one line of JSON."""
    assert answer.status_code == status, answer.text
    assert answer.text.count("\n") == 1
    content: dict[str, str] = answer.json()
    assert sorted(content) == ["error", "place", "remedy"]
    return content


COUNTRY = "/tables/fte_by_service/data?unit_level=country&target_group=total"


def test_the_tables_are_listed_with_titles_columns_and_keys(client: httpx.Client, shared: Settings) -> None:
    content = client.get("/tables").json()
    described = {table.name: table for table in load_tables(shared.metadata)}
    assert [entry["table"] for entry in content["tables"]] == list(described)
    entry = next(entry for entry in content["tables"] if entry["table"] == "fte_by_service")
    assert entry["title"] == described["fte_by_service"].title.model_dump()
    assert entry["columns"] == list(described["fte_by_service"].column_names)
    assert entry["key"] == list(described["fte_by_service"].key)
    assert entry["rows"] == 16
    assert entry["formats"] == ["json", "csv", "jsonstat", "xlsx"]


def test_a_table_is_described_with_its_codes(client: httpx.Client) -> None:
    content = client.get("/tables/fte_by_service").json()
    fte = next(column for column in content["columns"] if column["name"] == "fte")
    assert (fte["type"], fte["unit"], fte["title"]["en"]) == ("DOUBLE", "fte", "FTE")
    assert {"code": "county", "label": {"nb": "Fylke", "en": "County"}} in content["codes"]["unit_level"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("", 16),
        ("unit_level=county", 8),
        ("unit_level=county&time_period=2023&target_group=total", 2),
        ("time_period=2022,2023&unit_level=country,municipality", 8),
        ("unit_level=country&unit_level=municipality", 8),
        ("unit_name=%22Rogaland, med øyer%22", 4),
        ("obs_note=", 12),
        ("obs_note=,corrected", 16),
        ("series_break=false&fte=1234.5", 1),
        ("unit_code=9999", 0),
    ],
)
def test_filters_take_one_value_or_several(client: httpx.Client, filters: str, count: int) -> None:
    content = client.get(f"/tables/fte_by_service/data?{filters}").json()
    assert (len(content["rows"]), content["total_rows"]) == (count, count)


def test_columns_order_and_page_are_chosen(client: httpx.Client) -> None:
    address = "/tables/fte_by_service/data?target_group=total&time_period=2023&select=unit_code,fte&sort=-fte"
    everything = rows_of(client, address)
    assert [tuple(row.values()) for row in everything] == [("0", 1234.5), ("11", 617.25), ("03", 308.625), ("0301", 308.625)]
    page = client.get(f"{address}&limit=2&offset=1").json()
    assert page["rows"] == everything[1:3]
    assert (page["total_rows"], page["offset"]) == (4, 1)
    assert [column["name"] for column in page["columns"]] == ["unit_code", "fte"]


def test_json_says_beside_the_rows_what_their_codes_mean_and_which_breaks_they_have(client: httpx.Client) -> None:
    content = client.get("/tables/fte_by_service/data?unit_level=county").json()
    assert content["labels"]["obs_note"] == {
        "corrected": {"nb": "Inneholder et svar som er rettet", "en": "Contains an answer that was corrected"}
    }
    assert set(content["labels"]["obs_status"]) == {"A"}
    assert content["breaks"] == [
        {
            "indicator": "fte_by_service",
            "time_period": 2023,
            "kind": "scope",
            "label": {"nb": "Omfang", "en": "Scope"},
            "comparable_before": False,
            "description": {"nb": "Mer er med.", "en": "More is included."},
        }
    ]
    assert content["left_out"] == []
    without = client.get("/tables/fte_by_service/data?unit_code=11&select=fte,obs_note,series_break").json()
    assert (set(without["labels"]), without["breaks"]) == ({"obs_note"}, [])
    assert without["left_out"] == ["obs_status", "absence_reason", "coverage"]


def test_csv_is_to_the_byte_what_the_files_have(client: httpx.Client, shared: Settings, tmp_path: Path) -> None:
    # A copy: a process can open a DuckDB file in one mode only, and the server runs in this process.
    shutil.copyfile(shared.snapshots / FIRST / DATABASE, tmp_path / DATABASE)
    with connect(tmp_path / DATABASE, read_only=True) as connection:
        for table in load_tables(shared.metadata):
            delimited.write(connection, table, tmp_path / "table.csv")
            answer = client.get(f"/tables/{table.name}/data?format=csv")
            assert answer.content == (tmp_path / "table.csv").read_bytes(), table.name
    assert "'=1+1" in client.get("/tables/deliveries/data", headers={"Accept": "text/csv"}).text


def test_every_answer_says_its_snapshot_and_that_data_are_constructed(client: httpx.Client, shared: Settings) -> None:
    notice = load_catalogue(shared.metadata).constructed
    for address in ("/", "/tables", "/tables/areas", COUNTRY, "/query?sql=select 1 as x", f"{COUNTRY}&format=jsonstat"):
        answer = client.get(address)
        assert answer.headers["snapshot-id"] == FIRST
        assert answer.headers["snapshot-channel"] == "demo"
        assert answer.headers["snapshot-notice"] == notice.en.format(periods="2023")
        content = answer.json()
        assert FIRST in (content.get("snapshot"), content.get("extension", {}).get("snapshot"))
        assert notice.nb.format(periods="2023") in json.dumps(content, ensure_ascii=False)
    # Refusals that concern a snapshot, too.
    assert client.get("/tables/nothing").headers["snapshot-id"] == FIRST


def test_json_stat_is_the_dense_cube_of_the_chosen_rows(client: httpx.Client) -> None:
    cube = client.get("/tables/fte_by_service/data?format=jsonstat&unit_level=county&target_group=total&select=fte").json()
    assert dict(zip(cube["id"], cube["size"], strict=True)) == {
        "time_period": 2,
        "unit": 2,
        "area_basis": 1,
        "target_group": 1,
        "service_type": 1,
        "measure": 1,
    }
    assert cube["value"] == [307.625, 616.25, 308.625, 617.25]
    assert cube["dimension"]["unit"]["category"]["index"] == ["county:03", "county:11"]


def test_a_table_of_several_cubes_gives_one_of_them(client: httpx.Client) -> None:
    address = "/tables/indicator_shares/data?format=jsonstat"
    assert "one cube for each value of indicator" in refused(client.get(address), 400)["error"]
    assert client.get(f"{address}&indicator=first_question").json()["extension"]["each"] == {"indicator": "first_question"}


@pytest.mark.parametrize(
    ("accepted", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
    ],
)
def test_the_accepted_media_type_is_given(client: httpx.Client, accepted: str, media_type: str) -> None:
    assert client.get(COUNTRY, headers={"Accept": accepted}).headers["content-type"].startswith(media_type)


def test_other_media_types_are_refused(client: httpx.Client) -> None:
    assert "text/csv" in refused(client.get(COUNTRY, headers={"Accept": "image/png"}), 406)["remedy"]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/nothing", 404, "/tables"),
        ("/tables/nothing", 404, "fte_by_service"),
        ("/tables/information_schema.tables/data", 404, "fte_by_service"),
        ("/tables/fte_by_service/data?unit_levl=county", 400, "unit_level"),
        ("/tables/fte_by_service/data?unit_level=village", 400, "municipality"),
        ("/tables/fte_by_service/data?time_period=last", 400, "whole number"),
        ("/tables/fte_by_service/data?time_period=99999999999", 400, "whole number"),
        ("/tables/fte_by_service/data?time_period=" + "9" * 5000, 400, "whole number"),
        ("/tables/fte_by_service/data?fte=nan", 400, "number"),
        ("/tables/fte_by_service/data?series_break=1", 400, "true or false"),
        ('/tables/fte_by_service/data?unit_name="a', 400, "a, b"),
        ("/tables/fte_by_service/data?select=fte,nothing", 400, "unit_level"),
        ("/tables/fte_by_service/data?select=1;drop", 400, "unit_level"),
        ("/tables/fte_by_service/data?sort=random()", 400, "unit_level"),
        ("/tables/fte_by_service/data?limit=-1", 400, "whole number"),
        ("/tables/fte_by_service/data?limit=1&limit=2", 400, "once"),
        ("/tables/fte_by_service/data?format=pdf", 400, "jsonstat"),
        ("/tables/areas/data?format=jsonstat", 400, "csv"),
        ("/tables/fte_by_service/data?format=jsonstat&limit=1", 400, "csv"),
        ("/tables/fte_by_service/data?format=jsonstat&time_period=1950", 404, "use fewer filters"),
    ],
)
def test_a_wrong_request_is_one_line_with_the_remedy(client: httpx.Client, address: str, status: int, says: str) -> None:
    assert says in refused(client.get(address), status)["remedy"]


def test_a_value_never_becomes_sql(client: httpx.Client) -> None:
    assert rows_of(client, "/tables/fte_by_service/data?unit_name=x' or 'a'='a") == []


def test_other_methods_are_refused(client: httpx.Client) -> None:
    assert refused(client.delete("/tables"), 405)
    assert refused(client.put("/tables/fte_by_service/data"), 405)


def test_an_answer_too_large_says_how_to_narrow(shared: Settings) -> None:
    with served(shared, replace(PATIENT, cells=50)) as client:
        found = refused(client.get("/tables/fte_by_service/data"), 413)
        assert "more than 50" in found["error"] and "unit_level=" in found["remedy"] and "limit" in found["remedy"]
        assert len(rows_of(client, "/tables/fte_by_service/data?limit=2")) == 2
        assert len(rows_of(client, "/tables/fte_by_service/data?select=fte")) == 16
        assert "cells" in refused(client.get("/tables/fte_by_service/data?format=jsonstat"), 413)["error"]
        assert "cells" in refused(client.get("/query?sql=select * from fte_by_service"), 413)["error"]


def test_a_client_that_has_the_answer_is_informed_until_another_snapshot_is_published(settings: Settings) -> None:
    publish(settings, FIRST)
    with served(settings) as client:
        first = client.get(COUNTRY)
        known = {"If-None-Match": f'"other", {first.headers["etag"]}'}
        again = client.get(COUNTRY, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["snapshot-id"] == FIRST
        assert client.get(f"{COUNTRY}&limit=1", headers=known).status_code == 200
        assert client.get(COUNTRY, headers={**known, "Accept": "text/csv"}).status_code == 200
        publish(settings, SECOND, 2.0)
        new = client.get(COUNTRY, headers=known)
        assert (new.status_code, new.headers["snapshot-id"]) == (200, SECOND)
        assert new.json()["rows"][-1]["fte"] == 2.0


def test_a_request_ends_on_the_snapshot_that_it_began_with(settings: Settings) -> None:
    publish(settings, FIRST)
    published = Published(settings, Limits())
    with published.use() as old:
        publish(settings, SECOND, 2.0)
        with published.use() as new:
            figures = [
                each.connection.cursor().execute("select max(fte) from fte_by_service").fetchall()[0][0]
                for each in (old, new)
            ]
        assert (old.id, new.id, figures) == (FIRST, SECOND, [FIGURE, 2.0])
        # Back to the previous snapshot, as a rollback does.
        pointer.point_to(settings.snapshots, FIRST)
        with published.use() as again:
            assert again.id == FIRST
    with pytest.raises(duckdb.ConnectionException):
        new.connection.execute("select 1")  # it has no readers any more
    published.close()


def test_a_snapshot_that_was_made_anew_under_its_name_is_opened_again(settings: Settings) -> None:
    publish(settings, FIRST)
    published = Published(settings, Limits())
    with published.use() as old:
        publish(settings, SECOND, 2.0)
        exchange(settings.snapshots / FIRST, settings.snapshots / SECOND)
        pointer.point_to(settings.snapshots, FIRST)
        # Its readers continue with the snapshot that they started with.
        with published.use() as meanwhile:
            assert meanwhile is old
    with published.use() as new:
        figure = new.connection.cursor().execute("select max(fte) from fte_by_service").fetchall()
        assert (new.id, figure) == (FIRST, [(2.0,)])
    published.close()


def test_a_wrong_pointer_is_reported_without_names_of_folders(settings: Settings) -> None:
    publish(settings, FIRST)
    (settings.snapshots / pointer.CURRENT).unlink()
    (settings.snapshots / pointer.CURRENT).symlink_to(settings.snapshots.parent)
    with served(settings) as client:
        answer = client.get(COUNTRY)
        assert (answer.status_code, answer.json()["error"]) == (503, "the published snapshot cannot be found")
        assert str(settings.snapshots) not in answer.text and "is248 status" in answer.text
        pointer.point_to(settings.snapshots, FIRST)
        assert client.get(COUNTRY).status_code == 200


def test_before_the_first_publication_the_answer_says_so(settings: Settings) -> None:
    with served(settings) as client:
        assert "is248 run" in refused(client.get("/tables"), 503)["remedy"]
        publish(settings, FIRST)
        assert client.get("/tables").status_code == 200


def test_a_snapshot_that_does_not_say_whether_it_is_constructed_is_not_served(settings: Settings) -> None:
    folder = publish(settings, FIRST)
    with connect(folder / DATABASE) as connection:
        connection.execute("drop table deliveries")
    with served(settings) as client:
        assert "constructed" in refused(client.get(COUNTRY), 503)["error"]


def test_a_column_that_came_later_is_missing_from_an_older_snapshot(settings: Settings) -> None:
    folder = publish(settings, FIRST)
    with connect(folder / DATABASE) as connection:
        connection.execute("alter table fte_by_service drop column imputed_share")
        connection.execute("drop table areas")
    with served(settings) as client:
        assert "imputed_share" not in rows_of(client, COUNTRY)[0]
        refused(client.get("/tables/areas"), 404)


ALLOWED = [
    ("select fte from fte_by_service where unit_level = 'country' and target_group = 'total' order by fte desc", 1234.5),
    ("select sum(fte) from main.fte_by_service where time_period = 2023 and unit_level = 'county'", 1620.28125),
    ("with a as (select 2 as x), b as (select x + 1 as y from a) select y from b", 3),
    ("select count(*) from fte_by_service a join deliveries b using (time_period)", 8),
    ("select (select max(time_period) from deliveries) as newest", 2023),
    ("select row_number() over (partition by unit_level order by fte) as place from fte_by_service order by all", 1),
    ("select 1 as x union all select 2 order by x", 1),
    ("from fte_by_service select count(*) as n where unit_name like 'Ro%' and fte between 1 and 2000", 4),
    ("select case when unit_code in ('03', '11') then 'x' else null end as c from fte_by_service order by c limit 1", "x"),
    ("select cast(round(fte, 1) as varchar) as t from fte_by_service group by all having count(*) > 1 order by t", "230.5"),
]


@pytest.mark.parametrize(("sql", "value"), ALLOWED)
def test_a_select_on_the_tables_is_answered(client: httpx.Client, sql: str, value: object) -> None:
    for answer in (client.get("/query", params={"sql": sql}), client.post("/query", content=sql)):
        assert answer.status_code == 200, answer.text
        assert next(iter(answer.json()["rows"][0].values())) == value


def test_a_query_is_answered_as_csv_too(client: httpx.Client) -> None:
    sql = "select title_en as title, is_constructed, null as nothing from deliveries"
    text = client.get("/query", params={"sql": sql, "format": "csv"}).text
    assert text == 'title,is_constructed,nothing\n"\'=1+1, ""quoted""",true,\n'


FILE = "/etc/passwd"
ATTACKS = [
    # Files and directories.
    f"select * from read_csv('{FILE}')",
    f"select * from read_text('{FILE}')",
    f"select * from '{FILE}'",
    f'select * from "{FILE}"',
    f"with f as (select 1) select * from '{FILE}', f",
    f"select * from sniff_csv('{FILE}')",
    "select * from glob('/*')",
    f"select * from read_duckdb('{FILE}')",
    f"select (select count(*) from read_text('{FILE}'))",
    f"select 1 where exists (from read_blob('{FILE}'))",
    f"select * from areas order by (select content from read_text('{FILE}'))",
    f"select 1 limit (select count(*) from read_text('{FILE}'))",
    f"select 1 union all select count(*) from read_text('{FILE}')",
    f"with a as (from read_text('{FILE}')) select 1",
    f"select * from areas join read_text('{FILE}') on true",
    # Other statements, alone and behind a SELECT.
    "select 1; select 2",
    "select 1; drop table areas",
    f"copy areas to '{FILE}'",
    f"copy (select 1) to '{FILE}'",
    "attach '/tmp/x.duckdb'",
    "detach main",
    "set threads = 8",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma database_list",
    "pragma version",
    "install httpfs",
    "load httpfs",
    "call pragma_version()",
    "create table x as select 1",
    "create temporary table x as select 1",
    "create macro f() as 1",
    "create secret s (type s3)",
    "insert into areas select * from areas",
    "delete from areas",
    "drop table areas",
    "export database '/tmp/x'",
    "import database '/tmp/x'",
    "checkpoint",
    "explain select 1",
    "explain analyze select 1",
    "prepare p as select 1",
    "begin transaction",
    "use main",
    "vacuum",
    "describe areas",
    "show tables",
    "summarize areas",
    "pivot areas on unit_level",
    # DuckDB's own tables, which contain paths of the machine, even under a name that WITH defines elsewhere.
    "select * from duckdb_settings()",
    "select * from duckdb_settings",
    "select * from duckdb_databases()",
    "select * from duckdb_databases",
    "select * from duckdb_secrets()",
    "select * from duckdb_extensions()",
    "select * from duckdb_logs",
    "select * from pragma_database_list",
    "select * from sqlite_master",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_class",
    "select * from system.main.duckdb_databases",
    "select * from main.duckdb_databases",
    "with duckdb_databases as (from duckdb_databases) from duckdb_databases",
    "with a as (from duckdb_databases), duckdb_databases as (select 1) from a",
    "select * from (with duckdb_databases as (select 1) from duckdb_databases), duckdb_databases",
    "with duckdb_databases as (select 1) from main.duckdb_databases",
    "select current_setting('secret_directory')",
    "select getenv('HOME')",
    "select getvariable('x')",
    "select * from query('select 1')",
    "select * from query_table('areas')",
    "select * from pandas_scan(1)",
    "select * from arrow_scan(1, 1, 1)",
    "select version()",
    "select current_database()",
    # Queries that may not end or may fill the memory.
    "with recursive t as (select 1 as x union all select x + 1 from t) select count(*) from t",
    "select count(*) from range(100000000000)",
    "select unnest(range(100000000000))",
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000, 'x')",
    "select list_transform([1], lambda x: x + 1)",
    "select columns(lambda c: c like 'f%') from areas",
    "select random()",
    "select uuid()",
    "select cast('x' as enum('x'))",
    # Not the purpose of the endpoint.
    "select ?",
    "select $name",
    "select 1 as x, 2 as x",
    "selec",
    "select 'a",
    "select 1\0",
    "",
    ";",
    "-- nothing",
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_everything_else_is_refused(client: httpx.Client, shared: Settings, sql: str) -> None:
    answer = client.post("/query", content=sql)
    refused(answer, 400)
    for secret in (str(shared.snapshots), str(Path.home()), "root:", "0x"):
        assert secret not in answer.text


def test_without_the_list_duckdb_itself_still_reads_no_file_and_changes_nothing(shared: Settings) -> None:
    endless = ("recursive", "range(", "repeat", "lpad")
    database = shared.snapshots / FIRST / DATABASE
    before = file_hash(database)
    with closing(duckdb.connect(str(database), True, guarded_configuration(Limits()))) as connection:
        for sql in ATTACKS:
            if not any(word in sql for word in endless):
                with suppress(duckdb.Error, UnicodeError), closing(connection.cursor()) as cursor:
                    done = cursor.execute(sql)  # nothing where the text has no statement
                    assert done is None or "root:" not in str(done.fetchall())
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"select * from read_text('{FILE}')")
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            connection.execute("set threads = 8")
    assert file_hash(database) == before


BOMB = "with a as (select string_agg(label_nb, '') as s from codelists), " + ", ".join(
    f"{name} as (select {' || '.join(['s'] * 12)} as s from {before})"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    "sql",
    [
        f"{BOMB} select length(s) from g",
        "select * from codelists a, codelists b, codelists c order by a.code || b.code || c.code",
    ],
)
def test_a_query_that_needs_too_much_memory_is_stopped_alone(settings: Settings, sql: str) -> None:
    publish(settings, FIRST)
    with served(settings, replace(PATIENT, memory_megabytes=100)) as client:
        assert "memory" in refused(client.post("/query", content=sql), 413)["error"]
        assert len(rows_of(client, COUNTRY)) == 2


def test_a_query_that_takes_too_long_is_stopped(shared: Settings) -> None:
    sql = "select count(*) from codelists a, codelists b, codelists c, codelists d where a.code || b.code < c.code || d.code"
    with served(shared, Limits(seconds=1)) as client:
        assert "longer than 1 seconds" in refused(client.post("/query", content=sql), 504)["error"]


def test_a_long_question_to_a_table_is_interrupted(shared: Settings) -> None:
    limits = Limits(seconds=0.2)
    published = Published(shared, limits)
    with published.use() as snapshot:
        with pytest.raises(RequestError, match="took longer"), limited(snapshot, limits, "x") as connection:
            connection.execute("select count(*) from range(100000) a, range(100000) b where a.range < b.range").fetchall()
        with limited(snapshot, limits, "x") as connection:  # the next one is not
            assert connection.execute("select 1").fetchall() == [(1,)]
    published.close()


def test_a_query_that_finds_no_place_is_reported_to_ask_again() -> None:
    turnstile = Turnstile(Limits(queries=1, waiting_seconds=0))
    with turnstile.place("x"), pytest.raises(RequestError) as caught, turnstile.place("y"):
        pass
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "5"})
    with turnstile.place("z"):
        pass


def test_sql_may_not_be_too_long(client: httpx.Client) -> None:
    assert "bytes" in refused(client.post("/query", content="select 1 -- " + "x" * 30_000), 413)["remedy"]
    assert "UTF-8" in refused(client.post("/query", content=b"select '\xff'"), 400)["error"]


def test_the_description_needs_nothing_from_the_web(client: httpx.Client) -> None:
    for address in ("/docs", "/redoc"):
        refused(client.get(address), 404)
    content = client.get("/openapi.json").json()
    table = "/tables/{table}"
    assert set(content["paths"]) == {"/", "/tables", table, f"{table}/data", f"{table}/defaultselection", "/query"}
    assert "http" not in json.dumps(content)


def test_other_origins_read_answers_only_where_they_are_let_in(client: httpx.Client, shared: Settings) -> None:
    origin = {"Origin": "https://example.org"}
    assert "access-control-allow-origin" not in client.get("/tables", headers=origin).headers
    with served(shared, origins=["https://example.org"]) as open_client:
        assert open_client.get("/tables", headers=origin).headers["access-control-allow-origin"] == "https://example.org"
        asked = {**origin, "Access-Control-Request-Method": "POST"}
        assert open_client.options("/query", headers=asked).status_code == 400


def test_nothing_of_a_request_is_logged(shared: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), served(shared) as client:
        client.get("/tables/fte_by_service/data?unit_code=0301")
        client.get("/tables/fte_by_service/data?unit_cod=0301")
        client.post("/query", content="select '0301' as x from nothing")
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert "0301" not in "\n".join(record.getMessage() for record in ours)


def test_an_address_that_is_taken_is_reported_in_one_line() -> None:
    with listen(LOOPBACK, 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UserError, match=f"{LOOPBACK}:{port}: cannot listen"):
            listen(LOOPBACK, port)


def test_many_at_once_see_whole_snapshots_while_the_pointer_moves(settings: Settings) -> None:
    figures = {FIRST: 1.0, SECOND: 2.0}
    for name, figure in figures.items():
        publish(settings, name, figure)
    seen: list[tuple[str, float]] = []
    failed: list[str] = []

    def ask(lent: httpx.Client, ready: Callable[[], bool]) -> None:
        while not ready():
            answer = lent.get(COUNTRY)
            if answer.status_code == 200:
                seen.append((answer.headers["snapshot-id"], answer.json()["rows"][-1]["fte"]))
            else:
                failed.append(answer.text)

    with served(settings) as client:
        stop = threading.Event()
        threads = [threading.Thread(target=ask, args=(client, stop.is_set)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(20):
            before = len(seen)
            pointer.point_to(settings.snapshots, (FIRST, SECOND)[number % 2])
            while len(seen) == before and not failed:
                stop.wait(0.01)
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert {name for name, _ in seen} == set(figures)
    assert all(figures[name] == figure for name, figure in seen)


def test_readers_in_other_processes_meet_no_error_while_snapshots_are_published() -> None:
    outcome = readers.run(readers=6, publications=4)
    assert outcome.errors == []
    assert len(outcome.published) == 4
    everything = set(outcome.published.values())
    for way in ("duckdb", "parquet", "csv", "http"):
        assert outcome.seen[way] == everything, way
    # An open connection keeps its snapshot; a new one sees the newest.
    assert outcome.seen["held"] == {1}
    assert outcome.seen[readers.REOPENED] == {4}
