with figures as (
    select * from {{ ref('stg_published__figures') }}
    where value is not null
),

delivered as (
    select time_period from {{ ref('int_rounds') }}
    where is_delivered
),

names as (
    select * from {{ ref('int_indicator_names') }}
),

rounds as (
    select distinct
        indicator,
        time_period
    from {{ ref('int_indicator_rounds') }}
),

codes as (
    select
        codelist,
        code
    from {{ ref('int_codelists') }}
    where codelist in ('answer', 'item')
),

fte as (
    select
        cells.source_id,
        cells.table_id,
        cells.cell_key,
        cells.line_number,
        cells.breakdown as indicator,
        cast(null as string) as item,
        cast(null as string) as answer,
        cells.target_group,
        cells.category,
        cells.time_period,
        cells.unit_level,
        cells.unit_code
    from {{ ref('int_reconciliation__printed_cells') }} as cells
    left join delivered
        on cells.time_period = delivered.time_period
    where delivered.time_period is null and cells.measure = 'fte_reported' and cells.other_dimensions = ''
),

answers as (
    select
        questions.source_id,
        questions.table_id,
        questions.cell_key,
        questions.line_number,
        names.indicator,
        questions.plain_code as item,
        questions.answer,
        cast(null as string) as target_group,
        cast(null as string) as category,
        questions.time_period,
        questions.unit_level,
        questions.unit_code
    from {{ ref('int_reconciliation__printed_questions') }} as questions
    inner join names
        on questions.source_id = names.source_id
        and questions.dimension['question'] = names.name
    -- Answers that print counts together or words differently are not points of a series.
    inner join codes as answer_codes
        on answer_codes.codelist = 'answer'
        and questions.answer = answer_codes.code
    inner join codes as item_codes
        on item_codes.codelist = 'item'
        and questions.plain_code = item_codes.code
    left join rounds
        on names.indicator = rounds.indicator
        and questions.survey_period = rounds.time_period
    where rounds.indicator is null
),

points as (
    select * from fte
    union all
    select * from answers
)

select
    points.source_id,
    points.table_id,
    points.cell_key,
    points.indicator,
    points.item,
    points.answer,
    points.target_group,
    points.category,
    points.time_period,
    points.unit_level,
    points.unit_code,
    figures.measure,
    figures.unit,
    cast(figures.value as double) as value,
    figures.decimals
from points
inner join figures
    on points.source_id = figures.source_id
    and points.table_id = figures.table_id
    and points.cell_key = figures.cell_key
    and points.line_number = figures.line_number
