-- Answers that are published together, one row per group and member.
select
    indicator,
    answer,
    {{ each_of(parts_of('members', '|')) }} as member
from {{ source('indicators', 'answer_groups') }}
