with versions as (
    select * from {{ ref('int_delivery_versions') }}
),

compared_forms as (
    select distinct
        form,
        sha256
    from {{ ref('int_redelivered_units') }}
),

losses as (
    select
        form,
        unit_code
    from {{ ref('int_redelivered_units') }}
    where answers_lost > 0

    union all

    select distinct
        form,
        'all' as unit_code
    from {{ ref('int_redelivered_units') }}
    where answers_lost > 0
),

placed as (
    select
        redeliveries.entry,
        redeliveries.time_period,
        redeliveries.delivery,
        redeliveries.unit_code,
        count(versions.form) as versions,
        count(compared_forms.form) as versions_compared,
        count(losses.form) as losses
    from {{ ref('stg_decisions__redeliveries') }} as redeliveries
    left join versions
        on redeliveries.time_period = versions.time_period
        and redeliveries.delivery = substr(versions.sha256, 1, length(redeliveries.delivery))
    left join compared_forms
        on versions.form = compared_forms.form
    left join losses
        on versions.form = losses.form
        and redeliveries.unit_code = losses.unit_code
    group by
        redeliveries.entry,
        redeliveries.time_period,
        redeliveries.delivery,
        redeliveries.unit_code
)

select
    entry,
    time_period,
    delivery,
    unit_code,
    case
        when versions = 0 then 'no_such_version'
        when losses > 0 then 'covers'
        when versions_compared > 0 then 'covers_nothing'
        else 'not_compared'
    end as verdict
from placed
