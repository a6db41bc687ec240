select
    time_period,
    measure as indicator,
    case when dimension_names = 'price_basis' then 'country' else 'size_group' end as unit_level,
    case when dimension_names = 'price_basis' then '0' else dimension['size_group'] end as unit_code,
    value as amount_nok,
    half_unit as amount_error
from {{ ref('stg_published__figures') }}
where
    measure in (
        select codes.code from {{ ref('stg_classifications__codelists') }} as codes
        where codes.codelist = 'amount'
    )
    and value is not null
    and table_id not like 'text:%'
    and (
        (dimension_names = 'price_basis' and dimension['price_basis'] = 'nominal')
        or (dimension_names = 'size_group' and dimension['size_group'] != 'total')
    )
