with layouts as (
    select * from {{ ref('stg_forms__layouts') }}
    where links_to is not null
),

main_rows as (
    select * from {{ ref('int_main_rows') }}
),

all_scopes as (
    select
        *,
        file as scope
    from main_rows
    where submission_id is not null

    union all

    select
        *,
        '' as scope
    from main_rows
    where submission_id is not null
),

numbered as (
    -- A number that occurs twice links to the latest completed submission, if all with the number are from one unit.
    select
        *,
        row_number() over (
            partition by form, layout, scope, submission_id
            order by
                case when ignored_reason is null then 0 else 1 end asc,
                case when submission_status = 'completed' then 0 else 1 end asc,
                instant desc nulls last,
                file asc,
                sheet asc,
                row_number asc
        ) as occurrence,
        max(coalesce(ignored_reason, unit_code, '')) over (partition by form, layout, scope, submission_id)
        != min(coalesce(ignored_reason, unit_code, '')) over (partition by form, layout, scope, submission_id) as is_shared
    from all_scopes
),

main_files as (
    select distinct
        form,
        file,
        layout
    from main_rows
),

links as (
    select
        cells.row_key,
        cells.form,
        layouts.links_to,
        {{ code_text('cells.text') }} as submission_id,
        coalesce(main_files.file, '') as scope
    from {{ ref('stg_raw__cells') }} as cells
    inner join {{ ref('stg_raw__rows') }} as delivered
        on cells.row_key = delivered.row_key
    inner join layouts
        on cells.form = layouts.form
        and cells.layout = layouts.layout
        and cells.header = layouts.link_header
    left join main_files
        on cells.form = main_files.form
        and delivered.file = main_files.file
        and layouts.links_to = main_files.layout
    where cells.is_below_header
)

select
    links.row_key,
    links.submission_id,
    numbered.row_key as main_row_key,
    coalesce(numbered.occurrence, 1) as occurrence,
    coalesce(numbered.is_shared, false) as is_shared
from links
left join numbered
    on links.form = numbered.form
    and links.links_to = numbered.layout
    and links.scope = numbered.scope
    and links.submission_id = numbered.submission_id
