"""Commands that stay: ``serve``, ``ui``, ``webserver``, ``daemon``.

Belongs here: options and warnings. Does not belong here: the servers (``serve``, ``defs.servers``).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import command, main
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, load_settings


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", default=8248, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--allow-origin", multiple=True, help="Address of pages that browsers may read the tables from; repeatable.")
@command
def serve(host: str, port: int, allow_origin: tuple[str, ...]) -> dict[str, Any]:
    """Serve the tables of the published snapshot over HTTP, read-only (docs/use/clients.md)."""
    from orchestration.serve import application  # imported here: it starts a web framework

    settings = load_settings()
    click.echo(f"serving the published tables on http://{host}:{port}/tables (Ctrl+C stops)", err=True)
    application.serve(settings, host, port, origins=allow_origin)
    return {"text": "stopped"}


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def ui(options: tuple[str, ...]) -> None:
    """Open Dagster's user interface on http://127.0.0.1:3000 (OPTIONS go to `dagster dev`)."""
    click.echo("starting Dagster's user interface; it takes about half a minute (Ctrl+C stops it) ...", err=True)
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
    # Dagster takes a dagster.yaml in the folder where it starts for one that somebody forgot.
    os.chdir(settings.dagster_home)
    # It advises another program, which is not among the packages.
    os.environ["PYTHONWARNINGS"] = "ignore:Function `dev_command` is superseded"
    # A shell starts what is in the background deaf to interrupts, and `dagster dev` then hears no SIGTERM either.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(dagster, [str(dagster), "dev", "--workspace", str(PROJECT_DIR / "workspace.yaml"), *options])


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--operate", is_flag=True, help="Let people start and stop runs; without it they can only look.")
@command
def webserver(host: str, port: int, operate: bool) -> dict[str, Any]:
    """Serve Dagster's user interface beside a daemon, read-only unless --operate is given (docs/run/server.md)."""
    from orchestration.defs.servers import is_loopback, run_webserver  # imported here, as above

    settings = load_settings()
    if not is_loopback(host):
        click.echo(
            f"warning: others can reach {host}, and nobody is asked who they are: put a reverse proxy with authentication "
            "before it (docs/run/server.md)",
            err=True,
        )
    run_webserver(settings, host, port, operate=operate)


@main.command()
@command
def daemon() -> dict[str, Any]:
    """Run what was queued, the schedule and the sensors, one run at a time (docs/run/server.md)."""
    from orchestration.defs.servers import run_daemon  # imported here, as above

    run_daemon(load_settings())
