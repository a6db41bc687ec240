-- FTE of each unit that reports, by service: the one place where unit figures of all sources meet. fte_error is how far the
-- true value may lie from the figure (half a unit of the last printed digit; 0 for delivered figures).
select
    time_period,
    unit_code,
    target_group,
    'total' as service_type,
    fte,
    fte_error,
    'from_print' as obs_note
from {{ ref('int_fte_printed__unit') }}
where unit_code is not null
