-- Whether the end of a delivery is missing, by what it says of itself. Of the units that were asked and have no row at all:
-- numbered_lost, how many are not explained by gaps in the running numbers of the submissions, where these were given to
-- every unit that was asked, with or without an answer (is_numbered_in_advance: this round or an earlier one of the survey
-- shows it by a gap, or by a row that says that a unit did not answer); sorted_lost, how many would stand after the last row
-- of a file whose rows are in the order of the units, and before the first of the next file. Of a sheet whose rows follow
-- the submissions in their order linked_lost counts the submissions, of its own file if that has any, after the one that its
-- last row belongs to.
with responses as (
    select * from {{ ref('int_unit_responses') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
    where ignored_reason is null
),

present as (
    select
        form,
        unit_code,
        bool_and(submission_status = 'not_answered') as is_only_said_not_to_have_answered
    from submissions
    where unit_code is not null
    group by form, unit_code
),

units as (
    select
        responses.form,
        responses.survey,
        responses.time_period,
        responses.non_response,
        count(*) as unit_count,
        sum(case when present.unit_code is null then 1 else 0 end) as missing_count,
        sum(case when present.is_only_said_not_to_have_answered then 1 else 0 end) as said_count
    from responses
    left join present
        on responses.form = present.form
        and responses.unit_code = present.unit_code
    group by responses.form, responses.survey, responses.time_period, responses.non_response
),

own_rows as (
    -- Sheets that name the units themselves.
    select submissions.*
    from submissions
    inner join {{ source('forms', 'layouts') }} as layouts
        on submissions.form = layouts.form
        and submissions.layout = layouts.layout
        and layouts.links_to is null
    where submissions.unit_code is not null
),

numbers as (
    select distinct
        form,
        file,
        sheet,
        try_cast(submission_id as bigint) as number
    from own_rows
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
    -- A few numbers far from the others are those of submissions that came otherwise.
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
    -- Numbers of something else, such as of municipalities, leave most of the units out.
    where numbered.number_count >= {{ limit_of('columns_numbered_share') }} * (units.unit_count - units.missing_count)
),

numbered_lost as (
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
),

ordered as (
    select
        form,
        file,
        sheet,
        unit_code,
        lag(unit_code) over (partition by form, file, sheet order by row_number) as unit_before
    from own_rows
),

files as (
    select
        form,
        file,
        sheet,
        min(unit_code) as first_unit,
        max(unit_code) as last_unit,
        count(*) as row_count,
        sum(case when unit_before > unit_code then 1 else 0 end) as out_of_order
    from ordered
    group by form, file, sheet
),

ranges as (
    select
        *,
        lead(first_unit) over (partition by form order by first_unit) as next_unit
    from files
),

sorted_lost as (
    select
        ranges.form,
        count(*) as lost_count,
        min(ranges.file) as file
    from ranges
    inner join responses
        on ranges.form = responses.form
        and ranges.last_unit < responses.unit_code
        and responses.unit_code < coalesce(ranges.next_unit, 'X')
    where ranges.out_of_order <= {{ limit_of('columns_out_of_order_share') }} * ranges.row_count
    group by ranges.form
),

positions as (
    select
        form,
        file,
        submission_key,
        row_number() over (partition by form order by file, sheet, row_number) as position
    from own_rows
    where submission_status = 'completed' and submission_key is not null
),

last_positions as (
    select
        form,
        file,
        max(position) as last_position
    from positions
    group by form, file
),

linked as (
    select
        submissions.form,
        submissions.file,
        submissions.sheet,
        positions.position,
        lag(positions.position) over (
            partition by submissions.form, submissions.file, submissions.sheet
            order by submissions.row_number
        ) as position_before
    from submissions
    inner join {{ source('forms', 'layouts') }} as layouts
        on submissions.form = layouts.form
        and submissions.layout = layouts.layout
        and layouts.link_by = 'submission'
    inner join positions
        on submissions.form = positions.form
        and submissions.submission_key = positions.submission_key
),

linked_sheets as (
    select
        form,
        file,
        sheet,
        max(position) as last_position,
        count(*) as row_count,
        sum(case when position_before > position then 1 else 0 end) as out_of_order
    from linked
    group by form, file, sheet
),

linked_ends as (
    -- A sheet that stands in a file with submissions follows those of that file, and else all of them.
    select
        linked_sheets.form,
        linked_sheets.sheet,
        max(last_positions.last_position) - max(linked_sheets.last_position) as lost_count
    from linked_sheets
    inner join last_positions
        on linked_sheets.form = last_positions.form
    left join last_positions as same_file
        on linked_sheets.form = same_file.form
        and linked_sheets.file = same_file.file
    where linked_sheets.out_of_order <= {{ limit_of('columns_out_of_order_share') }} * linked_sheets.row_count
        and last_positions.file = coalesce(same_file.file, last_positions.file)
    group by linked_sheets.form, linked_sheets.file, linked_sheets.sheet
),

linked_lost as (
    select
        form,
        max(lost_count) as lost_count,
        max_by(sheet, lost_count) as sheet
    from linked_ends
    group by form
)

select
    units.survey,
    units.time_period,
    units.form,
    units.non_response,
    units.unit_count,
    units.missing_count,
    coalesce(numbered_lost.is_numbered_in_advance, false) as is_numbered_in_advance,
    numbered_lost.span as number_count,
    case
        when numbered_lost.is_numbered_in_advance
            then greatest(least(units.missing_count, units.unit_count - numbered_lost.span), 0)
        else 0
    end as numbered_lost,
    coalesce(sorted_lost.lost_count, 0) as sorted_lost,
    sorted_lost.file as sorted_file,
    coalesce(linked_lost.lost_count, 0) as linked_lost,
    linked_lost.sheet as linked_sheet
from units
left join numbered_lost
    on units.form = numbered_lost.form
left join sorted_lost
    on units.form = sorted_lost.form
left join linked_lost
    on units.form = linked_lost.form
