"""Who is responsible for what in Dagster's user interface, and the order in which it is shown: teams and groups.

Every asset gets its group and its owners from here, by its step in the data flow: for a dbt model that is its folder.
Dagster sorts groups by their names, so a group's number gives its position in the flow. Does not belong here: who may do
what on the machine, and whom to call.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.core.errors import UserError

# Reading what was delivered and written, typing it, publishing it: the machinery.
DATA_ENGINEERING = "team:data-engineering"
# Every rule that computes a figure, and the public tables.
STATISTICS = "team:statistics"
# The control of a survey year: those who ask single units about their answers. Restricted.
SURVEY = "team:survey"

# The steps of the data flow, from deliveries to publication, and the team that is responsible for each.
STEPS: dict[str, str] = {
    "inputs": DATA_ENGINEERING,
    "deliveries": DATA_ENGINEERING,
    "staging": DATA_ENGINEERING,
    "areas": STATISTICS,
    "cells": STATISTICS,
    "submissions": STATISTICS,
    "fte": STATISTICS,
    "indicators": STATISTICS,
    "disclosure": STATISTICS,
    "marts": STATISTICS,
    "reconciliation": STATISTICS,
    "public": STATISTICS,
    "publication": DATA_ENGINEERING,
    "control": SURVEY,
}


def _require(step: str) -> str:
    if step not in STEPS:
        raise UserError(
            f"{step!r} is not a step of the pipeline",
            place=str(Path(__file__)),
            remedy="add it to STEPS, with the team that answers for it, or move the model into another folder",
        )
    return step


def group_name(step: str) -> str:
    """Return the group of a step as Dagster shows it, with its position in the flow.

    Raises:
        UserError: there is no such step.
    """
    return f"{list(STEPS).index(_require(step)) + 1:02d}_{step}"


def owners(step: str) -> list[str]:
    """Return who is responsible for a step.

    Raises:
        UserError: there is no such step.
    """
    return [STEPS[_require(step)]]
