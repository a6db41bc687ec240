-- Computed from shown shares and from the areas of units, never from the answers of units.
with shares as (
    select * from {{ ref('mart_indicator_shares') }}
    where n_answer is not null and n_answered > 0 and area_basis = 'reported'
),

members as (
    select * from {{ ref('int_unit_set_members') }}
    where area_basis = 'reported'
),

compositions as (
    select
        areas.time_period,
        areas.unit_set,
        areas.unit_level,
        areas.unit_code,
        sizes.unit_code as size_group,
        count(*) as n_units
    from members as areas
    inner join members as sizes
        on areas.time_period = sizes.time_period
        and areas.unit_set = sizes.unit_set
        and areas.member_code = sizes.member_code
        and sizes.unit_level = 'size_group'
    where areas.unit_level in ('county', 'hf_area', 'health_region')
    group by areas.time_period, areas.unit_set, areas.unit_level, areas.unit_code, sizes.unit_code
),

expected as (
    select
        areas.indicator,
        areas.answer,
        areas.item,
        areas.time_period,
        areas.unit_level,
        areas.unit_code,
        -- No share is expected where a size group is not shown.
        case
            when count(*) = count(sizes.share_of_answered)
                then sum(compositions.n_units * sizes.share_of_answered) / sum(compositions.n_units)
        end as expected_share
    from shares as areas
    inner join compositions
        on areas.time_period = compositions.time_period
        and areas.unit_set = compositions.unit_set
        and areas.unit_level = compositions.unit_level
        and areas.unit_code = compositions.unit_code
    left join shares as sizes
        on areas.indicator = sizes.indicator
        and areas.answer = sizes.answer
        and areas.item = sizes.item
        and areas.time_period = sizes.time_period
        and sizes.unit_level = 'size_group'
        and compositions.size_group = sizes.unit_code
    group by
        areas.indicator, areas.answer, areas.item, areas.time_period, areas.unit_level, areas.unit_code
)

select
    shares.indicator,
    shares.answer,
    shares.item,
    shares.time_period,
    shares.unit_level,
    shares.unit_code,
    shares.unit_name,
    shares.share_of_answered,
    shares.n_answered,
    shares.n_units,
    -- Treats the units that answered as drawn at random from the group, or in a sample from far more units.
    case
        when shares.n_answered > 1
            then sqrt(
                    shares.share_of_answered * (1 - shares.share_of_answered) / (shares.n_answered - 1)
                    * case
                        when shares.unit_set = 'sample' then 1 else 1 - cast(shares.n_answered as double) / shares.n_units
                    end
                )
    end as standard_error,
    expected.expected_share,
    shares.share_of_answered / nullif(expected.expected_share, 0) * countries.share_of_answered as standardised_share
from shares
left join expected
    on shares.indicator = expected.indicator
    and shares.answer = expected.answer
    and shares.item = expected.item
    and shares.time_period = expected.time_period
    and shares.unit_level = expected.unit_level
    and shares.unit_code = expected.unit_code
left join shares as countries
    on shares.indicator = countries.indicator
    and shares.answer = countries.answer
    and shares.item = countries.item
    and shares.time_period = countries.time_period
    and countries.unit_level = 'country'
