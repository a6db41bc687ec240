-- The choices of the units of each unit set, and of the anonymous units of a sample. In the set of municipalities a divided
-- municipality is one unit with the most frequent answer of its districts that answered; agencies are out, and a tie goes
-- to the lowest option code. Of a multi-select question each box is decided for itself, a tie leaving it empty.
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
    inner join responses
        on choices.form = responses.form
        and choices.unit_code = responses.unit_code
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
    'municipalities' as unit_set,
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
    placed.form,
    placed.time_period,
    unit_sets.unit_set,
    placed.unit_code,
    placed.question,
    placed.item,
    placed.target_group,
    placed.reporting_form,
    placed.choice_type,
    placed.answer,
    placed.option_order,
    placed.is_chosen
from placed
inner join (values ('municipalities'), ('with_districts'), ('with_agencies')) as unit_sets (unit_set)
    on placed.unit_level = 'municipality'
    or (placed.unit_level = 'city_district' and unit_sets.unit_set != 'municipalities')
    or (placed.unit_level = 'agency' and unit_sets.unit_set = 'with_agencies')

union all

select
    choices.form,
    choices.time_period,
    'sample' as unit_set,
    choices.unit_code,
    choices.question,
    choices.item,
    choices.target_group,
    choices.reporting_form,
    choices.choice_type,
    choices.answer,
    choices.option_order,
    choices.is_chosen
from choices
inner join {{ ref('stg_forms__forms') }} as forms
    on choices.form = forms.form
where forms.units = 'anonymous'
