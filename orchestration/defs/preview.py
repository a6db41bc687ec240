"""The preview of a survey year as a job: it makes no asset, since only a restricted page is kept."""

import dagster as dg

from orchestration.core.settings import Settings
from orchestration.preview.page import write_page
from orchestration.preview.year_preview import preview_year

PREVIEW = "preview"


class PreviewConfig(dg.Config):
    """The year to preview; it need not have a finished form."""

    year: int


def build_preview_job(settings: Settings) -> dg.JobDefinition:
    """Return the job that previews a survey year and writes its page."""

    @dg.op(name="look")
    def look(context: dg.OpExecutionContext, config: PreviewConfig) -> None:
        """Read, map and count one survey year alone; log the number of problems, without any text of the delivery."""
        found = preview_year(settings, config.year)
        page = write_page(found, settings.preview)
        context.log.info(
            f"{config.year}: {len(found.problems)} problems that a run would be refused for, "
            f"{sum(map(len, found.undecided.values()))} columns to be decided, {len(found.entries)} entries missing, "
            f"{found.losses.unsigned} units with answers gone that nobody signed for, "
            f"{len(found.rejected)} cells that cannot be read; page: {page}"
        )

    @dg.job(
        name=PREVIEW,
        description="Looks at one survey year, also with a form that is half mapped, and publishes nothing. Restricted.",
    )
    def preview() -> None:
        look()

    return preview
