-- What the control of a survey year asks single units about: one row a unit and finding, with the question, target group,
-- cell and form that it is about as far as it is about one. In FTE: what was reported, what that is held against, what
-- there was before, where the limit lies, and the effect, by how much the national figure would move if the finding is an
-- error; 0 where nobody can tell. A figure with a slip of ten is not asked about as a high rate or a large change too.
-- Restricted: what units answered stays in the warehouse and in the lists. Each finding has its texts in
-- expectations/control; the key of a finding is the same from build to build.
with findings as (
    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        cast(null as varchar) as item,
        cast(null as varchar) as reporting_form,
        value,
        cast(null as decimal(18, 6)) as value_compared,
        previous_period,
        value_before,
        limit_value,
        population,
        effect,
        cast(null as varchar) as detail,
        cast(null as varchar) as wording,
        cast(null as varchar) as file,
        cast(null as varchar) as sheet,
        cast(null as integer) as row_number,
        cast(null as integer) as column_number,
        cast(null as varchar) as header
    from {{ ref('ctl_rates') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        cast(null as varchar) as item,
        cast(null as varchar) as reporting_form,
        value,
        cast(null as decimal(18, 6)) as value_compared,
        previous_period,
        value_before,
        limit_value,
        population,
        effect,
        cast(null as varchar) as detail,
        cast(null as varchar) as wording,
        cast(null as varchar) as file,
        cast(null as varchar) as sheet,
        cast(null as integer) as row_number,
        cast(null as integer) as column_number,
        cast(null as varchar) as header
    from {{ ref('ctl_changes') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        cast(null as varchar) as item,
        cast(null as varchar) as reporting_form,
        value,
        cast(null as decimal(18, 6)) as value_compared,
        previous_period,
        value_before,
        cast(null as decimal(18, 6)) as limit_value,
        population,
        effect,
        cast(null as varchar) as detail,
        cast(null as varchar) as wording,
        cast(null as varchar) as file,
        cast(null as varchar) as sheet,
        cast(null as integer) as row_number,
        cast(null as integer) as column_number,
        cast(null as varchar) as header
    from {{ ref('ctl_children') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        cast(null as varchar) as item,
        reporting_form,
        value,
        value_compared,
        previous_period,
        value_before,
        cast(null as decimal(18, 6)) as limit_value,
        population,
        effect,
        detail,
        cast(null as varchar) as wording,
        cast(null as varchar) as file,
        cast(null as varchar) as sheet,
        cast(null as integer) as row_number,
        cast(null as integer) as column_number,
        cast(null as varchar) as header
    from {{ ref('ctl_reporting_form') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        item,
        reporting_form,
        value,
        value_compared,
        cast(null as integer) as previous_period,
        cast(null as decimal(18, 6)) as value_before,
        cast(null as decimal(18, 6)) as limit_value,
        population,
        effect,
        cast(null as varchar) as detail,
        cast(null as varchar) as wording,
        file,
        sheet,
        row_number,
        column_number,
        header
    from {{ ref('ctl_sums') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        question,
        target_group,
        item,
        reporting_form,
        value,
        value_compared,
        cast(null as integer) as previous_period,
        cast(null as decimal(18, 6)) as value_before,
        cast(null as decimal(18, 6)) as limit_value,
        cast(null as bigint) as population,
        effect,
        detail,
        wording,
        file,
        sheet,
        row_number,
        column_number,
        header
    from {{ ref('ctl_cells') }}

    union all

    select
        survey,
        time_period,
        unit_code,
        finding,
        cast(null as varchar) as question,
        cast(null as varchar) as target_group,
        cast(null as varchar) as item,
        cast(null as varchar) as reporting_form,
        cast(null as decimal(18, 6)) as value,
        cast(null as decimal(18, 6)) as value_compared,
        previous_period,
        value_before,
        cast(null as decimal(18, 6)) as limit_value,
        cast(null as bigint) as population,
        effect,
        detail,
        cast(null as varchar) as wording,
        cast(null as varchar) as file,
        cast(null as varchar) as sheet,
        cast(null as integer) as row_number,
        cast(null as integer) as column_number,
        cast(null as varchar) as header
    from {{ ref('ctl_submissions') }}
),

slips as (
    select distinct
        survey,
        time_period,
        unit_code,
        target_group
    from findings
    where finding = 'tenfold'
),

asked as (
    select findings.*
    from findings
    left join slips
        on findings.survey = slips.survey
        and findings.time_period = slips.time_period
        and findings.unit_code = slips.unit_code
        and findings.target_group = slips.target_group
    where slips.unit_code is null or findings.finding not in ('large_change', 'rate_above_limit')
),

keyed as (
    select
        concat_ws(
            '|',
            survey,
            time_period,
            coalesce(unit_code, concat_ws(':', file, sheet, row_number)),
            finding,
            coalesce(question, ''),
            coalesce(target_group, ''),
            coalesce(item, ''),
            coalesce(reporting_form, '')
        ) as subject,
        *
    from asked
),

numbered as (
    -- Several boxes of one question, or several rows for one cell.
    select
        *,
        row_number() over (partition by subject order by file, sheet, row_number, column_number) as occurrence
    from keyed
)

select
    case when occurrence = 1 then subject else concat_ws('|', subject, occurrence) end as finding_key,
    * exclude (subject, occurrence)
from numbered
