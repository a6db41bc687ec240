select
    indicators.indicator,
    indicators.label_nb,
    indicators.label_en,
    min(shares.time_period) as first_year,
    max(shares.time_period) as last_year,
    count(distinct shares.time_period) as years
from indicators
left join indicator_shares as shares on indicators.indicator = shares.indicator
where contains(lower(concat_ws(' ', indicators.indicator, indicators.label_nb, indicators.label_en)), lower(part))
group by indicators.indicator, indicators.label_nb, indicators.label_en
order by indicators.indicator
