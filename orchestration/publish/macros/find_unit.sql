select
    unit_level,
    unit_code,
    unit_name,
    min(time_period) as first_year,
    max(time_period) as last_year,
    bool_or(area_basis = 'current') as is_today
from areas
where contains(lower(unit_name), lower(part))
group by unit_level, unit_code, unit_name
order by unit_level, unit_code, first_year
