with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where measure in ('answers', 'municipalities_sampled') and dimension['survey'] is not null
),

forms as (
    select * from {{ ref('stg_forms__forms') }}
    where units = 'anonymous'
),

answers as (
    select
        forms.respondent,
        forms.time_period,
        coalesce(replace(answers.stratum, '-', '_'), 'total') as stratum,
        count(distinct answers.unit_code) as units
    from {{ ref('int_counted_answers') }} as answers
    inner join forms
        on answers.form = forms.form
    group by grouping sets (
        (forms.respondent, forms.time_period, answers.stratum), (forms.respondent, forms.time_period)
    )
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(answers.units as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from printed
inner join answers
    on printed.time_period = answers.time_period
    and printed.dimension['survey'] = answers.respondent
    and printed.dimension['size_group'] = answers.stratum
where printed.measure = 'answers'

union all

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(forms.units_sampled as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from printed
inner join forms
    on printed.time_period = forms.time_period
    and printed.dimension['survey'] = forms.respondent
where printed.measure = 'municipalities_sampled' and printed.dimension['size_group'] = 'total'
