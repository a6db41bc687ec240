with forms as (
    select
        forms.form,
        forms.survey,
        forms.time_period,
        forms.collection_year,
        forms.units,
        forms.respondent
    from {{ ref('stg_forms__forms') }} as forms
    where forms.form in (select sheets.form from {{ ref('stg_raw__sheets') }} as sheets)
),

asked_questions as (
    select
        forms.form,
        forms.survey,
        forms.time_period,
        forms.collection_year,
        forms.units,
        columns.question as indicator,
        columns.item as question_item,
        columns.target_group,
        columns.reporting_form,
        {{ indicator_item('columns') }} as plain_item,
        forms.respondent,
        min(columns.wording_nb) as wording_nb,
        min(columns.population_asked) as population_asked,
        -- Several options in one cell are as many ticks.
        min(case when columns.type = 'codes' then 'tick' else columns.type end) as type
    from forms
    inner join {{ ref('stg_forms__columns') }} as columns
        on forms.form = columns.form
    where
        columns.use = 'answer'
        and columns.type in ('code', 'codes', 'tick')
        -- The reporting form and its change are not indicators: the FTE tables show them.
        and columns.question not in ('reporting_form', 'changed_reporting_practice')
    group by
        forms.form, forms.survey, forms.time_period, forms.collection_year, forms.units, columns.question, columns.item,
        columns.target_group, columns.reporting_form, forms.respondent
),

questions as (
    -- Where two surveys of a year ask the same question, the row says which units answered.
    select
        *,
        case
            when
                min(form) over (partition by indicator, time_period) != max(form) over (partition by indicator, time_period)
                then concat_ws('_', respondent, nullif(plain_item, 'all'))
            else plain_item
        end as item
    from asked_questions
),

derived as (
    -- A union is derived in the rounds that did not ask it directly.
    select distinct
        questions.form,
        questions.survey,
        questions.time_period,
        questions.collection_year,
        questions.units,
        unions.indicator,
        unions.item
    from questions
    inner join {{ ref('stg_indicators__derived_indicators') }} as unions
        on questions.indicator = unions.source_indicator
        and (unions.source_item = '*' or questions.item = unions.source_item)
    left join questions as asked
        on questions.form = asked.form
        and unions.indicator = asked.indicator
        and unions.item = asked.item
    where asked.form is null
),

all_rounds as (
    select
        form,
        survey,
        time_period,
        collection_year,
        units,
        indicator,
        item,
        question_item,
        target_group,
        reporting_form,
        wording_nb,
        population_asked,
        type,
        false as is_derived
    from questions

    union all

    select
        form,
        survey,
        time_period,
        collection_year,
        units,
        indicator,
        item,
        cast(null as string) as question_item,
        cast(null as string) as target_group,
        cast(null as string) as reporting_form,
        cast(null as string) as wording_nb,
        'all' as population_asked,
        'union' as type,
        true as is_derived
    from derived
),

unit_sets as (
    select
        all_rounds.form,
        all_rounds.indicator,
        all_rounds.item,
        unit_sets.unit_set,
        row_number() over (
            partition by all_rounds.form, all_rounds.indicator, all_rounds.item
            order by case when unit_sets.indicator = '*' then 1 else 0 end, unit_sets.from_year desc
        ) as choice
    from all_rounds
    inner join {{ ref('stg_indicators__unit_sets') }} as unit_sets
        on unit_sets.indicator in (all_rounds.indicator, '*')
        and all_rounds.time_period >= unit_sets.from_year
)

select
    all_rounds.*,
    case when all_rounds.units = 'anonymous' then 'sample' else unit_sets.unit_set end as unit_set
from all_rounds
left join unit_sets
    on all_rounds.form = unit_sets.form
    and all_rounds.indicator = unit_sets.indicator
    and all_rounds.item = unit_sets.item
    and unit_sets.choice = 1
