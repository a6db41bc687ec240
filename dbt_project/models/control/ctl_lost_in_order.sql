with responses as (
    select * from {{ ref('int_unit_responses') }}
),

main_rows as (
    select * from {{ ref('int_main_rows') }}
    where ignored_reason is null and unit_code is not null
),

present as (
    select distinct
        form,
        unit_code
    from main_rows
),

ordered as (
    select
        form,
        file,
        sheet,
        unit_code,
        lag(unit_code) over (partition by form, file, sheet order by row_number) as unit_before
    from main_rows
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
)

select
    ranges.form,
    count(*) as lost_count,
    min(ranges.file) as file
from ranges
inner join responses
    on ranges.form = responses.form
    and ranges.last_unit < responses.unit_code
    and responses.unit_code < coalesce(ranges.next_unit, 'X')
-- A unit in another file, such as a late one, is not lost.
left join present
    on responses.form = present.form
    and responses.unit_code = present.unit_code
where
    present.unit_code is null
    and ranges.out_of_order <= {{ limit_of('columns_out_of_order_share') }} * ranges.row_count
group by ranges.form
