with printed as (
    select distinct
        indicator,
        item,
        survey_period as time_period,
        unit_set,
        is_without_districts,
        unit_level,
        unit_code,
        answer
    from {{ ref('int_reconciliation__printed_answers') }}
),

places as (
    select distinct
        time_period,
        unit_set,
        unit_level,
        unit_code
    from printed
    where is_without_districts
),

groups as (
    select
        time_period,
        unit_set,
        false as is_without_districts,
        unit_level,
        unit_code,
        members,
        members_sha256
    from {{ ref('int_unit_set_groups') }}
    where area_basis = 'reported'

    union all

    select
        members.time_period,
        members.unit_set,
        true as is_without_districts,
        members.unit_level,
        members.unit_code,
        {{ joined('members.member_code', '|', 'members.member_code') }} as members,
        {{ text_hash(joined('members.member_code', '|', 'members.member_code')) }} as members_sha256
    from {{ ref('int_unit_set_members') }} as members
    inner join places
        on members.time_period = places.time_period
        and members.unit_set = places.unit_set
        and members.unit_level = places.unit_level
        and members.unit_code = places.unit_code
    left join {{ ref('int_unit_set_members') }} as districts
        on members.time_period = districts.time_period
        and members.unit_set = districts.unit_set
        and districts.area_basis = 'reported'
        and districts.unit_level = 'size_group'
        and districts.unit_code = 'oslo_districts'
        and members.member_code = districts.member_code
    where members.area_basis = 'reported' and districts.member_code is null
    group by members.time_period, members.unit_set, members.unit_level, members.unit_code
)

select
    'indicator_shares' as subject,
    printed.indicator,
    printed.item,
    printed.time_period,
    groups.members,
    groups.members_sha256,
    bool_and(printed.unit_level in ('country', 'size_group')) as is_size,
    {{ joined_once('printed.answer', '|') }} as answers
from printed
inner join groups
    on printed.time_period = groups.time_period
    and printed.unit_set = groups.unit_set
    and printed.is_without_districts = groups.is_without_districts
    and printed.unit_level = groups.unit_level
    and printed.unit_code = groups.unit_code
group by printed.indicator, printed.item, printed.time_period, groups.members, groups.members_sha256
