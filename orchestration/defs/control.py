"""The lists of the control as an asset, one partition a survey year. It is in no job: its files are for caseworkers only."""

from __future__ import annotations

import dagster as dg

from orchestration.control.findings import load_control
from orchestration.control.lists import write_lists
from orchestration.core.settings import Settings
from orchestration.core.warehouse import WRITER
from orchestration.defs.deliveries import survey_years
from orchestration.defs.ownership import group_name, owners
from orchestration.forms.model import Form

CONTROL = "control"
FINDINGS = dg.AssetKey([CONTROL, "ctl_findings"])
LISTS = dg.AssetKey([CONTROL, "lists"])


def build_control_asset(settings: Settings, forms: list[Form]) -> dg.AssetsDefinition:
    """Return the asset that writes the lists of a year."""

    @dg.asset(
        key=LISTS,
        deps=[FINDINGS],
        partitions_def=survey_years(forms),
        group_name=group_name(CONTROL),
        owners=owners(CONTROL),
        kinds={"excel", "csv"},
        required_resource_keys={WRITER},
    )
    def lists(context) -> dg.MaterializeResult[None]:  # type: ignore[no-untyped-def]
        """What single units are to be asked about their answers of a year, a list a county and a unit. Restricted."""
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
