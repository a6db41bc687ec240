-- A code; a name with what tells it from its namesakes or without ("Bø (Nordland)", "Bø"), or in one of its languages.
with units as (
    select * from fte_country
    union all by name
    select * from fte_county_today
    union all by name
    select * from fte_hf_area
    union all by name
    select * from fte_municipality_today
),

meant as (
    select
        count(distinct unit_code) as found,
        min(unit_code) as unit_code
    from units
    where
        unit_level = wanted_level
        and (
            unit_code = unit
            or lower(unit_name) = lower(unit)
            or list_contains(string_split(split_part(lower(unit_name), ' (', 1), ' - '), lower(unit))
        )
)

select * from units
where
    unit_level = wanted_level
    and unit_code = (
        select
            case
                when found = 1 then unit_code
                else error(concat(found, ' units of the level ', wanted_level, ' are called ', unit, ', see find_unit'))
            end
        from meant
    )
order by time_period
