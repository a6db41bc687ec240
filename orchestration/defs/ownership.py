"""Who answers for what in Dagster's user interface, and the order in which it is shown: teams and groups, in one place.

Every asset gets its group and its owners from here, by the step of the way of the data that it belongs to: of a dbt model
that is its folder. Dagster sorts groups by their names, so a group's number says how far down the way it lies. Does not
belong here: who may do what on the machine, and whom to call.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.core.errors import UserError

# Reading what was delivered and written, typing it, publishing it: the machinery.
DATA_ENGINEERING = "team:data-engineering"
# Every rule that computes a figure, and the public tables.
STATISTICS = "team:statistics"
# The control of a survey year: the ones who ask single units about their answers. Restricted.
SURVEY = "team:survey"

# The steps on the way of the data, from what is delivered to what is published, and the team that answers for each.
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
    """Return the group of a step as Dagster shows it, with its place on the way.

    Raises:
        UserError: there is no such step.
    """
    return f"{list(STEPS).index(_require(step)) + 1:02d}_{step}"


def owners(step: str) -> list[str]:
    """Return who answers for a step.

    Raises:
        UserError: there is no such step.
    """
    return [STEPS[_require(step)]]
