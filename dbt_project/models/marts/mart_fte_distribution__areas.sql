{#- The notes of municipalities that also apply to a group of them. -#}
{% set notes_of_municipalities = ['confirmed', 'corrected', 'rejected_cells', 'weight_estimated'] %}
{% set kostra_notes = {
    'confirmed': 'places.is_confirmed', 'corrected': 'places.is_corrected', 'rejected_cells': 'places.is_rejected_cells',
    'units_missing': 'places.is_units_missing', 'weight_estimated': 'places.is_weight_estimated'
} %}
with figures as (
    select * from {{ ref('mart_fte_by_service') }}
    where service_type = 'total'
),

areas as (
    select * from {{ ref('int_municipality_areas') }}
    where unit_level in ('country', 'county', 'size_group', 'kostra_group')
),

places as (
    select
        areas.time_period,
        areas.area_basis,
        areas.unit_level,
        areas.unit_code,
        figures.target_group,
        count(*) as n_municipalities,
        bool_or(figures.obs_status = 'I') as is_carried_forward,
        bool_or(figures.obs_status = 'E') as is_estimated,
        bool_or(coalesce(figures.is_from_constructed, false)) as is_from_constructed,
        {% for note in notes_of_municipalities %}
            bool_or(coalesce(figures.obs_note, '') like '%{{ note }}%') as is_{{ note }},
        {% endfor %}
        count(figures.fte_per_10000) < count(*) as is_units_missing
    from areas
    inner join figures
        on areas.time_period = figures.time_period
        and areas.area_basis = figures.area_basis
        and areas.municipality_code = figures.unit_code
        and figures.unit_level = 'municipality'
    group by areas.time_period, areas.area_basis, areas.unit_level, areas.unit_code, figures.target_group
),

kostra_names as (
    select distinct
        kostra_group as unit_code,
        kostra_group_name as unit_name
    from {{ ref('int_municipality_kostra_groups') }}
),

shown as (
    -- KOSTRA groups have no sums of their own: their notes are those of their municipalities.
    select
        time_period,
        series,
        unit_level,
        unit_code,
        unit_name,
        area_basis,
        target_group,
        series_break,
        obs_status,
        absence_reason,
        obs_note,
        is_from_constructed
    from figures
    where unit_level in ('country', 'county', 'size_group')

    union all

    select
        country.time_period,
        country.series,
        places.unit_level,
        places.unit_code,
        kostra_names.unit_name,
        country.area_basis,
        country.target_group,
        country.series_break,
        case
            when country.absence_reason is not null then country.obs_status
            when places.is_carried_forward then 'I'
            when places.is_estimated then 'E'
            else 'A'
        end as obs_status,
        country.absence_reason,
        {{ notes(kostra_notes) }} as obs_note,
        places.is_from_constructed
    from figures as country
    inner join places
        on country.time_period = places.time_period
        and country.area_basis = places.area_basis
        and country.target_group = places.target_group
    inner join kostra_names
        on places.unit_code = kostra_names.unit_code
    where country.unit_level = 'country' and places.unit_level = 'kostra_group'
)

select
    shown.*,
    places.n_municipalities
from shown
left join places
    on shown.time_period = places.time_period
    and {{ same_area('shown', 'places') }}
    and shown.target_group = places.target_group
