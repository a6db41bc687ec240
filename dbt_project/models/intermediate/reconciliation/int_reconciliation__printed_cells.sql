with figures as (
    select * from {{ ref('stg_published__figures') }}
    where value is not null
),

terms as (
    select * from {{ ref('stg_published__printed_terms') }}
),

counties as (
    select * from {{ ref('stg_reference__counties') }}
),

area_names as (
    select * from {{ ref('stg_classifications__area_names') }}
),

named_parts as (
    select * from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

levels as (
    select
        figures.*,
        case
            when dimension['district'] is not null and dimension['district'] != 'total' then 'part'
            when dimension['unit_name'] is not null then 'part'
            when dimension['municipality_no'] is not null then 'municipality'
            when dimension['municipality'] is not null then 'country'
            when dimension['hf_area'] is not null then 'hf_area'
            when dimension['health_region'] is not null then 'health_region'
            when dimension['size_group'] is not null then 'size_group'
            when dimension['county'] is not null then 'county'
            else 'country'
        end as printed_level,
        coalesce(
            dimension['municipality_no'],
            dimension['hf_area'],
            dimension['health_region'],
            dimension['size_group'],
            dimension['county']
        ) as printed_area,
        coalesce(dimension['district'], dimension['unit_name']) as printed_part,
        coalesce(dimension['measure_type'], dimension['service']) as printed_service,
        coalesce(dimension['pathway'], dimension['main_course']) as printed_pathway
    from figures
),

printed_parts as (
    select
        source_id,
        table_id,
        cell_key,
        time_period,
        {{ each_of(parts_of('printed_part', '+')) }} as part_name
    from levels
    where printed_level = 'part'
),

parts as (
    select
        printed_parts.source_id,
        printed_parts.table_id,
        printed_parts.cell_key,
        min(named_parts.unit_level) as unit_level,
        {{ joined('named_parts.unit_code', '+', 'named_parts.unit_code') }} as unit_code
    from printed_parts
    inner join named_parts
        on printed_parts.time_period = named_parts.time_period
        and printed_parts.part_name = named_parts.unit_name
    group by printed_parts.source_id, printed_parts.table_id, printed_parts.cell_key
),

resolved as (
    select
        levels.*,
        case
            when levels.printed_area = 'total' and levels.printed_level != 'part' then 'country'
            when levels.printed_level = 'part' then parts.unit_level
            else levels.printed_level
        end as unit_level,
        case
            when
                levels.printed_level = 'country' or (levels.printed_area = 'total' and levels.printed_level != 'part')
                then '0'
            when levels.printed_level = 'part' then parts.unit_code
            when levels.printed_level = 'county' then counties.county_code
            when levels.printed_level = 'hf_area' then area_names.unit_code
            else levels.printed_area
        end as unit_code,
        case
            when levels.printed_service is not null then 'fte_by_service'
            when levels.dimension['education'] is not null then 'fte_by_education'
            when levels.printed_pathway is not null then 'fte_by_pathway'
            when levels.dimension['distribution'] = 'pathways' then 'fte_by_pathway'
            else 'fte_by_service'
        end as breakdown,
        coalesce(terms.code, levels.printed_service, levels.dimension['education'], levels.printed_pathway, 'total')
            as category,
        coalesce(
            levels.dimension['target_group'],
            case levels.dimension['age_group'] when '0_17' then 'children' when '18_plus' then 'adults' else 'total' end
        ) as target_group
    from levels
    left join counties
        on levels.printed_level = 'county'
        and levels.printed_area = counties.county_name
        and levels.time_period between counties.valid_from_year and counties.valid_to_year
    left join area_names
        on levels.printed_level = area_names.unit_level
        and levels.printed_area = area_names.printed_name
    left join parts
        on levels.source_id = parts.source_id
        and levels.table_id = parts.table_id
        and levels.cell_key = parts.cell_key
    left join terms
        on levels.source_id = terms.source_id
        and (
            (terms.dimension = 'service' and levels.printed_service = terms.printed_code)
            or (terms.dimension = 'education' and terms.printed_code = levels.dimension['education'])
        )
)

select
    source_id,
    table_id,
    cell_key,
    line_number,
    measure,
    time_period,
    cast(dimension['from_year'] as integer) as from_period,
    unit_level,
    unit_code,
    target_group,
    breakdown,
    category,
    coalesce(dimension['reporting_form'], 'total') as reporting_form,
    dimension,
    {{ names_without('dimension_names', [
        'county', 'hf_area', 'health_region', 'size_group', 'municipality', 'municipality_no', 'district', 'unit_name',
        'target_group', 'age_group', 'measure_type', 'service', 'education', 'pathway', 'main_course', 'distribution',
        'from_year', 'reporting_form'
    ]) }} as other_dimensions,
    value,
    half_unit,
    decimals
from resolved
