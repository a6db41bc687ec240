with figures as (
    select * from {{ ref('int_amount_figures') }}
),

index_values as (
    select * from {{ ref('int_price_factors') }}
),

judged as (
    -- A single empty size group would equal the country less the others. Kept figures were judged when they were published.
    select
        *,
        not is_kept
        and (
            is_of_few
            or (unit_level = 'size_group' and bool_or(is_of_few) over (partition by indicator, time_period))
        ) as is_told_by_sum,
        case
            when is_kept then n_answered is null
            else
                is_left_blank_by_few
                or (unit_level = 'size_group' and bool_or(is_left_blank_by_few) over (partition by indicator, time_period))
        end as is_number_hidden
    from figures
),

reasons as (
    select
        *,
        case
            when is_from_delivery and (is_confidential or is_told_by_sum) then 'confidential'
            when amount_nok is not null then null
            when not is_delivered then 'not_delivered'
            when not is_asked then 'not_asked'
            else 'not_answered'
        end as absence_reason
    from judged
    -- Size groups have rows only where something is known about them.
    where unit_level = 'country' or is_from_delivery or amount_nok is not null
)

select
    reasons.indicator,
    reasons.time_period,
    reasons.unit_level,
    reasons.unit_code,
    reasons.unit_name,
    case when reasons.absence_reason is null then reasons.amount_nok end as amount_nok,
    reasons.amount_error,
    index_values.price_factor,
    case when reasons.absence_reason is null then cast(reasons.amount_nok as double) * index_values.price_factor end
        as amount_nok_real,
    cast(index_values.price_year as integer) as price_year,
    reasons.population,
    case when reasons.absence_reason is null then cast(reasons.amount_nok as double) / nullif(reasons.population, 0) end
        as amount_per_inhabitant,
    case when reasons.absence_reason is null and not reasons.is_number_hidden then reasons.n_answered end as n_answered,
    {{ has_break('reasons.indicator', 'reasons') }} as series_break,
    coalesce({{ absence_status('reasons.absence_reason') }}, 'A') as obs_status,
    reasons.absence_reason,
    case
        when reasons.absence_reason is null then {{ notes({
            'answered_confidential': 'reasons.is_from_delivery and reasons.is_number_hidden',
            'awaits_changes': 'reasons.is_kept',
            'corrected':
                "reasons.is_from_delivery and reasons.is_corrected and not reasons.is_kept and reasons.unit_level = 'country'",
            'from_print': 'not reasons.is_from_delivery',
            'units_missing':
                'reasons.is_from_delivery and not reasons.is_number_hidden and reasons.n_answered < reasons.units_municipalities',
        }) }}
    end as obs_note
from reasons
left join index_values
    on reasons.time_period = index_values.time_period
