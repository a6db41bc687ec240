"""What is shown of every question, group by group: shown, kept as the last snapshot had it, or hidden, with the reason.

A Python model, since the search is no set operation; ``orchestration.disclosure.suppression`` says how it works.
"""

from orchestration.disclosure.suppression import decide


def model(dbt, session):
    """Return one row a question and group."""
    return decide(
        tables=dbt.ref("int_disclosure_tables").to_arrow_table(),
        groups=dbt.ref("int_disclosure_groups").to_arrow_table(),
        values=dbt.ref("int_disclosure_values").to_arrow_table(),
        printed=dbt.ref("int_disclosure_printed").to_arrow_table(),
        unions=dbt.source("indicators", "derived_indicators").to_arrow_table(),
        answer_groups=dbt.source("indicators", "answer_groups").to_arrow_table(),
        limits=dbt.source("disclosure", "limits").to_arrow_table(),
        levels=dbt.source("disclosure", "levels").to_arrow_table(),
        indicators=dbt.source("disclosure", "indicators").to_arrow_table(),
        published_groups=dbt.source("history", "published_groups").to_arrow_table(),
        published_members=dbt.source("history", "published_members").to_arrow_table(),
        published_answers=dbt.source("history", "published_answers").to_arrow_table(),
        published_states=dbt.source("history", "published_states").to_arrow_table(),
    )
