with compared as (
    select * from {{ ref('mart_reconciliation__compared') }}
    where verdict = 'unexplained'
),

before_corrections as (
    select * from {{ ref('stg_before_corrections__printed_figures') }}
    where verdict != 'unexplained'
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where verdict = 'applied'
),

breakdowns as (
    select code from {{ ref('stg_classifications__codelists') }}
    where codelist = 'fte_breakdown'
),

subjects as (
    -- A unit's FTE are public, so a correction of them names the unit; a correction of other answers names the question.
    select
        corrections.time_period,
        corrections.unit_code,
        corrections.question,
        breakdowns.code is not null as is_fte,
        corrections.question || ':' || cast(corrections.time_period as string)
        || case when breakdowns.code is null then '' else ':' || corrections.unit_code end as correction
    from corrections
    left join breakdowns
        on corrections.question = breakdowns.code
),

in_force as (
    -- The years whose figures contain a correction: its own, and those to which its values were carried forward.
    select
        time_period,
        unit_code,
        question,
        is_fte,
        correction
    from subjects
    union
    select
        taken_over.time_period,
        taken_over.unit_code,
        subjects.question,
        subjects.is_fte,
        subjects.correction
    from subjects
    inner join {{ ref('int_fte_taken_over') }} as taken_over
        on subjects.question = taken_over.question
        and subjects.time_period = taken_over.origin_period
        and subjects.unit_code = taken_over.unit_code
    where taken_over.is_corrected
),

corrected_questions as (
    select distinct question from subjects
    where not is_fte
),

printed as (
    select
        cells.*,
        questions.question
    from {{ ref('int_reconciliation__printed_cells') }} as cells
    left join corrected_questions as questions
        on questions.question in (cells.dimension['question'], cells.measure)
),

bearing as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        printed.line_number,
        in_force.correction
    from printed
    inner join in_force
        on in_force.time_period in (printed.time_period, printed.from_period)
        and printed.breakdown = in_force.question
    inner join {{ ref('int_area_members') }} as members
        on members.area_basis = 'reported'
        and in_force.time_period = members.time_period
        and in_force.unit_code = members.member_code
        and printed.unit_level = members.unit_level
        and printed.unit_code = members.unit_code
    where coalesce(printed.dimension['question'], in_force.question) = in_force.question
    union
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        printed.line_number,
        in_force.correction
    from printed
    inner join in_force
        on in_force.time_period in (printed.time_period, printed.from_period)
        and printed.question = in_force.question
)

select
    compared.source_id,
    compared.table_id,
    compared.cell_key,
    compared.line_number,
    {{ joined_once('bearing.correction', ', ') }} as corrections
from compared
inner join before_corrections
    on compared.source_id = before_corrections.source_id
    and compared.table_id = before_corrections.table_id
    and compared.cell_key = before_corrections.cell_key
    and compared.line_number = before_corrections.line_number
    and abs(compared.computed - before_corrections.computed) > 1e-9
inner join bearing
    on compared.source_id = bearing.source_id
    and compared.table_id = bearing.table_id
    and compared.cell_key = bearing.cell_key
    and compared.line_number = bearing.line_number
group by compared.source_id, compared.table_id, compared.cell_key, compared.line_number
