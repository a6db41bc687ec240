{#- The printed dimensions that have a column of their own; others are kept by name. #}
{% set areas = [
    'municipality_no', 'municipality', 'hf_area', 'health_region', 'size_group', 'county', 'district', 'unit_name'
] %}
{% set categories = ['measure_type', 'service', 'education', 'pathway', 'main_course', 'distribution'] %}
{% set others = ['target_group', 'age_group', 'from_year', 'reporting_form'] %}
with figures as (
    select
        *,
        coalesce(dimension['measure_type'], dimension['service']) as printed_service,
        dimension['education'] as printed_education,
        coalesce(dimension['pathway'], dimension['main_course']) as printed_pathway
    from {{ ref('stg_published__figures') }}
    where value is not null
),

areas as (
    select * from {{ ref('int_reconciliation__printed_areas') }}
),

terms as (
    select * from {{ ref('stg_published__printed_terms') }}
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    figures.line_number,
    figures.measure,
    figures.time_period,
    cast(figures.dimension['from_year'] as integer) as from_period,
    areas.unit_level,
    areas.unit_code,
    coalesce(
        figures.dimension['target_group'],
        case figures.dimension['age_group'] when '0_17' then 'children' when '18_plus' then 'adults' else 'total' end
    ) as target_group,
    case
        when figures.printed_service is not null then 'fte_by_service'
        when figures.printed_education is not null then 'fte_by_education'
        when figures.printed_pathway is not null then 'fte_by_pathway'
        when figures.dimension['distribution'] = 'pathways' then 'fte_by_pathway'
        else 'fte_by_service'
    end as breakdown,
    coalesce(terms.code, figures.printed_service, figures.printed_education, figures.printed_pathway, 'total') as category,
    coalesce(figures.dimension['reporting_form'], 'total') as reporting_form,
    figures.dimension,
    {{ names_without('figures.dimension_names', areas + categories + others) }} as other_dimensions,
    figures.value,
    figures.half_unit,
    figures.decimals
from figures
inner join areas
    on figures.source_id = areas.source_id
    and figures.table_id = areas.table_id
    and figures.cell_key = areas.cell_key
left join terms
    on figures.source_id = terms.source_id
    and (
        (terms.dimension = 'service' and figures.printed_service = terms.printed_code)
        or (terms.dimension = 'education' and figures.printed_education = terms.printed_code)
    )
