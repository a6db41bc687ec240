"""The examples for running as servers: their start, their confinement, and their arguments."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.defs.instance import instance_settings

DEPLOY = PROJECT_DIR / "deploy"
CONTAINER = DEPLOY / "container"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/is248"


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def parse(arguments: list[str]) -> None:
    """Check that the launcher has a command and that the command takes its arguments, without running it."""
    name, *rest = arguments
    called = main.get_command(click.Context(main), name)
    assert called is not None
    called.make_context(name, rest)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_of_the_launcher_closed_in(unit: Path) -> None:
    found = directives(unit)
    (command,) = found["ExecStart"]
    program, *arguments = shlex.split(command)
    assert program == f"{PROGRAM}/is248"
    parse(arguments)
    wanted = {
        "User": "is248",
        "UMask": "0077",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "PrivateTmp": "yes",
        "Restart": "on-failure",
        "KillMode": "mixed",
        "CapabilityBoundingSet": "",
    }
    assert {name: found[name] for name in wanted} == {name: [value] for name, value in wanted.items()}


def test_each_unit_has_a_port_of_its_own_on_loopback() -> None:
    commands = [directives(unit)["ExecStart"][0] for unit in UNITS]
    ports = re.findall(r"--port (\d+)", " ".join(commands))
    assert len(ports) == len(set(ports)) == len(UNITS) - 1
    assert " ".join(commands).count("--host 127.0.0.1") == len(ports)
    assert [command for command in commands if "--operate" in command] == [
        directives(DEPLOY / "systemd" / "is248-operate.service")["ExecStart"][0]
    ]


def test_who_serves_the_tables_gets_no_secret_and_writes_nothing() -> None:
    found = directives(DEPLOY / "systemd" / "is248-serve.service")
    assert found["EnvironmentFile"] == ["/etc/is248/is248.env"]
    assert "ReadWritePaths" not in found
    assert {"-/var/lib/is248/warehouse", "-/var/lib/is248/snapshots/.disclosure"} <= set(found["InaccessiblePaths"])


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units are not verified")
    copies = []
    for unit in UNITS:
        # It also checks that the program exists.
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, str(PROJECT_DIR)), encoding="utf-8")
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *copies], capture_output=True, text=True, check=False)
    # The exit code does not reflect warnings, such as an unknown directive.
    lines = [line for line in (result.stdout + result.stderr).splitlines() if str(tmp_path) in line or "is248-" in line]
    assert (result.returncode, lines) == (0, [])


def test_every_variable_of_the_examples_is_a_setting() -> None:
    known = {f"IS248_{name.upper()}" for name in Settings.model_fields}
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            used = set(re.findall(r"IS248_[A-Z_]+", path.read_text(encoding="utf-8")))
            assert used <= known, f"{path.name}: {sorted(used - known)}"


def test_what_a_file_adds_to_the_settings_of_dagster_is_added(settings: Settings, tmp_path: Path) -> None:
    added = {"run_launcher": {"module": "dagster_k8s.launcher", "class": "K8sRunLauncher"}}
    (tmp_path / "launcher.yaml").write_text(yaml.safe_dump(added), encoding="utf-8")
    text = instance_settings(settings.model_copy(update={"dagster_settings": tmp_path / "launcher.yaml"}))
    assert yaml.safe_load(text) == {**yaml.safe_load(instance_settings(settings)), **added}


def test_a_file_of_settings_that_is_not_there_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dagster_settings"):
        instance_settings(settings.model_copy(update={"dagster_settings": tmp_path / "none.yaml"}))


def test_the_containers_are_called_with_commands_of_the_launcher() -> None:
    text = (CONTAINER / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^ENTRYPOINT \[\"\./is248\"\]$", text, re.MULTILINE)
    commands = [yaml.safe_load(found) for found in re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)]
    composed = yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))
    services = {name: service for name, service in composed["services"].items() if "command" in service}
    assert services.keys() == {"daemon", "webserver", "operate", "serve"}
    commands += [service["command"] for service in services.values()]
    for command in commands:
        parse(command)
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)
    volumes = {mount.partition(":")[0] for service in composed["services"].values() for mount in service["volumes"]}
    assert {name for name in volumes if not name.startswith(".")} == set(composed["volumes"])
    for relative in {service["build"]["dockerfile"] for service in services.values()}:
        assert (PROJECT_DIR / relative).is_file()


def test_no_restricted_input_goes_into_the_image() -> None:
    ignored = (CONTAINER / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"data", "is248.toml", ".venv", ".git"} <= set(ignored)


def test_an_example_of_a_secret_says_so_and_is_none() -> None:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            for password in re.findall(r"postgresql://[^:\s]+:([^@\s]+)@", path.read_text(encoding="utf-8")):
                assert password in ("change-me", "...")
