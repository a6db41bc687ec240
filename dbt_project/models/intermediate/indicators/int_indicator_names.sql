with indicators as (
    select * from {{ ref('stg_indicators__indicators') }}
    where indicator not in (select code from {{ ref('stg_classifications__codelists') }} where codelist = 'fte_breakdown')
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
