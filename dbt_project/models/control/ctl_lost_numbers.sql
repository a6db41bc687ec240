with units as (
    select * from {{ ref('ctl_asked_units') }}
),

main_rows as (
    select * from {{ ref('int_main_rows') }}
    where ignored_reason is null and unit_code is not null
),

numbers as (
    select distinct
        form,
        file,
        sheet,
        try_cast(submission_id as bigint) as number
    from main_rows
    where try_cast(submission_id as bigint) is not null
),

after_gaps as (
    select
        *,
        case
            when number - lag(number) over (partition by form, file, sheet order by number)
                > {{ limit_of('columns_number_gap') }}
                then 1
            else 0
        end as is_after_gap
    from numbers
),

stretches as (
    select
        *,
        sum(is_after_gap) over (partition by form, file, sheet order by number) as stretch
    from after_gaps
),

runs as (
    select
        form,
        file,
        sheet,
        count(*) as number_count,
        max(number) - min(number) + 1 as span
    from stretches
    group by form, file, sheet, stretch
),

longest as (
    -- A few numbers far from the others belong to submissions that arrived in another way.
    select
        *,
        row_number() over (partition by form, file, sheet order by number_count desc, span asc) as choice
    from runs
),

numbered as (
    select
        form,
        sum(number_count) as number_count,
        sum(span) as span
    from longest
    where choice = 1
    group by form
),

in_advance as (
    select
        units.form,
        units.survey,
        units.time_period,
        numbered.span,
        numbered.span - numbered.number_count > 0 or units.said_count > 0 as shows_it
    from units
    inner join numbered
        on units.form = numbered.form
    -- Numbers with another meaning, such as municipality numbers, would leave out most units.
    where numbered.number_count >= {{ limit_of('columns_numbered_share') }} * (units.unit_count - units.missing_count)
),

counted_back as (
    select
        later.form,
        later.span,
        bool_or(earlier.shows_it and (earlier.form = later.form or units.non_response = 'missing')) as is_numbered_in_advance
    from in_advance as later
    inner join units
        on later.form = units.form
    inner join in_advance as earlier
        on later.survey = earlier.survey
        and later.time_period >= earlier.time_period
    group by later.form, later.span
)

select
    counted_back.form,
    counted_back.is_numbered_in_advance,
    counted_back.span as number_count,
    case
        when counted_back.is_numbered_in_advance
            then greatest(least(units.missing_count, units.unit_count - counted_back.span), 0)
        else 0
    end as numbered_lost
from counted_back
inner join units
    on counted_back.form = units.form
