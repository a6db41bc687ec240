with responses as (
    select
        form,
        time_period,
        unit_code
    from {{ ref('int_unit_responses') }}
    where has_answered and series is not null
),

asked as (
    select distinct
        form,
        question
    from {{ ref('int_fte_asked') }}
),

filled as (
    -- A cell that cannot be read fills a breakdown; a code for "no answer" does not.
    select
        form,
        time_period,
        unit_code,
        question,
        {{ exact('coalesce(sum(number_value), 0)') }} as fte
    from {{ ref('int_counted_answers') }}
    where question in {{ fte_questions() }} and (is_rejected or number_value is not null)
    group by form, time_period, unit_code, question
),

blank as (
    select
        responses.form,
        responses.time_period,
        responses.unit_code,
        asked.question
    from responses
    inner join asked
        on responses.form = asked.form
        and asked.question != 'fte_by_pathway'
    left join filled
        on responses.form = filled.form
        and responses.unit_code = filled.unit_code
        and asked.question = filled.question
    left join {{ ref('int_confirmed_units') }} as confirmed
        on responses.form = confirmed.form
        and responses.unit_code = confirmed.unit_code
    where filled.form is null and confirmed.form is null
),

earlier as (
    select
        blank.form,
        blank.unit_code,
        blank.question,
        predecessors.earlier_period,
        {{ exact('sum(filled.fte)') }} as fte,
        row_number() over (
            partition by blank.form, blank.unit_code, blank.question
            order by predecessors.earlier_period desc
        ) as choice
    from blank
    inner join {{ ref('int_unit_predecessors') }} as predecessors
        on blank.time_period = predecessors.time_period
        and blank.unit_code = predecessors.unit_code
    inner join filled
        on predecessors.earlier_period = filled.time_period
        and predecessors.predecessor_code = filled.unit_code
        and blank.question = filled.question
    group by blank.form, blank.unit_code, blank.question, predecessors.earlier_period
),

elsewhere as (
    select
        form,
        unit_code,
        max(fte) as fte
    from filled
    group by form, unit_code
)

select
    blank.form,
    blank.time_period,
    blank.unit_code,
    blank.question,
    earlier.earlier_period as previous_period,
    earlier.fte as fte_before,
    elsewhere.fte as fte_elsewhere
from blank
left join earlier
    on blank.form = earlier.form
    and blank.unit_code = earlier.unit_code
    and blank.question = earlier.question
    and earlier.choice = 1
left join elsewhere
    on blank.form = elsewhere.form
    and blank.unit_code = elsewhere.unit_code
where coalesce(earlier.fte, 0) > 0 or coalesce(elsewhere.fte, 0) > 0
