{#- Dimensions that name a row of a grid, and dimensions that only other kinds of figures have. #}
{% set rows_of_grids = [
    'service', 'user_group', 'centre', 'competence', 'source_of_competence', 'reason', 'challenge', 'housing_type', 'partner',
    'measure'
] %}
{% set of_other_figures = ['stat', 'filter', 'coverage', 'team_type', 'groups_bought_nonprofit'] %}
with printed as (
    select
        cells.*,
        figures.n_base,
        coalesce(kind_terms.code, question_terms.code, cells.dimension['question']) as indicator,
        case
            when
                cells.dimension['provider'] is not null and cells.dimension['answer'] = 'yes'
                then cells.dimension['provider']
            else coalesce(
                    case when kind_terms.code is null then cells.dimension['stay_type'] end,
                    case when cells.dimension['answer'] is null then cells.dimension['place_type'] end,
                    cells.dimension['person_category'],
                    cells.dimension['answer'],
                    'yes'
                )
        end as printed_answer,
        coalesce(
            {% for name in rows_of_grids %}
                cells.dimension['{{ name }}'],
            {% endfor %}
            case
                when cells.dimension['pathway'] is not null
                    then concat_ws(
                            '_',
                            cells.dimension['target_group'],
                            cells.dimension['reporting_form'],
                            cells.dimension['pathway']
                        )
            end,
            case
                when cells.dimension['stay_type'] is not null and kind_terms.code is null then cells.dimension['place_type']
            end,
            cells.dimension['education'],
            cells.dimension['target_group'],
            'all'
        ) as plain_item,
        cells.dimension['respondent'] as respondent,
        coalesce(unit_sets.unit_set = 'without_districts' and cells.dimension['size_group'] is null, false)
            as is_without_districts,
        coalesce(county_sets.unit_set, case when unit_sets.unit_set != 'without_districts' then unit_sets.unit_set end)
            as printed_unit_set,
        bool_or(cells.dimension['answer'] = 'answered') over (
            partition by cells.source_id, cells.table_id, cells.dimension['question']
        ) as has_answered_row
    from {{ ref('int_reconciliation__printed_cells') }} as cells
    inner join {{ ref('stg_published__figures') }} as figures
        on cells.source_id = figures.source_id
        and cells.line_number = figures.line_number
    left join {{ ref('stg_published__printed_terms') }} as question_terms
        on cells.source_id = question_terms.source_id
        and question_terms.dimension = 'question'
        and cells.dimension['question'] = question_terms.printed_code
    -- Any stay type: the units that have the kind of place at all.
    left join {{ ref('stg_published__printed_terms') }} as kind_terms
        on cells.source_id = kind_terms.source_id
        and kind_terms.dimension = 'any_stay_type'
        and cells.dimension['stay_type'] = 'any'
        and cells.dimension['question'] = kind_terms.printed_code
    left join {{ ref('stg_published__unit_sets') }} as county_sets
        on cells.source_id = county_sets.source_id
        and cells.table_id = county_sets.table_id
        and cells.dimension['county'] = county_sets.county
    left join {{ ref('stg_published__unit_sets') }} as unit_sets
        on cells.source_id = unit_sets.source_id
        and cells.table_id = unit_sets.table_id
        and unit_sets.county is null
        and county_sets.unit_set is null
    where
        cells.measure in ('municipalities', 'share_of_municipalities', 'respondents_n')
        and cells.dimension['question'] is not null
        -- Statistics over areas or providers, and subgroups of respondents, are other kinds of figures.
        {% for name in of_other_figures %}
            and cells.dimension['{{ name }}'] is null
        {% endfor %}
),

terms as (
    select * from {{ ref('stg_published__printed_terms') }}
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    printed.line_number,
    printed.measure,
    printed.dimension,
    printed.time_period,
    printed.half_unit,
    printed.n_base,
    printed.indicator,
    printed.respondent,
    printed.unit_level,
    printed.unit_code,
    printed.is_without_districts,
    printed.printed_unit_set,
    printed.has_answered_row,
    coalesce(answer_terms.code, replace(printed.printed_answer, '_degree', '_extent')) as answer,
    coalesce(item_terms.code, printed.plain_item) as plain_code,
    -- For persons of a category, time_period is the year asked about and survey_year the round, one year later.
    coalesce(cast(printed.dimension['survey_year'] as integer), printed.time_period) as survey_period
from printed
left join terms as answer_terms
    on printed.source_id = answer_terms.source_id
    and answer_terms.dimension = 'answer:' || printed.indicator
    and printed.printed_answer = answer_terms.printed_code
left join terms as item_terms
    on printed.source_id = item_terms.source_id
    and item_terms.dimension = 'item:' || printed.indicator
    and printed.plain_item = item_terms.printed_code
