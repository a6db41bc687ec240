with asking as (
    select distinct form
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'reporting_form'
),

responses as (
    select * from {{ ref('int_unit_responses') }}
),

fte_by_form as (
    select
        responses.time_period,
        responses.municipality_code as member_code,
        cells.target_group,
        cells.reporting_form as part,
        cast({{ exact('sum(cells.fte)') }} as string) as said,
        bool_or(cells.reporting_form = 'joint' and cells.fte > 0) as is_joint,
        bool_or(cells.reporting_form in ('mental_health', 'substance_use') and cells.fte > 0) as is_separate
    from {{ ref('int_fte_cells') }} as cells
    inner join responses
        on cells.time_period = responses.time_period
        and cells.unit_code = responses.unit_code
    inner join asking
        on responses.form = asking.form
    where cells.question = 'fte_by_service' and cells.fte is not null
    group by responses.time_period, responses.municipality_code, cells.target_group, cells.reporting_form
),

choices as (
    select
        time_period,
        unit_code as member_code,
        target_group,
        'choice' as part,
        answer as said,
        answer = 'joint' as is_joint,
        answer = 'separate' as is_separate
    from {{ ref('int_unit_answers') }}
    where unit_level = 'municipality' and question = 'reporting_form' and is_chosen
),

groups as (
    select distinct
        time_period,
        target_group
    from fte_by_form
),

answering as (
    -- Units that answered without choosing a form can be counted by subtraction.
    select
        responses.time_period,
        responses.municipality_code as member_code,
        groups.target_group,
        'answered' as part,
        'yes' as said,
        false as is_joint,
        false as is_separate
    from responses
    inner join groups
        on responses.time_period = groups.time_period
    group by responses.time_period, responses.municipality_code, groups.target_group
    having bool_or(responses.has_answered)
),

parts_of_forms as (
    select * from fte_by_form
    union all
    select * from choices
    union all
    select * from answering
)

select
    'fte_by_reporting_form' as subject,
    time_period,
    target_group,
    member_code,
    bool_or(is_joint) as is_one,
    bool_or(is_separate) as is_other,
    {{ text_hash(
        "concat_ws('|', 'form', cast(time_period as string), target_group, member_code, "
        ~ joined("concat_ws(' ', part, said)", ';', 'part, said') ~ ")"
    ) }} as said_sha256
from parts_of_forms
group by time_period, target_group, member_code
