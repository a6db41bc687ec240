"""The groups that are not shown, beside the small ones those that protect them: one row a table and group.

A Python model, since the search is no set operation; ``orchestration.disclosure.suppression`` says how it works.
"""

from orchestration.disclosure.suppression import hidden_groups


def model(dbt, session):
    """Return the hidden groups with the reason: small, or protecting."""
    return hidden_groups(
        groups=dbt.ref("int_disclosure_groups").to_arrow_table(),
        members=dbt.ref("int_unit_set_groups").to_arrow_table(),
        values=dbt.ref("int_disclosure_values").to_arrow_table(),
        published_groups=dbt.source("history", "published_groups").to_arrow_table(),
        published_members=dbt.source("history", "published_members").to_arrow_table(),
        patterns=dbt.source("history", "patterns").to_arrow_table(),
        responses=dbt.ref("int_unit_responses").to_arrow_table(),
        routing=dbt.ref("int_indicator_routing").to_arrow_table(),
    )
