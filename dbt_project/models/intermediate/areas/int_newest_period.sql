select coalesce(max(case when is_delivered then time_period end), max(time_period)) as newest_period
from {{ ref('int_rounds') }}
