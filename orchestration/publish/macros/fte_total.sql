select * from fte_country
where time_period = wanted_year
