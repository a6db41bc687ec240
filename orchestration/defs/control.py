"""The lists of the control as an asset, one partition a survey year. It is in no job: its files are for caseworkers only."""

import dagster as dg

from orchestration.control.findings import load_control
from orchestration.control.lists import write_lists
from orchestration.defs.deliveries import survey_years
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.forms.model import Form

CONTROL = "control"
FINDINGS = dg.AssetKey([CONTROL, "ctl_findings"])
LISTS = dg.AssetKey([CONTROL, "lists"])


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
