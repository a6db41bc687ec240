with routes as (
    select * from {{ ref('int_fte_routes') }}
    where is_answered or is_left_blank
),

asked as (
    select * from {{ ref('int_fte_asked') }}
),

answers as (
    select * from {{ ref('int_counted_answers') }}
    where question in {{ fte_questions() }}
),

counting_cells as (
    select
        routes.form,
        routes.time_period,
        routes.unit_code,
        routes.question,
        routes.target_group,
        routes.is_half_missing,
        coalesce(routes.is_left_blank, false) as is_left_blank,
        asked.reporting_form,
        asked.category
    from routes
    inner join asked
        on routes.form = asked.form
        and routes.question = asked.question
        and routes.target_group = asked.target_group
        and case
            when coalesce(routes.route, 'all') = 'all' then true
            when routes.route = 'joint' then asked.reporting_form = 'joint'
            when routes.is_half_missing and routes.mental_health_filled then asked.reporting_form = 'mental_health'
            when routes.is_half_missing then asked.reporting_form = 'substance_use'
            else asked.reporting_form in ('mental_health', 'substance_use')
        end
),

readings as (
    select
        cells.*,
        case
            when answers.form is not null then {{ exact('answers.number_value') }}
            when not cells.is_left_blank then {{ exact('0') }}
        end as fte,
        bool_or(answers.number_value is null and (answers.form is not null or cells.is_left_blank)) over (
            partition by cells.form, cells.unit_code, cells.question, cells.target_group, cells.category
        ) as is_unread,
        -- Of several rows that are added up some may be unread.
        coalesce(answers.is_rejected, false) as is_partly_unread,
        coalesce(answers.is_corrected, false) as is_corrected
    from counting_cells as cells
    left join answers
        on cells.form = answers.form
        and cells.unit_code = answers.unit_code
        and cells.question = answers.question
        and cells.target_group = answers.target_group
        and cells.reporting_form = answers.reporting_form
        and cells.category = answers.item
)

select
    time_period,
    unit_code,
    question,
    target_group,
    reporting_form,
    category,
    case when not is_unread then fte end as fte,
    is_unread or is_partly_unread as is_rejected,
    is_left_blank,
    coalesce(is_half_missing, false) as is_half_missing,
    is_corrected
from readings
