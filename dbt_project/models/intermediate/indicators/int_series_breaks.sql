with declared as (
    select * from {{ ref('stg_classifications__series_breaks') }}

    union all

    -- Quartiles are computed from the municipalities' FTE rates, so their series breaks where that of FTE does.
    select
        'fte_distribution' as indicator,
        time_period,
        kind,
        comparable_before,
        description_nb,
        description_en,
        source
    from {{ ref('stg_classifications__series_breaks') }}
    where indicator = 'fte_by_service'
),

of_bases as (
    select * from {{ ref('int_series_breaks__bases') }}
),

derived as (
    select
        *,
        'forms' as source
    from {{ ref('int_series_breaks__forms') }}

    union all

    select
        of_bases.*,
        'bases' as source
    from of_bases
    left join {{ ref('int_series_breaks__forms') }} as forms
        on of_bases.indicator = forms.indicator
        and of_bases.time_period = forms.time_period
        and of_bases.kind = forms.kind
    where forms.indicator is null

    union all

    select
        *,
        'ends' as source
    from {{ ref('int_series_breaks__ends') }}
)

select
    indicator,
    time_period,
    kind,
    comparable_before,
    description_nb,
    description_en,
    source
from declared
where indicator != 'indicators'

union all

select
    derived.indicator,
    derived.time_period,
    derived.kind,
    derived.comparable_before,
    derived.description_nb,
    derived.description_en,
    derived.source
from derived
left join declared
    on derived.indicator = declared.indicator
    and derived.time_period = declared.time_period
    and derived.kind = declared.kind
where declared.indicator is null
