-- Answers that are published together, one row a group and member.
select
    indicator,
    answer,
    unnest(string_split(members, '|')) as member
from {{ source('indicators', 'answer_groups') }}
