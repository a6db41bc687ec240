with breakdowns as (
    select code from {{ ref('stg_classifications__codelists') }}
    where codelist = 'fte_breakdown'
),

indicators as (
    select labels.*
    from {{ ref('stg_indicators__indicators') }} as labels
    left join breakdowns
        on labels.indicator = breakdowns.code
    where breakdowns.code is null
),

aliases as (
    select
        indicator,
        {{ each_of(parts_of('aliases', ';')) }} as alias
    from indicators
    where aliases is not null
),

printed as (
    select distinct
        source_id,
        coalesce(dimension['question'], measure) as name
    from {{ ref('stg_published__figures') }}
)

select
    split_part(trim(alias), ':', 1) as source_id,
    split_part(trim(alias), ':', 2) as name,
    indicator
from aliases

union

select
    printed.source_id,
    printed.name,
    indicators.indicator
from printed
inner join indicators
    on printed.name = indicators.indicator
