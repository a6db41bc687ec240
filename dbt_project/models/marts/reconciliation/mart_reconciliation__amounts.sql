with figures as (
    select * from {{ ref('stg_published__figures') }}
    where value is not null
),

amounts as (
    select * from {{ ref('mart_amounts') }}
),

nominal_amounts as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        amounts.amount_nok as computed,
        0 as computed_error,
        'delivered_amount' as method
    from figures
    inner join amounts
        on figures.time_period = amounts.time_period
        and (
            (
                amounts.unit_level = 'country'
                and (figures.dimension['price_basis'] = 'nominal' or figures.dimension['size_group'] = 'total')
            )
            or (amounts.unit_level = 'size_group' and figures.dimension['size_group'] = amounts.unit_code)
        )
    where
        figures.measure = 'user_involvement_amount'
        and figures.dimension_names in ('price_basis', 'size_group')
        and coalesce(amounts.obs_note, '') not like '%from_print%'
),

municipal_amounts as (
    select
        rounds.collection_year - 1 as time_period,
        answers.question as indicator,
        units.municipality_code,
        sum(answers.number_value) as amount_nok
    from {{ ref('int_counted_answers') }} as answers
    inner join {{ ref('int_rounds') }} as rounds
        on answers.form = rounds.form
    inner join {{ ref('int_units') }} as units
        on rounds.time_period = units.time_period
        and answers.unit_code = units.unit_code
    where answers.measure_unit = 'nok' and answers.number_value is not null
    group by rounds.collection_year, answers.question, units.municipality_code
),

zero_amounts as (
    -- The municipalities that granted nothing are all except those behind the sum: their number is hidden with the sum.
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        count(*) as computed,
        0 as computed_error,
        'delivered_amount' as method
    from figures
    inner join municipal_amounts
        on figures.time_period = municipal_amounts.time_period
        and figures.dimension['question'] = municipal_amounts.indicator
        and municipal_amounts.amount_nok = 0
    inner join amounts
        on municipal_amounts.time_period = amounts.time_period
        and municipal_amounts.indicator = amounts.indicator
        and amounts.unit_level = 'country'
        and amounts.absence_reason is null
    where figures.measure = 'municipalities' and figures.dimension['answer'] = 'zero'
    group by figures.source_id, figures.table_id, figures.cell_key
),

real_amounts as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        amounts.amount_nok_real as computed,
        amounts.amount_error * amounts.price_factor as computed_error,
        'price_index' as method
    from figures
    inner join amounts
        on figures.time_period = amounts.time_period
        and amounts.unit_level = 'country'
    where
        figures.measure = 'user_involvement_amount'
        and figures.dimension_names = 'price_basis'
        and figures.dimension['price_basis'] != 'nominal'
),

changes as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        case figures.dimension['price_basis']
            when 'nominal' then (cast(later.amount_nok as double) / earlier.amount_nok - 1) * 100
            else (later.amount_nok_real / earlier.amount_nok_real - 1) * 100
        end as computed,
        -- Rounding to thousands moves a change by less than a thousandth of a percent.
        0.01 as computed_error,
        'change_of_amounts' as method
    from figures
    inner join amounts as later
        on figures.time_period = later.time_period
        and later.unit_level = 'country'
    inner join amounts as earlier
        on cast(figures.dimension['from_year'] as integer) = earlier.time_period
        and earlier.unit_level = 'country'
    where figures.measure = 'user_involvement_amount_change_percent' and figures.dimension_names = 'from_year;price_basis'
),

per_inhabitant as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        amounts.amount_per_inhabitant as computed,
        amounts.amount_error / amounts.population as computed_error,
        'amount_per_inhabitant' as method
    from figures
    inner join amounts
        on figures.time_period = amounts.time_period
        and (
            (amounts.unit_level = 'size_group' and figures.dimension['size_group'] = amounts.unit_code)
            or (amounts.unit_level = 'country' and figures.dimension['size_group'] = 'total')
        )
    where
        figures.measure = 'user_involvement_nok_per_inhabitant'
        and figures.dimension_names = 'size_group;weighting'
        and figures.dimension['weighting'] = 'weighted'
)

select * from nominal_amounts
union all
select * from zero_amounts
union all
select * from real_amounts
union all
select * from changes
union all
select * from per_inhabitant
