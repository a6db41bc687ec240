-- National shares of FTE as printed, for breakdowns of which only the shares are printed.
select
    time_period,
    dimension['target_group'] as target_group,
    dimension['education'] as education,
    max(value / 100) as share,
    bool_and(value is null) as not_collected
from {{ ref('stg_published__figures') }}
where
    measure = 'share_of_fte'
    and dimension_names = 'education;target_group'
    and dimension['education'] not like '%+%'
group by time_period, dimension['target_group'], dimension['education']
