-- Every group of units whose answers are shown together, with the number of units that answered and what the policy says of
-- it: too small to be shown, or known anyhow (the country; a county that is one divided municipality). Only groups of tables
-- that have a small group: the others need no protection. Tables of a family say something of one another (a union and its
-- parts) and hide the same groups.
with parameters as (
    select max(case when parameter = 'min_units_published' then value end) as min_units
    from {{ ref('stg_classifications__parameters') }}
),

families as (
    select
        derived.source_indicator,
        derived.source_item,
        min(concat_ws('|', derived.indicator, derived.item)) as family
    from {{ ref('stg_indicators__derived_indicators') }} as derived
    group by derived.source_indicator, derived.source_item
),

rounds as (
    select
        rounds.form,
        rounds.indicator,
        rounds.item,
        rounds.time_period,
        rounds.unit_set,
        coalesce(families.family, concat_ws('|', rounds.indicator, rounds.item)) as family
    from {{ ref('int_indicator_rounds') }} as rounds
    left join families
        on rounds.indicator = families.source_indicator
        and families.source_item in (rounds.item, '*')
        and not rounds.is_derived
    where rounds.units != 'anonymous'
),

answered as (
    select
        form,
        indicator,
        item,
        area_basis,
        unit_set,
        unit_level,
        unit_code,
        max(n_answered) as n_answered
    from {{ ref('int_indicator_counts') }}
    group by form, indicator, item, area_basis, unit_set, unit_level, unit_code
),

sizes as (
    select * from {{ ref('int_unit_set_sizes') }}
),

single_municipalities as (
    -- A county that is one divided municipality shows its answer: Oslo is public as a unit of its own county. Its districts
    -- are not.
    select
        area_basis,
        time_period,
        unit_code
    from {{ ref('int_areas') }}
    where unit_level = 'county' and units_municipalities = 1 and units_with_districts > 1
),

indicator_groups as (
    select
        'indicator_shares' as subject,
        rounds.family,
        rounds.indicator,
        rounds.item,
        rounds.time_period,
        rounds.unit_set,
        sizes.area_basis,
        sizes.unit_level,
        sizes.unit_code,
        coalesce(answered.n_answered, 0) as n_answered,
        sizes.unit_level = 'country' or single_municipalities.unit_code is not null as is_fixed
    from rounds
    inner join sizes
        on rounds.time_period = sizes.time_period
        and rounds.unit_set = sizes.unit_set
    left join answered
        on rounds.form = answered.form
        and rounds.indicator = answered.indicator
        and rounds.item = answered.item
        and sizes.area_basis = answered.area_basis
        and sizes.unit_set = answered.unit_set
        and sizes.unit_level = answered.unit_level
        and sizes.unit_code = answered.unit_code
    left join single_municipalities
        on rounds.unit_set = 'municipalities'
        and sizes.unit_level = 'county'
        and sizes.area_basis = single_municipalities.area_basis
        and sizes.time_period = single_municipalities.time_period
        and sizes.unit_code = single_municipalities.unit_code
),

amounts as (
    select
        time_period,
        question as indicator,
        unit_code
    from {{ ref('int_counted_answers') }}
    where measure_unit = 'nok' and number_value is not null
),

amounts_asked as (
    select distinct
        time_period,
        indicator
    from amounts
),

amounts_answered as (
    select
        amounts.time_period,
        amounts.indicator,
        members.unit_level,
        members.unit_code,
        count(distinct members.member_code) as n_answered
    from amounts
    inner join {{ ref('int_units') }} as units
        on amounts.time_period = units.time_period
        and amounts.unit_code = units.unit_code
    inner join {{ ref('int_unit_set_members') }} as members
        on amounts.time_period = members.time_period
        and members.area_basis = 'reported'
        and members.unit_set = 'municipalities'
        and units.municipality_code = members.member_code
    group by amounts.time_period, amounts.indicator, members.unit_level, members.unit_code
),

amount_groups as (
    select
        'amounts' as subject,
        amounts_asked.indicator as family,
        amounts_asked.indicator,
        'all' as item,
        amounts_asked.time_period,
        sizes.unit_set,
        sizes.area_basis,
        sizes.unit_level,
        sizes.unit_code,
        coalesce(amounts_answered.n_answered, 0) as n_answered,
        sizes.unit_level = 'country' as is_fixed
    from amounts_asked
    inner join sizes
        on amounts_asked.time_period = sizes.time_period
        and sizes.unit_set = 'municipalities'
        and sizes.area_basis = 'reported'
        and sizes.unit_level in ('country', 'size_group')
    left join amounts_answered
        on amounts_asked.time_period = amounts_answered.time_period
        and amounts_asked.indicator = amounts_answered.indicator
        and sizes.unit_level = amounts_answered.unit_level
        and sizes.unit_code = amounts_answered.unit_code
),

all_groups as (
    select * from indicator_groups
    union all
    select * from amount_groups
),

judged as (
    select
        all_groups.*,
        -- A country in which nobody answered has nothing to hide.
        all_groups.n_answered < parameters.min_units
        and (not all_groups.is_fixed or all_groups.unit_level = 'country')
        and max(all_groups.n_answered) over (
            partition by all_groups.subject, all_groups.indicator, all_groups.item, all_groups.time_period
        ) > 0 as is_small
    from all_groups
    cross join parameters
),

tables as (
    select
        *,
        bool_or(is_small) over (partition by subject, family, time_period, unit_set) as has_small
    from judged
)

select
    subject,
    family,
    indicator,
    item,
    time_period,
    unit_set,
    area_basis,
    unit_level,
    unit_code,
    n_answered,
    is_fixed and not is_small as is_fixed,
    is_small
from tables
where has_small
