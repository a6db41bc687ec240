with answers as (
    select answers.*
    from {{ ref('int_answers') }} as answers
    inner join {{ ref('int_counted_rows') }} as counted
        on answers.row_key = counted.row_key
    where answers.fate = 'rejected' or (answers.fate_reason = 'missing_code' and answers.measure_unit = 'fte')
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where verdict = 'applied'
),

wordings as (
    select
        form,
        line,
        header,
        wording_nb
    from {{ ref('stg_forms__columns') }}
),

rejected_rows as (
    select
        row_key,
        form,
        survey,
        time_period,
        unit_code,
        row_rejected_reason,
        file,
        sheet,
        row_number,
        sum(case when question = 'fte_by_service' and use = 'answer' then number_value end) as fte
    from {{ ref('int_cells') }}
    where
        row_rejected_reason is not null
        and row_ignored_reason is null
        and fate = 'rejected'
        -- Several undated submissions of a unit are a finding of ctl_submissions.
        and row_rejected_reason != 'several_submissions_undated'
    group by row_key, form, survey, time_period, unit_code, row_rejected_reason, file, sheet, row_number
),

municipal_forms as (
    select form
    from {{ ref('stg_forms__forms') }}
    where units = 'municipalities'
)

select
    answers.survey,
    answers.time_period,
    answers.unit_code,
    case answers.fate_reason
        when 'not_a_number' then 'text_instead_of_number'
        when 'missing_code' then 'missing_code'
        else 'rejected_cell'
    end as finding,
    answers.question,
    answers.target_group,
    answers.item,
    answers.reporting_form,
    cast(null as decimal(18, 6)) as value,
    typed_sums.number_value as value_compared,
    case
        when typed_sums.rejected_count = 1 then {{ exact('greatest(typed_sums.number_value - typed_sums.fte, 0)') }}
        else {{ exact('0') }}
    end as effect,
    answers.text as detail,
    wordings.wording_nb as wording,
    answers.file,
    answers.sheet,
    answers.row_number,
    answers.column_number,
    wordings.header
from answers
inner join municipal_forms
    on answers.form = municipal_forms.form
left join corrections
    on {{ same_question('answers', 'corrections') }}
    and answers.unit_code = corrections.unit_code
left join wordings
    on answers.form = wordings.form
    and answers.line = wordings.line
left join {{ ref('ctl_typed_sums') }} as typed_sums
    on answers.form = typed_sums.form
    and answers.unit_code = typed_sums.unit_code
    and answers.question = typed_sums.question
    and answers.target_group = typed_sums.target_group
    and answers.reporting_form = typed_sums.reporting_form
where corrections.form is null

union all

select
    rejected_rows.survey,
    rejected_rows.time_period,
    rejected_rows.unit_code,
    'rejected_row' as finding,
    cast(null as string) as question,
    cast(null as string) as target_group,
    cast(null as string) as item,
    cast(null as string) as reporting_form,
    {{ exact('rejected_rows.fte') }} as value,
    cast(null as decimal(18, 6)) as value_compared,
    {{ exact('coalesce(rejected_rows.fte, 0)') }} as effect,
    rejected_rows.row_rejected_reason as detail,
    cast(null as string) as wording,
    rejected_rows.file,
    rejected_rows.sheet,
    rejected_rows.row_number,
    cast(null as integer) as column_number,
    cast(null as string) as header
from rejected_rows
inner join municipal_forms
    on rejected_rows.form = municipal_forms.form
