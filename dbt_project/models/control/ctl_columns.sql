with cells as (
    select * from {{ ref('int_cells') }}
    where use = 'answer' and row_ignored_reason is null
),

records as (
    select
        form,
        layout,
        count(*) as record_count
    from {{ ref('ctl_records') }}
    where is_data
    group by form, layout
),

columns as (
    select
        *,
        concat_ws('|', question, item, case when type = 'tick' then answer end, target_group, reporting_form) as column_name
    from {{ ref('stg_forms__columns') }}
    where use = 'answer'
),

counted as (
    select
        form,
        layout,
        line,
        sum(case when fate_reason != 'blank' then 1 else 0 end) as filled_count,
        sum(case when fate = 'rejected' and row_rejected_reason is null then 1 else 0 end) as unreadable_count,
        min(case when fate = 'rejected' and row_rejected_reason is null then row_number end) as first_unreadable_row
    from cells
    group by form, layout, line
),

profiles as (
    select
        columns.form,
        columns.line,
        columns.layout,
        columns.header,
        columns.type,
        columns.question,
        columns.item,
        columns.target_group,
        columns.reporting_form,
        columns.column_name,
        records.record_count,
        coalesce(counted.filled_count, 0) as filled_count,
        coalesce(counted.unreadable_count, 0) as unreadable_count,
        counted.first_unreadable_row
    from columns
    inner join records
        on columns.form = records.form
        and columns.layout = records.layout
    left join counted
        on columns.form = counted.form
        and columns.line = counted.line
),

rounds as (
    {{ rounds_beside_those_before() }}
),

filled as (
    select
        form,
        column_name,
        cast(sum(filled_count) as double) / sum(record_count) as share
    from profiles
    group by form, column_name
)

select
    rounds.survey,
    rounds.time_period,
    profiles.form,
    profiles.line,
    profiles.layout,
    profiles.header,
    profiles.type,
    profiles.question,
    profiles.item,
    profiles.target_group,
    profiles.reporting_form,
    profiles.record_count,
    profiles.filled_count,
    profiles.unreadable_count,
    profiles.first_unreadable_row,
    round(before.share * profiles.record_count, 1) as expected_count
from profiles
left join rounds
    on profiles.form = rounds.form
left join filled as before
    on rounds.previous_form = before.form
    and profiles.column_name = before.column_name
