{#- The sums of cells from which a printed figure is computed. #}
{% set roles = ['now', 'before', 'base', 'pathways'] %}
with printed as (
    select * from {{ ref('int_reconciliation__printed_fte') }}
),

terms as (
    select * from {{ ref('int_reconciliation__fte_terms') }}
),

levels as (
    select * from {{ ref('int_reconciliation__fte_levels') }}
),

sums as (
    select
        terms.source_id,
        terms.table_id,
        terms.cell_key,
        terms.role,
        sum(levels.fte) as fte,
        sum(levels.fte_error) as fte_error,
        sum(levels.population) as population,
        sum(levels.fte) / nullif(sum(levels.population), 0) * 10000 as rate,
        sum(levels.rate_error) as rate_error
    from terms
    left join levels
        on terms.unit_level = levels.unit_level
        and terms.unit_code = levels.unit_code
        and terms.breakdown = levels.breakdown
        and terms.target_group = levels.target_group
        and terms.category = levels.category
        and terms.time_period = levels.time_period
    group by terms.source_id, terms.table_id, terms.cell_key, terms.role
    -- A sum of units or categories is known when all of them are.
    having count(*) = count(levels.fte)
),

figures as (
    select
        {% for role in roles %}
            {% for name in ['fte', 'fte_error', 'population', 'rate', 'rate_error'] %}
                max(case when role = '{{ role }}' then {{ name }} end) as {{ name }}_{{ role }},
            {% endfor %}
        {% endfor %}
        source_id,
        table_id,
        cell_key
    from sums
    group by source_id, table_id, cell_key
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    case printed.measure
        when 'fte_per_10000' then figures.rate_now
        when 'share_of_fte' then figures.fte_now / nullif(figures.fte_base, 0) * 100
        when 'fte_change' then figures.fte_now - figures.fte_before
        when 'fte_change_percent' then (figures.fte_now / nullif(figures.fte_before, 0) - 1) * 100
        when 'fte_per_10000_change_percent' then (figures.rate_now / nullif(figures.rate_before, 0) - 1) * 100
        when 'share_of_fte_distributed_on_pathways' then figures.fte_pathways / nullif(figures.fte_now, 0) * 100
        else figures.fte_now
    end as computed,
    case printed.measure
        when 'fte_per_10000' then figures.fte_error_now / nullif(figures.population_now, 0) * 10000
        when 'share_of_fte'
            then {{ ratio_error('fte', 'now', 'base') }} * 100
        when 'fte_change' then figures.fte_error_now + figures.fte_error_before
        when 'fte_change_percent'
            then {{ ratio_error('fte', 'now', 'before') }} * 100
        when 'fte_per_10000_change_percent'
            then {{ ratio_error('rate', 'now', 'before') }} * 100
        when 'share_of_fte_distributed_on_pathways'
            then {{ ratio_error('fte', 'pathways', 'now') }} * 100
        else 0
    end as computed_error,
    case printed.measure
        when 'fte_per_10000' then 'delivered_rate'
        when 'share_of_fte' then 'delivered_share'
        when 'share_of_fte_distributed_on_pathways' then 'delivered_share'
        when 'fte_change' then 'delivered_change'
        when 'fte_change_percent' then 'delivered_change'
        when 'fte_per_10000_change_percent' then 'delivered_change'
        else 'delivered_fte'
    end as method
from printed
inner join figures
    on printed.source_id = figures.source_id
    and printed.table_id = figures.table_id
    and printed.cell_key = figures.cell_key
where figures.fte_now is not null
