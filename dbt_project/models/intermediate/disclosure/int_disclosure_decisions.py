"""A Python model, since the search is not a set operation; see ``orchestration.disclosure.suppression``."""

from orchestration.disclosure.suppression import decide


def model(dbt, session):
    """Return one row per question and group."""
    return decide(
        tables=dbt.ref("int_disclosure_tables").to_arrow_table(),
        groups=dbt.ref("int_disclosure_groups").to_arrow_table(),
        values=dbt.ref("int_disclosure_values").to_arrow_table(),
        printed=dbt.ref("int_disclosure_printed").to_arrow_table(),
        unions=dbt.ref("stg_indicators__derived_indicators").to_arrow_table(),
        answer_groups=dbt.ref("stg_indicators__answer_groups").to_arrow_table(),
        limits=dbt.ref("stg_disclosure__limits").to_arrow_table(),
        levels=dbt.ref("stg_disclosure__levels").to_arrow_table(),
        indicators=dbt.ref("stg_disclosure__indicators").to_arrow_table(),
        waiting=dbt.ref("stg_decisions__waiting_questions").to_arrow_table(),
        published_groups=dbt.ref("stg_history__published_groups").to_arrow_table(),
        published_members=dbt.ref("stg_history__published_members").to_arrow_table(),
        published_answers=dbt.ref("stg_history__published_answers").to_arrow_table(),
        published_states=dbt.ref("stg_history__published_states").to_arrow_table(),
    )
