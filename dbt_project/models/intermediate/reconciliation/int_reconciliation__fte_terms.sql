with printed as (
    select * from {{ ref('int_reconciliation__printed_fte') }}
),

roles as (
    -- A figure that is printed twice has the same cells; each is counted once.
    select distinct
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        roles.role,
        printed.unit_level,
        printed.unit_code,
        case when roles.role = 'pathways' then 'fte_by_pathway' else printed.breakdown end as breakdown,
        -- A share by target group is a share of both groups together.
        case
            when roles.role = 'base' and printed.breakdown = 'fte_by_service' and printed.dimension['measure_type'] is null
                then 'total'
            else printed.target_group
        end as target_group,
        case when roles.role = 'base' then 'total' else printed.category end as category,
        case when roles.role = 'before' then printed.from_period else printed.time_period end as time_period
    from printed
    cross join (values ('now'), ('before'), ('base'), ('pathways')) as roles (role)
    where
        roles.role = 'now'
        or (roles.role = 'before' and printed.from_period is not null)
        or (roles.role = 'base' and printed.measure = 'share_of_fte')
        or (roles.role = 'pathways' and printed.measure = 'share_of_fte_distributed_on_pathways')
),

units as (
    select
        source_id,
        table_id,
        cell_key,
        role,
        unit_level,
        {{ each_of(parts_of('unit_code', '+')) }} as unit_code,
        breakdown,
        target_group,
        category,
        time_period
    from roles
)

select
    source_id,
    table_id,
    cell_key,
    role,
    unit_level,
    unit_code,
    breakdown,
    target_group,
    {{ each_of(parts_of('category', '+')) }} as category,
    time_period
from units
