"""The models as assets: groups along the data flow, a team and a description each. ``end_to_end`` tests what a run adds."""

from __future__ import annotations

from orchestration.core.settings import Settings
from orchestration.defs.models import SURVEY_YEARS, build_dbt_project, build_warehouse_assets
from orchestration.defs.ownership import group_name, owners

# A row's submission is known before its cells are read, and their meaning after; the subject of printed figures is known
# before the decisions on what is shown.
BACKWARDS = {
    (group_name("submissions"), group_name("cells")),
    (group_name("reconciliation"), group_name("disclosure")),
}


def test_models_are_shown_in_the_way_of_the_data_with_team_and_description(settings: Settings) -> None:
    models = {spec.key: spec for spec in build_warehouse_assets(settings, build_dbt_project(settings)).specs}
    assert len(models) > 100
    for spec in models.values():
        step = str(spec.group_name)[3:]
        assert spec.group_name == group_name(step)
        assert list(spec.owners) == owners(step)
        text = str(spec.description).partition("\n\n#### Code\n")[0]
        assert len(text) > 10 and not text.startswith(("dbt model", "--")), spec.key
        assert "dagster/code_references" in spec.metadata
        for dep in spec.deps:
            if dep.asset_key in models:
                way = (str(models[dep.asset_key].group_name), str(spec.group_name))
                assert way == tuple(sorted(way)) or way in BACKWARDS, (dep.asset_key, spec.key)
    assert {key.path[-1] for key, spec in models.items() if "python" in spec.kinds} == {"int_disclosure_decisions"}
    assert SURVEY_YEARS not in models
