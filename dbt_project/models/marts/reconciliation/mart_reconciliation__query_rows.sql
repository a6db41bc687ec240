{#- The tables that a query may read: the model, its key columns with their defaults, the measures, and the method name of a
    figure computed from it. #}
{% set year = "cast(figures.time_period as string)" %}
{% set country = {'unit_level': "'country'", 'unit_code': "'0'"} %}
{% set fte = country | dictsort + [
    ('time_period', year), ('series', "'is248'"), ('area_basis', "'reported'"), ('target_group', "'total'")
] %}
{% set tables = [
    (
        'indicator_shares', 'mart_indicator_shares', 'delivered_answers',
        country | dictsort + [
            ('indicator', "''"), ('answer', "''"), ('item', "'all'"), ('time_period', year), ('area_basis', "'reported'")
        ],
        ['n_answer', 'n_answered', 'n_units', 'share_of_answered', 'share_of_all'],
    ),
    (
        'fte_by_service', 'mart_fte_by_service', 'delivered_fte', fte + [('service_type', "'total'")],
        ['fte', 'population', 'fte_per_10000', 'fte_per_10000_unweighted', 'share', 'share_of_both_groups'],
    ),
    ('fte_by_education', 'mart_fte_by_education', 'delivered_fte', fte + [('education', "'total'")], ['fte', 'share']),
    (
        'fte_by_pathway', 'mart_fte_by_pathway', 'delivered_fte', fte + [('pathway', "'total'")],
        ['fte', 'share', 'units_answered', 'units_total'],
    ),
    (
        'fte_by_reporting_form', 'mart_fte_by_reporting_form', 'delivered_fte',
        [('time_period', year), ('target_group', "'total'"), ('reporting_form', "'total'")],
        ['fte', 'municipalities', 'share_of_municipalities'],
    ),
    (
        'amounts', 'mart_amounts', 'delivered_amount',
        country | dictsort + [('indicator', "'user_involvement_amount'"), ('time_period', year)],
        ['amount_nok', 'amount_nok_real', 'population', 'amount_per_inhabitant', 'n_answered'],
    ),
    (
        'response', 'mart_response', 'delivered_units',
        [('time_period', year), ('survey', "'is248'"), ('unit_set', "'municipalities'")],
        ['units_answered', 'units_expected', 'units_carried_forward', 'units_missing'],
    ),
    (
        'real_change', 'mart_real_change', 'delivered_change',
        [('time_period_from', "''"), ('time_period_to', year), ('target_group', "'total'")],
        ['change_percent', 'real_change_percent', 'change_fte', 'municipalities_excluded'],
    ),
    (
        'person_estimates', 'mart_person_estimates', 'delivered_answers',
        [('indicator', "''"), ('time_period', year), ('category', "'total'")],
        ['n_units', 'persons_main', 'persons_alternative'],
    ),
    (
        'indicator_odds_ratios', 'mart_indicator_odds_ratios', 'delivered_answers',
        country | dictsort + [
            ('indicator', "''"), ('answer', "''"), ('item', "'all'"), ('time_period', year), ('area_basis', "'reported'")
        ],
        ['odds_ratio', 'odds_ratio_std_err', 'z_value', 'p_value', 'odds_ratio_ci95_low', 'odds_ratio_ci95_high'],
    ),
    (
        'mean_scores', 'mart_mean_scores', 'delivered_answers',
        country | dictsort + [
            ('indicator', "''"), ('item', "'all'"), ('time_period', year), ('area_basis', "'reported'")
        ],
        ['mean_score', 'n_base'],
    ),
    (
        'fte_distribution', 'mart_fte_distribution', 'delivered_fte', fte,
        ['median', 'mean', 'quartile_1', 'quartile_3', 'lower_whisker', 'upper_whisker', 'n_low_outliers', 'n_high_outliers'],
    ),
] %}
with queries as (
    select * from {{ ref('stg_published__queries') }}
),

figures as (
    select distinct
        source_id,
        table_id,
        cell_key,
        time_period
    from {{ ref('stg_published__figures') }}
),

found as (
    {% for name, model, method, keys, measures in tables %}
        select
            queries.line_number,
            '{{ method }}' as method,
            rows.obs_status,
            rows.absence_reason,
            case queries.measure
                {% for measure in measures %}
                    when '{{ measure }}' then cast(rows.{{ measure }} as double)
                {% endfor %}
            end as value
        from queries
        inner join figures
            on queries.source_id = figures.source_id
            and queries.table_id = figures.table_id
            and queries.cell_key = figures.cell_key
        inner join {{ ref(model) }} as rows
            on true
            {% for key, default in keys %}
                and cast(rows.{{ key }} as string) = coalesce(queries.dimension['{{ key }}'], {{ default }})
            {% endfor %}
        where queries.public_table = '{{ name }}'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    queries.source_id,
    queries.table_id,
    queries.cell_key,
    queries.line_number,
    queries.role,
    queries.factor,
    count(found.line_number) as rows_found,
    min(found.method) as method,
    max(found.value) as value,
    case
        when count(found.line_number) = 0 then 'not_in_deliveries'
        else max(case when found.obs_status = 'Q' then 'confidential' else found.absence_reason end)
    end as absence_reason
from queries
left join found
    on queries.line_number = found.line_number
group by
    queries.source_id, queries.table_id, queries.cell_key, queries.line_number, queries.role, queries.factor
