"""Running as servers: both storages, the processes, runs whose process died, and the proxy in front."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from pydantic import SecretStr

from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.defs import instance as dagster_instance
from orchestration.defs import records, servers
from orchestration.disclosure import ledger
from orchestration.engines import dbt
from orchestration.ingest import decisions
from tests.conftest import run_command
from tests.integration.servers_kit import (
    LOCATIONS,
    PASSWORD,
    PATIENCE,
    RUNS,
    TERMINATE,
    Servers,
    ask,
    free_port,
    held_up,
    launch,
    make_servers,
    postgres,
    processes,
    sql,
    until,
)

ADDRESS = f"postgresql://is248:{quote(PASSWORD, safe='')}@127.0.0.1:{{port}}/is248_dagster"
# Cheap real assets: one that reads the corrections, which a test can hold up, and one that does not.
CAN_BE_HELD_UP = [["decisions", table] for table in decisions.TABLES]
QUICK = [[ledger.SCHEMA, table] for table in ledger.TABLES]


# Settings ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the environment that preparing the instance sets for child processes."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", dagster_instance.POSTGRES_VARIABLE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def with_postgres(settings: Settings, address: str) -> Settings:
    return settings.model_copy(update={"postgres_url": SecretStr(address)})


def test_both_storages_share_one_source(settings: Settings) -> None:
    files = dagster_instance.instance_settings(settings)
    database = dagster_instance.instance_settings(with_postgres(settings, ADDRESS.format(port=1)))
    assert yaml.safe_load(files) == yaml.safe_load((PROJECT_DIR / "dagster.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(database) == {
        **yaml.safe_load(files),
        "storage": {"postgres": {"postgres_url": {"env": dagster_instance.POSTGRES_VARIABLE}}},
    }
    assert "is248_dagster" not in database


@pytest.mark.usefixtures("environment")
def test_dagster_takes_every_setting(settings: Settings) -> None:
    dagster_instance.prepare_instance(settings)
    with dg.DagsterInstance.get() as instance:
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 1
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 1
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds > 0
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled


@pytest.mark.usefixtures("environment")
def test_the_settings_are_written_whole_and_for_the_owner_alone(settings: Settings) -> None:
    settings.dagster_home.mkdir(parents=True)
    settings.dagster_home.chmod(0o755)
    file = settings.dagster_home / "dagster.yaml"
    wanted = dagster_instance.instance_settings(settings)
    seen = set()
    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(dagster_instance.prepare_instance, settings) for _ in range(50)]
        while not all(writer.done() for writer in writers):
            if file.exists():
                seen.add(file.read_text(encoding="utf-8"))
        for writer in writers:
            writer.result()
    assert seen <= {wanted}
    assert [path.name for path in settings.dagster_home.iterdir()] == ["dagster.yaml"]
    for folder in (settings.warehouse, settings.dagster_home):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("environment")
def test_runs_do_not_move_into_files_because_a_variable_is_missing(settings: Settings) -> None:
    file = settings.dagster_home / "dagster.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(dagster_instance.instance_settings(with_postgres(settings, ADDRESS.format(port=1))), encoding="utf-8")
    with pytest.raises(UserError, match=f"{dagster_instance.POSTGRES_VARIABLE} is not set"):
        dagster_instance.prepare_instance(settings)
    file.unlink()
    dagster_instance.prepare_instance(settings)
    assert file.exists()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("address", "place", "what"),
    [
        (ADDRESS.format(port="{free}"), "127.0.0.1:{free}/is248_dagster", "PostgreSQL cannot be reached"),
        (f"postgresql://127.0.0.1:{{free}}/name?password={quote(PASSWORD, safe='')}", "127.0.0.1:{free}/name", "cannot be"),
        (ADDRESS.format(port="port"), dagster_instance.POSTGRES_VARIABLE, "not an address"),
        (ADDRESS.format(port=1).replace("postgresql", "mysql"), dagster_instance.POSTGRES_VARIABLE, "not an address"),
        (quote(PASSWORD, safe=""), dagster_instance.POSTGRES_VARIABLE, "not an address"),
    ],
    ids=["nobody-answers", "password-as-parameter", "no-number", "another-database", "only-the-password"],
)
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(
    settings: Settings, tmp_path: Path, address: str, place: str, what: str
) -> None:
    port = str(free_port())
    address, place = address.replace("{free}", port), place.replace("{free}", port)
    with pytest.raises(UserError, match=what) as caught:
        dagster_instance.prepare_instance(with_postgres(settings, address))
    assert caught.value.place == place
    result = run_command(
        "--quiet", "daemon", folder=tmp_path, data=settings.data, environment={dagster_instance.POSTGRES_VARIABLE: address}
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    # An invalid address is refused with the settings, before anything else.
    if address.startswith("postgresql://"):
        assert result.stderr.startswith(f"error: {place}: ")
    for error in (str(caught.value), result.stdout + result.stderr):
        assert PASSWORD not in error
        assert quote(PASSWORD, safe="") not in error
    # Not in a traceback either.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


# Commands ---------------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_one_line(settings: Settings, tmp_path: Path) -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as other:
        try:
            until(lambda: _answers(f"http://127.0.0.1:{port}/"), "the other server")
            result = run_command("--quiet", "webserver", "--port", port, folder=tmp_path, data=settings.data)
        finally:
            other.kill()
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: 127.0.0.1:{port}: cannot be used for listening")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("a.example", True)]
)
def test_whoever_opens_the_interface_to_others_is_warned_in_a_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    begun: list[tuple[str, int, bool]] = []
    monkeypatch.setattr(servers, "run_webserver", lambda _, host, port, *, operate: begun.append((host, port, operate)))
    monkeypatch.setattr("orchestration.cli.servers.load_settings", lambda: settings)
    CliRunner().invoke(main, ["webserver", "--host", host])
    result = CliRunner().invoke(main, ["webserver", "--host", host, "--port", "3001", "--operate"])
    assert begun == [(host, 3000, False), (host, 3001, True)]
    lines = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert len(lines) == warned
    assert all(f"others can reach {host}" in line for line in lines)


# Processes --------------------------------------------------------------------------------------------------------------


def supervise(script: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    """Supervise a shell script like a server; its processes are identified by a variable."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.defs.supervisor", "/bin/sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR), "IS248_WAREHOUSE_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )


# A server whose child outlives it, until a file "end" exists.
SERVER = """
(trap '' TERM; touch child; until [ -e end ]; do sleep 0.1; done; touch child-ended) &
trap 'touch stopped; exit 0' TERM
touch ready
while true; do sleep 0.1; done
"""


def test_a_server_that_is_stopped_waits_for_what_it_began(tmp_path: Path) -> None:
    server = supervise(SERVER, tmp_path)
    until(lambda: (tmp_path / "ready").exists() and (tmp_path / "child").exists(), "the server")
    server.terminate()
    until(lambda: (tmp_path / "stopped").exists(), "the server's end")
    # Its child continues, and the supervisor waits.
    assert server.poll() is None
    (tmp_path / "end").touch()
    assert server.wait(PATIENCE) == 0
    assert (tmp_path / "child-ended").exists()
    assert processes(tmp_path) == []


def test_the_second_signal_ends_everything(tmp_path: Path) -> None:
    server = supervise(SERVER, tmp_path)
    until(lambda: (tmp_path / "ready").exists() and (tmp_path / "child").exists(), "the server")
    server.terminate()
    server.send_signal(signal.SIGINT)
    assert server.wait(PATIENCE) == 0
    assert not (tmp_path / "child-ended").exists()
    assert processes(tmp_path) == []


@pytest.mark.parametrize(("end", "code"), [("exit 3", 3), ("exit 0", 1), ("kill -9 $$", 128 + signal.SIGKILL)])
def test_a_server_that_ends_by_itself_has_failed_and_takes_its_processes_along(tmp_path: Path, end: str, code: int) -> None:
    server = supervise(f"sleep 1000 & touch ready; {end}", tmp_path)
    _, error_output = server.communicate(timeout=PATIENCE)
    assert server.returncode == code
    assert error_output.decode().count("\n") == 1
    until(lambda: processes(tmp_path) == [], "its processes to end")


def test_a_server_does_not_outlive_who_keeps_it(tmp_path: Path) -> None:
    server = supervise("trap 'touch told; exit 0' TERM; touch ready; while true; do sleep 0.1; done", tmp_path)
    until(lambda: (tmp_path / "ready").exists(), "the server")
    server.kill()
    server.communicate()
    until(lambda: (tmp_path / "told").exists() and processes(tmp_path) == [], "the server's end")


# Runs of the command line whose process died ----------------------------------------------------------------------------

# A run like those of the command line, which waits in its only step.
COMMAND_RUN = """
import sys, time
from pathlib import Path
import dagster as dg
from orchestration.defs.instance import prepare_instance
from orchestration.defs.records import COMMAND_TAGS
from orchestration.core.settings import load_settings
from orchestration.core.warehouse import run_lock

@dg.op
def wait():
    Path("started").touch()
    time.sleep(1000)

@dg.job
def waiting():
    wait()

settings = load_settings()
with run_lock(settings.warehouse):
    prepare_instance(settings)
    with dg.DagsterInstance.get() as instance:
        waiting.execute_in_process(instance=instance, tags=COMMAND_TAGS)
"""


@pytest.mark.usefixtures("environment")
def test_a_run_of_the_command_line_that_was_killed_does_not_hold_up_the_queue(settings: Settings, tmp_path: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND_RUN],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT_DIR),
            "IS248_WAREHOUSE_DIR": str(settings.warehouse),
            "IS248_SNAPSHOTS_DIR": str(settings.snapshots),
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: (tmp_path / "started").exists() or command.poll() is not None, "the run")
        dagster_instance.prepare_instance(settings)
        with dg.DagsterInstance.get() as instance:
            (run,) = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.STARTED
            assert records.report_dead_runs(instance, settings) == []
            command.kill()
            command.wait()
            finished = instance.create_run_for_job(_nothing, tags=records.COMMAND_TAGS, status=dg.DagsterRunStatus.SUCCESS)
            foreign = instance.create_run_for_job(_nothing, status=dg.DagsterRunStatus.STARTED)
            assert records.report_dead_runs(instance, settings) == [run.run_id]
            dead = instance.get_run_by_id(run.run_id)
            assert dead is not None
            assert dead.status == dg.DagsterRunStatus.FAILURE
            # The caller of the command sees that it failed; the daemon leaves it alone.
            assert dead.tags["dagster/will_retry"] == "false"
            for other in (finished, foreign):
                kept = instance.get_run_by_id(other.run_id)
                assert kept is not None
                assert kept.status == other.status
            assert records.report_dead_runs(instance, settings) == []
    finally:
        command.kill()
        command.wait()


@dg.job
def _nothing() -> None:
    """A run to be recorded needs a job."""


@pytest.mark.usefixtures("environment")
def test_who_holds_the_lock_ends_every_run_of_the_command_line_before(settings: Settings) -> None:
    from orchestration.core.warehouse import run_lock

    dagster_instance.prepare_instance(settings)
    with dg.DagsterInstance.get() as instance:
        begun = [
            instance.create_run_for_job(_nothing, tags=records.COMMAND_TAGS, status=status).run_id
            for status in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
        ]
        with run_lock(settings.warehouse):
            assert records.report_dead_runs(instance, settings) == []
            assert sorted(records.report_dead_runs(instance, settings, holds_lock=True)) == sorted(begun)


def test_a_later_process_of_the_same_number_is_another_one() -> None:
    now = time.time()
    assert records._is_alive(os.getpid(), now)
    assert not records._is_alive(os.getpid(), now - 24 * 3600)
    ended = subprocess.Popen(["true"])
    # Dead, but not yet reaped.
    until(lambda: not records._is_alive(ended.pid, now), "a process that ends")
    ended.wait()
    assert not records._is_alive(ended.pid, now)


# The complete installation, with PostgreSQL -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres() as found:
        yield found


@pytest.fixture(scope="module")
def viewer(running: tuple[Servers, int, int]) -> int:
    return running[1]


@pytest.fixture(scope="module")
def operator(running: tuple[Servers, int, int]) -> int:
    return running[2]


@pytest.fixture(scope="module")
def set_up(running: tuple[Servers, int, int]) -> Servers:
    return running[0]


@pytest.fixture(scope="module")
def running(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Servers, int, int]]:
    """A daemon, a read-only webserver and one for operators, all started at once over an empty database."""
    started = make_servers(tmp_path_factory.mktemp("servers"), **{dagster_instance.POSTGRES_VARIABLE: address})
    # Else each of the three would.
    dbt.prepare(Settings(data_dir=started.data, warehouse_dir=started.warehouse, snapshots_dir=started.folder / "snapshots"))
    viewer, operator = free_port(), free_port()
    try:
        started.start("daemon", "daemon")
        started.start("viewer", "webserver", "--port", str(viewer))
        started.start("operator", "webserver", "--port", str(operator), "--operate")
        for port in (viewer, operator):
            until(lambda: _ended(started) or _answers(f"http://127.0.0.1:{port}/server_info"), "the webservers")  # noqa: B023
        assert not _ended(started), started.output()
        for port in (viewer, operator):
            (location,) = ask(port, LOCATIONS)["workspaceOrError"]["locationEntries"]
            # Otherwise a request for a run is refused as not permitted.
            assert location["locationOrLoadError"]["__typename"] == "RepositoryLocation", location
        yield started, viewer, operator
    finally:
        started.end()


def _ended(started: Servers) -> list[int]:
    return [process.pid for process in started.started if process.poll() is not None]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def begin(port: int, keys: list[list[str]]) -> str:
    answer = launch(port, keys)
    assert answer["__typename"] == "LaunchRunSuccess", answer
    run: str = answer["run"]["runId"]
    return run


def status_of(address: str, run: str) -> str:
    """Return the status recorded in the database."""
    ((status,),) = sql(address, f"select status from runs where run_id = '{run}'")
    return str(status)


def wait_for(address: str, run: str, *wanted: str) -> None:
    """Wait for a status; another final status of the run is an error."""
    ends = {"SUCCESS", "FAILURE", "CANCELED"}
    found = until(lambda: (now := status_of(address, run)) in {*wanted, *ends} and now, f"run {run} to be {wanted}")
    assert found in wanted


def process_of(address: str, run: str) -> int:
    """Return the process of a run that is executing its step."""
    wait_for(address, run, "STARTED")
    until(
        lambda: sql(address, f"select 1 from event_logs where run_id = '{run}' and dagster_event_type = 'STEP_START'"),
        "the run's step",
    )
    events = sql(address, f"select event from event_logs where run_id = '{run}' and dagster_event_type = 'ENGINE_EVENT'")
    return next(
        int(found[1]) for (event,) in events if (found := re.search(r"Started process for run \(pid: (\d+)\)", event))
    )


def retry_of(address: str, run: str) -> str:
    """Return the run that the daemon started because another one died."""
    query = f"select run_id from run_tags where key = 'dagster/parent_run_id' and value = '{run}'"
    ((again,),) = until(lambda: sql(address, query), f"another try of {run}")
    return str(again)


def test_the_viewer_may_look_and_start_nothing(viewer: int, address: str) -> None:
    assert launch(viewer, QUICK) == {"__typename": "UnauthorizedError"}
    assert sql(address, "select count(*) from runs") == [(0,)]


def test_the_password_stands_nowhere(set_up: Servers, viewer: int, address: str) -> None:
    hidden = {PASSWORD, urlsplit(address).password, quote(PASSWORD, safe="")}
    begun = processes(set_up.warehouse)
    assert len(begun) > 3
    shown = [Path(f"/proc/{number}/cmdline").read_bytes().decode() for number in begun]
    shown.append(ask(viewer, "{ instance { info } }")["instance"]["info"])
    assert "PostgresRunStorage" in shown[-1]
    shown.append(set_up.output())
    for path in (set_up.warehouse / "dagster").rglob("*"):
        if path.is_file():
            shown.append(path.read_text(encoding="utf-8", errors="replace"))
    assert not [text for text in shown for each in hidden if each and each in text]


def test_what_the_servers_say_is_json_by_the_line(set_up: Servers) -> None:
    for name in ("daemon", "viewer", "operator"):
        output_file = set_up.folder / f"{name}.out"
        for line in until(lambda: output_file.read_text(encoding="utf-8").splitlines(), f"a word of the {name}"):  # noqa: B023
            assert {"event", "level", "logger", "timestamp"} <= yaml.safe_load(line).keys()


@pytest.fixture(scope="module")
def proxy(viewer: int, operator: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The nginx example in front of the webservers, with its own port, certificate and users."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip("no nginx (or no openssl) is installed: the reverse proxy is not tested")
    folder = tmp_path_factory.mktemp("nginx")
    made = ("-keyout", folder / "key", "-out", folder / "certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=is248.example", "-days", "2", *made],
        check=True,
        capture_output=True,
    )
    for group in ("viewers", "operators"):
        (folder / group).write_text(f"{group}:{{PLAIN}}{group}\n", encoding="utf-8")
    port = free_port()
    site = (PROJECT_DIR / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for example, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/is248.pem": str(folder / "certificate"),
        "/etc/ssl/private/is248.key": str(folder / "key"),
        "/etc/nginx/is248-viewers": str(folder / "viewers"),
        "/etc/nginx/is248-operators": str(folder / "operators"),
        "http://127.0.0.1:3000": f"http://127.0.0.1:{viewer}",
        "http://127.0.0.1:3001": f"http://127.0.0.1:{operator}",
    }.items():
        assert example in site
        site = site.replace(example, here)
    (folder / "site").write_text(site, encoding="utf-8")
    paths = "".join(f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}include {folder / 'site'};\n}}\n",
        encoding="utf-8",
    )
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stderr=log)
    try:
        until(lambda: through(port, "is248.example") == 401 or server.poll() is not None, "nginx")
        yield port
    finally:
        server.kill()
        server.wait()


def through(
    port: int, host: str, path: str = "/", *, user: str = "", body: bytes | None = None, **headers: str
) -> int | None:
    """Return the status of a request through the proxy."""
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", body, {"Host": host})
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{user}".encode()).decode())
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (urllib.error.URLError, ConnectionError):
        return None


def test_the_proxy_asks_who_is_there_and_tells_viewers_from_operators(proxy: int) -> None:
    view, operate = "is248.example", "operate.is248.example"
    assert through(proxy, view) == 401
    assert through(proxy, operate) == 401
    assert through(proxy, view, user="viewers") == 200
    assert through(proxy, operate, user="operators") == 200
    assert through(proxy, operate, user="viewers") == 401


def test_the_proxy_lets_through_what_the_interface_asks_and_nothing_that_a_foreign_page_can(proxy: int) -> None:
    operate, question = "operate.is248.example", b'{"query": "{ version }"}'
    mutation = urlencode({"query": "mutation { reloadWorkspace { __typename } }"})

    def graphql(query: str = "", body: bytes | None = None, **headers: str) -> int | None:
        return through(proxy, operate, f"/graphql{query}", user="operators", body=body, **headers)

    assert graphql(body=question, Content_Type="application/json") == 200
    # Requests that a link, an image or a form of another page can send without consent.
    assert graphql(f"?{mutation}") == 403
    assert graphql(f"?{mutation}", body=b"x=1", Content_Type="application/x-www-form-urlencoded") == 403
    assert graphql(f"?{mutation}", body=question, Content_Type="text/plain") == 403
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    socket["Sec_WebSocket_Key"] = base64.b64encode(b"0" * 16).decode()
    assert graphql(**socket, Origin="https://elsewhere.example") == 403
    assert graphql(**socket, Origin=f"https://{operate}") == 101
    assert through(proxy, operate, "/report_asset_materialization/a", user="operators", body=b"{}") == 403


def test_a_run_whose_process_is_killed_fails_is_tried_again_and_holds_up_nobody(
    set_up: Servers, operator: int, viewer: int, address: str
) -> None:
    with held_up(set_up.data):
        killed = begin(operator, CAN_BE_HELD_UP)
        process = process_of(address, killed)
        waiting = begin(operator, QUICK)
        assert status_of(address, waiting) == "QUEUED"
        os.kill(process, signal.SIGKILL)
        wait_for(address, killed, "FAILURE")
        wait_for(address, waiting, "SUCCESS")

        # The retry waits for the corrections like the first run, until the operator stops it.
        again = retry_of(address, killed)
        assert process_of(address, again) != process
        assert ask(viewer, TERMINATE, run=again)["terminateRun"]["__typename"] != "TerminateRunSuccess"
        assert status_of(address, again) == "STARTED"
        assert ask(operator, TERMINATE, run=again)["terminateRun"]["__typename"] == "TerminateRunSuccess"
        wait_for(address, again, "CANCELED")
    shown = {found["runId"]: found["status"] for found in ask(viewer, RUNS)["runsOrError"]["results"]}
    assert shown == {killed: "FAILURE", waiting: "SUCCESS", again: "CANCELED"}
    # No file: all of Dagster's records are in the database.
    assert not list((set_up.warehouse / "dagster").rglob("*.db"))


def test_a_run_that_died_with_the_daemon_is_tried_again_and_a_stop_waits_for_a_run(
    set_up: Servers, operator: int, address: str
) -> None:
    with held_up(set_up.data) as let_go:
        run = begin(operator, CAN_BE_HELD_UP)
        process = process_of(address, run)
        daemon = set_up.started[0]
        session = os.getsid(process)
        assert session != daemon.pid
        # Like a power failure: without notice.
        daemon.kill()
        os.killpg(session, signal.SIGKILL)
        daemon.wait()
        until(lambda: not records._is_alive(process, time.time()), "the end of the run's process")
        assert status_of(address, run) == "STARTED"

        set_up.started[0] = daemon = set_up.start("daemon", "daemon")
        wait_for(address, run, "FAILURE")
        again = retry_of(address, run)
        process_of(address, again)

        daemon.terminate()
        until(lambda: "Daemon threads shut down" in set_up.output(), "the daemon's end")
        assert daemon.poll() is None
        let_go()
        assert daemon.wait(PATIENCE) == 0
        assert status_of(address, again) == "SUCCESS"
    for server in set_up.started:
        server.terminate()
    for server in set_up.started:
        assert server.wait(PATIENCE) == 0
    assert processes(set_up.warehouse) == [], set_up.output()
