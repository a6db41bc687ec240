with meant as (
    select
        case
            when count(*) = 1 then min(indicator)
            else error(concat('no question is called ', question, ', see find_question'))
        end as code
    from indicators
    where indicator = question
),

words as (
    select
        codelist,
        code,
        label_nb,
        label_en
    from codelists
    where codelist in ('answer', 'item')
)

select
    indicators.indicator,
    indicators.label_nb as question_nb,
    indicators.label_en as question_en,
    shares.time_period,
    shares.unit_level,
    shares.unit_code,
    shares.unit_name,
    shares.item,
    items.label_nb as item_nb,
    items.label_en as item_en,
    shares.answer,
    answers.label_nb as answer_nb,
    answers.label_en as answer_en,
    shares.share,
    shares.n_answer,
    shares.n_answered,
    shares.n_units,
    shares.base,
    shares.unit_set,
    shares.series_break,
    shares.obs_status,
    shares.absence_reason,
    shares.obs_note,
    shares.is_constructed
from indicator_shares as shares
inner join indicators on shares.indicator = indicators.indicator
left join words as items on items.codelist = 'item' and shares.item = items.code
left join words as answers on answers.codelist = 'answer' and shares.answer = answers.code
where
    shares.indicator = (select code from meant)
    and shares.unit_level = wanted_level
    and shares.area_basis = 'reported'
order by shares.unit_code, shares.item, shares.answer, shares.time_period
