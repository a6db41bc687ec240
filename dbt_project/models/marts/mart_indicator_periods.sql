select distinct
    indicator,
    time_period
from {{ ref('int_indicator_rounds') }}

union

select distinct
    question as indicator,
    time_period
from {{ ref('int_fte_asked') }}

union

select distinct
    'fte_by_reporting_form' as indicator,
    rounds.time_period
from {{ ref('int_rounds') }} as rounds
inner join {{ ref('stg_forms__columns') }} as columns
    on rounds.form = columns.form
where rounds.is_delivered and columns.use = 'answer' and columns.question = 'reporting_form'

union

select distinct
    indicator,
    time_period
from {{ ref('mart_amounts') }}
where amount_nok is not null
