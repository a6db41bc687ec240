{#- The models that compute printed figures: whether each marks confidential ones, and whether it computes from print. #}
{% set computations = [
    ('int_reconciliation__fte', false, false),
    ('mart_reconciliation__reporting_forms', false, false),
    ('mart_reconciliation__real_change', false, false),
    ('int_reconciliation__pathways', false, false),
    ('int_reconciliation__samples', false, false),
    ('int_reconciliation__indicators', true, false),
    ('mart_reconciliation__persons', true, false),
    ('mart_reconciliation__queries', false, false),
    ('int_reconciliation__populations', false, false),
    ('mart_reconciliation__amounts', false, false),
    ('int_reconciliation__printed_sums', false, true),
    ('int_reconciliation__printed_shares', false, true),
    ('int_reconciliation__printed_rates', false, true),
    ('int_reconciliation__printed_changes', false, true),
    ('int_reconciliation__printed_twice', false, true),
] %}
with figures as (
    select * from {{ ref('stg_published__figures') }}
),

bounds as (
    select * from {{ ref('stg_published__bounds') }}
),

computed as (
    {% for name, has_confidential, is_from_print in computations %}
        select
            source_id,
            table_id,
            cell_key,
            computed,
            computed_error,
            method,
            {{ 'is_confidential' if has_confidential else 'false as is_confidential' }},
            {{ is_from_print }} as is_from_print
        from {{ ref(name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

compared as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        figures.line_number,
        computed.method,
        computed.is_from_print,
        computed.is_confidential,
        bool_and(computed.is_from_print) over (
            partition by figures.source_id, figures.table_id, figures.cell_key, figures.line_number
        ) as has_print_only,
        cast(computed.computed as double) as computed,
        cast(computed.computed as double) - cast(figures.value as double) as difference,
        -- The difference that rounding allows, or the printed wording, which may allow more on one side.
        cast(computed.computed_error as double) + cast(
            case
                when bounds.bound is null then figures.half_unit
                when computed.computed < figures.value then bounds.below
                else bounds.above
            end as double
        ) as tolerance,
        bounds.bound,
        -- Rounds half up; the small addend absorbs the noise of binary fractions.
        floor(cast(computed.computed as double) * power(10, figures.decimals) + 0.5 + 1e-9) / power(10, figures.decimals)
            as computed_rounded,
        figures.value
    from figures
    inner join computed
        on figures.source_id = computed.source_id
        and figures.table_id = computed.table_id
        and figures.cell_key = computed.cell_key
    left join bounds
        on figures.source_id = bounds.source_id
        and figures.table_id = bounds.table_id
        and figures.cell_key = bounds.cell_key
    where figures.value is not null and computed.computed is not null
),

judged as (
    select
        *,
        case
            when bound is null and abs(computed_rounded - cast(value as double)) < 1e-9 then 1
            when abs(difference) <= tolerance + 1e-9 then 2
            else 3
        end as badness
    from compared
    where not is_from_print or has_print_only
),

worst as (
    select
        *,
        row_number() over (
            partition by source_id, table_id, cell_key, line_number
            order by badness desc, tolerance asc nulls last, method asc
        ) as choice
    from judged
),

explanations as (
    select * from {{ ref('stg_published__explanations') }}
)

-- An entry of the ledger explains one difference of one figure, not any difference that the figure may have.
select
    worst.source_id,
    worst.table_id,
    worst.cell_key,
    worst.line_number,
    worst.computed,
    worst.difference,
    worst.tolerance,
    worst.method,
    worst.is_confidential,
    case
        when worst.badness = 1 then 'equal'
        when worst.badness = 2 then 'equal_at_rounding'
        when abs(worst.difference - cast(explanations.difference as double)) <= worst.tolerance + 1e-9 then 'explained'
        else 'unexplained'
    end as verdict,
    case
        when
            worst.badness = 3
            and abs(worst.difference - cast(explanations.difference as double)) <= worst.tolerance + 1e-9
            then explanations.explanation_id
    end as explanation
from worst
left join explanations
    on worst.source_id = explanations.source_id
    and worst.table_id = explanations.table_id
    and worst.cell_key = explanations.cell_key
where worst.choice = 1
