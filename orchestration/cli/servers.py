"""Long-running commands: ``serve``, ``ui``, ``webserver``, ``daemon``.

Belongs here: options and warnings. Does not belong here: the servers (``serve``, ``defs.servers``).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import command, how_much, main
from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import PROJECT_DIR, load_settings


@main.command(examples=["./is248 serve", "./is248 serve --port 8000 --allow-origin https://example.org"])
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. Default: this machine only.")
@click.option("--port", default=8248, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--allow-origin",
    multiple=True,
    metavar="URL",
    help="Let pages of this address read the tables in a browser. Can be repeated.",
)
@command
def serve(host: str, port: int, allow_origin: tuple[str, ...]) -> dict[str, Any]:
    """Serve the tables of the published snapshot over HTTP, read-only.

    Ctrl+C stops the server. docs/use/service.md says what it answers, docs/run/server.md how to run it as a service.
    """
    with progress.doing("starting the table service"):
        from orchestration.serve import application  # imported here: it starts a web framework

        settings = load_settings()
    progress.say(f"serving the published tables on http://{host}:{port}/tables (Ctrl+C stops)")
    application.serve(settings, host, port, origins=allow_origin)
    return {"text": "stopped"}


@main.command(context_settings={"ignore_unknown_options": True}, examples=["./is248 ui", "./is248 ui --port 3001"])
@click.argument(
    "options",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[DAGSTER_OPTIONS]...",
    help="Options for dagster dev, such as --port 3001.",
)
@how_much
def ui(options: tuple[str, ...]) -> None:
    """Start Dagster's user interface on http://127.0.0.1:3000, for this machine only.

    Ctrl+C stops it. For several users see ./is248 webserver.
    """
    progress.say("starting Dagster's user interface; it takes about half a minute (Ctrl+C stops it) ...")
    from orchestration.defs.instance import prepare_instance  # imported here, as above
    from orchestration.defs.records import end_dead_runs

    try:
        settings = load_settings()
        prepare_instance(settings)
        end_dead_runs(settings)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    dagster = Path(sys.executable).parent / "dagster"
    # Dagster takes a dagster.yaml in the folder where it starts for a forgotten one.
    os.chdir(settings.dagster_home)
    # It recommends another program, which is not among the packages.
    os.environ["PYTHONWARNINGS"] = "ignore:Function `dev_command` is superseded"
    # A shell starts background processes with interrupts ignored, and `dagster dev` then ignores SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(dagster, [str(dagster), "dev", "--workspace", str(PROJECT_DIR / "workspace.yaml"), *options])


@main.command(examples=["./is248 webserver", "./is248 webserver --port 3001 --operate"])
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. Default: this machine only.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--operate", is_flag=True, help="Let users start and stop runs. Without this option they can only look.")
@command
def webserver(host: str, port: int, operate: bool) -> dict[str, Any]:
    """Serve Dagster's user interface as a service beside a daemon, read-only unless --operate is given.

    docs/run/server.md describes the set-up: it needs a reverse proxy that asks users who they are.
    """
    with progress.doing("starting Dagster's webserver"):
        from orchestration.defs.servers import is_loopback, run_webserver  # imported here, as above

        settings = load_settings()
    if not is_loopback(host):
        progress.warn(
            f"warning: others can reach {host}, and no password is asked: put a reverse proxy with authentication "
            "before it (docs/run/server.md)"
        )
    run_webserver(settings, host, port, operate=operate)


@main.command(examples=["./is248 daemon"])
@command
def daemon() -> dict[str, Any]:
    """Run Dagster's schedules, sensors and queued runs, one run at a time.

    It runs until it is stopped. docs/run/server.md describes the set-up as a service.
    """
    with progress.doing("starting Dagster's daemon"):
        from orchestration.defs.servers import run_daemon  # imported here, as above

        settings = load_settings()
    run_daemon(settings)
