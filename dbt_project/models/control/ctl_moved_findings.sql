with moved as (
    select * from {{ ref('ctl_moved_records') }}
    where evidence > {{ limit_of('columns_asked_evidence') }}
),

municipal_forms as (
    select form
    from {{ ref('stg_forms__forms') }}
    where units = 'municipalities'
)

select
    moved.survey,
    moved.time_period,
    moved.unit_code,
    'moved_record' as finding,
    moved.fte as value,
    {{ exact('coalesce(moved.fte, 0)') }} as effect,
    moved.file,
    moved.sheet,
    moved.row_number,
    moved.column_number,
    moved.header
from moved
inner join municipal_forms
    on moved.form = municipal_forms.form
left join {{ ref('int_counted_rows') }} as counted
    on moved.row_key = counted.row_key
where counted.row_key is not null or moved.unit_code is null
