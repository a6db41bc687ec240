"""Tells people that something happened or failed: a line of JSON in the operations log, and a call of the webhook.

Notifications and log lines name steps, runs, rules, releases and snapshots, never rows, texts or units: an error message may
quote a delivered answer, so it stays on the screen and in Dagster's restricted storage.

Belongs here: writing and sending. Does not belong here: deciding what to notify of (``defs.automation``, ``runs``).
"""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from datetime import UTC, datetime
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orchestration.core.release_calendar import REHEARSAL
from orchestration.core.settings import Settings

LOG = "operations.jsonl"
LOG_BYTES = 5_000_000
LOG_FILES = 5

# How long a webhook may take, in seconds; the run waits for it.
PATIENCE = 10

Fact = str | int | float | bool | None | list[str]


def log_file(settings: Settings) -> Path:
    """Return where the operations log lies."""
    return settings.warehouse / "log" / LOG


@cache
def _logger(path: Path) -> logging.Logger:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logger = logging.Logger(f"operations.{path}")  # noqa: LOG001 a separate logger, outside the process's tree
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(message)s"))
    # Python would print the error with its stack trace; on a full disk the run itself reports it.
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    logger.addHandler(handler)
    return logger


def log(settings: Settings, event: str, **facts: Fact) -> None:
    """Add an event to the operations log; if the log cannot be written, nothing fails."""
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
    try:
        _logger(log_file(settings)).info(json.dumps(line, ensure_ascii=False))
    except OSError:
        return


def notify(settings: Settings, event: str, text: str, **facts: Fact) -> bool:
    """Log an event and call the webhook, if there is one.

    Args:
        settings: where the log lies, and the webhook's address.
        event: what happened, as a word for machines.
        text: what happened, as one sentence for people.
        facts: names and numbers, nothing that was delivered.

    Returns:
        Whether the webhook accepted it; if it does not answer, nothing fails.
    """
    if settings.purpose == REHEARSAL:
        # The webhook may also receive events of real publications.
        text, facts = f"REHEARSAL: {text}", {**facts, "rehearsal": True}
    log(settings, event, text=text, **facts)
    if settings.webhook is None:
        return False
    body = json.dumps({"event": event, "text": text, **facts}, ensure_ascii=False).encode()
    # The settings allow only http and https.
    request = urllib.request.Request(
        settings.webhook.get_secret_value(), data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return bool(200 <= response.status < 300)
    except (urllib.error.URLError, OSError, ValueError) as error:
        # The address may contain a secret, so only the type of the error is logged.
        log(settings, "webhook_failed", kind=type(error).__name__)
        return False
