with choices as (
    select * from {{ ref('int_unit_choices') }}
),

responses as (
    select * from {{ ref('int_unit_responses') }}
),

placed as (
    select
        choices.*,
        responses.unit_level,
        responses.municipality_code
    from choices
    inner join {{ ref('stg_forms__forms') }} as forms
        on choices.form = forms.form
    left join responses
        on choices.form = responses.form
        and choices.unit_code = responses.unit_code
    where forms.units = 'anonymous' or responses.form is not null
),

votes as (
    select
        form,
        time_period,
        municipality_code,
        question,
        item,
        target_group,
        reporting_form,
        choice_type,
        answer,
        min(option_order) as option_order,
        sum(case when is_chosen then 1 else 0 end) as votes_for,
        sum(case when is_chosen then 0 else 1 end) as votes_against
    from placed
    where unit_level = 'city_district'
    group by
        form, time_period, municipality_code, question, item, target_group, reporting_form, choice_type, answer
),

elected as (
    select
        *,
        row_number() over (
            partition by form, municipality_code, question, item, target_group, reporting_form
            order by votes_for desc, option_order asc
        ) as place
    from votes
)

select
    form,
    time_period,
    'municipality' as unit_level,
    municipality_code as unit_code,
    question,
    item,
    target_group,
    reporting_form,
    choice_type,
    answer,
    option_order,
    case when choice_type = 'single' then place = 1 else votes_for > votes_against end as is_chosen
from elected

union all

select
    form,
    time_period,
    unit_level,
    unit_code,
    question,
    item,
    target_group,
    reporting_form,
    choice_type,
    answer,
    option_order,
    is_chosen
from placed
