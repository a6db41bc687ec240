"""Lists of the control and contact rounds as assets, a partition a survey year, in no job: they are for caseworkers only."""

import datetime

import dagster as dg

from orchestration.contact.round_folder import write_round
from orchestration.contact.states import load_contact_round
from orchestration.control.findings import load_control
from orchestration.control.lists import write_lists
from orchestration.defs.deliveries import survey_years
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.forms.model import Form

CONTROL = "control"
FINDINGS = dg.AssetKey([CONTROL, "ctl_findings"])
LISTS = dg.AssetKey([CONTROL, "lists"])
ROUND = dg.AssetKey([CONTROL, "round"])
# Made for one survey year, on request.
OF_A_YEAR = (LISTS, ROUND)
SUBMISSIONS = dg.AssetKey([CONTROL, "ctl_unit_submissions"])


def build_control_asset(forms: list[Form]) -> dg.AssetsDefinition:
    """Return the asset that writes the lists of a year."""

    @dg.asset(
        key=LISTS,
        deps=[FINDINGS],
        partitions_def=survey_years(forms),
        group_name=group_name(CONTROL),
        owners=owners(CONTROL),
        kinds={"excel", "csv"},
    )
    def lists(context: dg.AssetExecutionContext, installation: Installation, writer: Writer) -> dg.MaterializeResult[None]:
        """What single units are to be asked about their answers of a year, a list a county and a unit. Restricted."""
        settings = installation.settings
        found = load_control(settings, int(context.partition_key))
        written = write_lists(found, settings.control)
        return dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": len(found.findings),
                "folder": dg.MetadataValue.path(str(written.folder)),
                "counties": written.counties,
                "units": written.units,
                "answers_kept": written.kept_answers,
            }
        )

    return lists


def build_round_asset(forms: list[Form]) -> dg.AssetsDefinition:
    """Return the asset that writes the current state of the contact round of a year."""

    @dg.asset(
        key=ROUND,
        deps=[FINDINGS, SUBMISSIONS],
        partitions_def=survey_years(forms),
        group_name=group_name(CONTROL),
        owners=owners(CONTROL),
        kinds={"excel", "html"},
    )
    def contact_round(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> dg.MaterializeResult[None]:
        """How far each unit of a year is, the letters to send, and who is missing in each county. Restricted."""
        settings = installation.settings
        found = load_contact_round(settings, int(context.partition_key), datetime.date.today())
        written = write_round(settings, found)
        return dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": len(found.units),
                "folder": dg.MetadataValue.path(str(written.folder)),
                "page": dg.MetadataValue.path(str(written.page)),
                **{state.value: count for state, count in found.count().items()},
                **{f"letters_{kind}": count for kind, count in written.letters.count().items()},
            }
        )

    return contact_round
