with ends as (
    select * from {{ ref('int_question_ends') }}
),

indicators as (
    select * from {{ ref('stg_indicators__indicators') }}
)

select
    ends.indicator,
    ends.time_period,
    case when ends.state in ('replaced', 'dropped') then 'dropped' else 'not_delivered' end as kind,
    true as comparable_before,
    case ends.state
        when 'replaced' then 'Erstattet av et annet spørsmål: ' || successors.label_nb || '.'
        when 'dropped' then 'Ikke lenger spurt om.'
        when 'asked' then 'Spurt om også denne gangen; svarene er ikke levert.'
        else 'Ikke blant de leverte spørsmålene; om det ble spurt, er ikke kjent.'
    end as description_nb,
    case ends.state
        when 'replaced' then 'Another question took its place: ' || successors.label_en || '.'
        when 'dropped' then 'No longer asked.'
        when 'asked' then 'Asked this time too; the answers were not delivered.'
        else 'Not among the delivered questions; whether it was asked is not known.'
    end as description_en
from ends
left join indicators as successors
    on ends.successor = successors.indicator
