with versions as (
    select * from {{ ref('int_delivery_versions') }}
),

answered_now as (
    select * from {{ ref('int_answer_roll') }}
),

answered_before as (
    select
        rolls.form,
        versions.time_period,
        versions.sha256,
        rolls.unit_code,
        rolls.question,
        rolls.item,
        rolls.target_group,
        rolls.reporting_form
    from {{ ref('stg_history__answer_rolls') }} as rolls
    inner join versions
        on rolls.form = versions.form
    where rolls.sha256 != versions.sha256
),

counted_now as (
    select
        form,
        unit_code,
        count(*) as answers_now
    from answered_now
    group by form, unit_code
),

compared as (
    select
        answered_before.form,
        answered_before.time_period,
        answered_before.sha256,
        answered_before.unit_code,
        count(*) as answers_before,
        count(*) - count(answered_now.form) as answers_lost
    from answered_before
    left join answered_now
        on {{ same_question('answered_before', 'answered_now') }}
        and answered_before.unit_code = answered_now.unit_code
    group by
        answered_before.form,
        answered_before.time_period,
        answered_before.sha256,
        answered_before.unit_code
),

signed as (
    select distinct
        versions.form,
        redeliveries.unit_code
    from {{ ref('stg_decisions__redeliveries') }} as redeliveries
    inner join versions
        on redeliveries.time_period = versions.time_period
        and redeliveries.delivery = substr(versions.sha256, 1, length(redeliveries.delivery))
),

judged as (
    select
        compared.*,
        coalesce(counted_now.answers_now, 0) as answers_now,
        coalesce(signed_units.form, signed_deliveries.form) is not null as is_signed
    from compared
    left join counted_now
        on compared.form = counted_now.form
        and compared.unit_code = counted_now.unit_code
    left join signed as signed_units
        on compared.form = signed_units.form
        and compared.unit_code = signed_units.unit_code
    left join signed as signed_deliveries
        on compared.form = signed_deliveries.form
        and signed_deliveries.unit_code = 'all'
)

select
    form,
    time_period,
    sha256,
    unit_code,
    answers_before,
    answers_now,
    answers_lost,
    case
        when answers_lost = 0 then 'kept'
        when is_signed then 'signed'
        when answers_now = 0 or answers_lost > {{ limit_of('redelivery_lost_share') }} * answers_before then 'unsigned'
        else 'lost_few'
    end as verdict
from judged
