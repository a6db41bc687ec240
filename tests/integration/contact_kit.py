"""A contact round on the tiny warehouse of the control, and the texts that a person reads."""

from __future__ import annotations

import email
import email.policy
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import contact, main
from orchestration.contact.states import Asking, ContactRound, State
from orchestration.core.settings import Settings
from tests.integration.control_kit import make_controlled

ROUND = """
sender: Testavsender
reply_to: svar@example.org
opened: 2016-04-05
deadlines: [2016-05-04, 2016-05-13]
county_governors_from: 2016-05-30
answer_days: 10
asked_from_fte: 10
always_asked: [text_instead_of_number]
"""
LATE = date(2016, 6, 1)


def make_round(folder: Path) -> Settings:
    """Return settings with a warehouse with a few findings, and the description of its round."""
    settings = make_controlled(folder)
    path = settings.explanations / "rounds" / "2016.yml"
    path.parent.mkdir(parents=True)
    path.write_text(ROUND, encoding="utf-8")
    return settings


def states(found: ContactRound) -> dict[str, State]:
    return {unit.unit_code: unit.state for unit in found.units}


def asking(found: ContactRound) -> dict[str, Asking]:
    return {each.finding.key: each.asking for unit in found.units for each in unit.questions}


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(contact, "load_settings", lambda: settings)
    result = CliRunner().invoke(main, ["contact", "2016", *arguments])
    return result.exit_code, result.stdout + result.stderr


def letter(path: Path) -> tuple[EmailMessage, str]:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return message, body.get_content()
