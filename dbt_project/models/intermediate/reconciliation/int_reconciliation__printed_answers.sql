with questions as (
    select * from {{ ref('int_reconciliation__printed_questions') }}
),

public_sets as (
    select distinct
        indicator,
        {{ each_of(list_of(['item', "'total'"])) }} as item,
        time_period,
        unit_set
    from {{ ref('int_indicator_rounds') }}
),

sets as (
    -- The unit set that the printed table counts; the public one where the table does not say.
    select
        worded.*,
        public_sets.item,
        case
            when worded.is_without_districts then 'with_districts'
            else coalesce(worded.printed_unit_set, public_sets.unit_set)
        end as unit_set
    from questions as worded
    inner join public_sets
        on worded.indicator = public_sets.indicator
        and public_sets.item in (worded.plain_code, concat_ws('_', worded.respondent, nullif(worded.plain_code, 'all')))
        and worded.survey_period = public_sets.time_period
)

select
    source_id,
    table_id,
    cell_key,
    line_number,
    measure,
    dimension,
    half_unit,
    n_base,
    indicator,
    item,
    answer,
    survey_period,
    unit_set,
    is_without_districts,
    has_answered_row,
    unit_level,
    unit_code
from sets
