with layouts as (
    select * from {{ ref('stg_forms__layouts') }}
),

fates as (
    select * from {{ ref('int_row_fates') }}
),

main_rows as (
    select * from {{ ref('int_main_rows') }}
),

links as (
    select * from {{ ref('int_submission_links') }}
    where occurrence = 1
),

rows_of_shared_numbers as (
    select distinct main_row_key
    from {{ ref('int_submission_links') }}
    where is_shared
),

own_rows as (
    select
        main_rows.row_key,
        main_rows.form,
        main_rows.file,
        main_rows.sheet,
        main_rows.layout,
        main_rows.row_number,
        main_rows.submission_key,
        main_rows.submission_id,
        main_rows.unit_code,
        main_rows.stratum,
        main_rows.submitted_at,
        main_rows.instant,
        main_rows.submission_status,
        -- The rows on other sheets belong to one of the units that share the number, and it is unknown to which.
        coalesce(
            main_rows.rejected_reason,
            case when shared.main_row_key is not null then 'several_submissions' end
        ) as rejected_reason,
        main_rows.ignored_reason
    from main_rows
    left join rows_of_shared_numbers as shared
        on main_rows.row_key = shared.main_row_key
    where main_rows.ignored_reason is null
),

linked_by_number as (
    select
        fates.row_key,
        fates.form,
        fates.file,
        fates.sheet,
        fates.layout,
        fates.row_number,
        main_rows.submission_key,
        links.submission_id,
        main_rows.unit_code,
        main_rows.stratum,
        main_rows.submitted_at,
        main_rows.instant,
        main_rows.submission_status,
        case
            when main_rows.row_key is null then 'no_submission'
            when links.is_shared then 'several_submissions'
            else main_rows.rejected_reason
        end as rejected_reason,
        case when not links.is_shared then main_rows.ignored_reason end as ignored_reason
    from fates
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
        and layouts.link_by = 'submission'
    left join links
        on fates.row_key = links.row_key
    left join main_rows
        on links.main_row_key = main_rows.row_key
    where fates.ignored_reason is null
),

linked_by_unit as (
    -- The row names its unit; the submission is found by the unit when one of several is chosen.
    select
        fates.row_key,
        fates.form,
        fates.file,
        fates.sheet,
        fates.layout,
        fates.row_number,
        cast(null as string) as submission_key,
        cast(null as string) as submission_id,
        row_units.unit_code,
        row_units.stratum,
        cast(null as timestamp) as submitted_at,
        cast(null as timestamp) as instant,
        'completed' as submission_status,
        row_units.rejected_reason,
        cast(null as string) as ignored_reason
    from fates
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
        and layouts.link_by = 'unit'
    inner join {{ ref('int_row_units') }} as row_units
        on fates.row_key = row_units.row_key
)

select * from own_rows
union all
select * from linked_by_number
union all
select * from linked_by_unit
