with listed as (
    select
        codelist,
        code,
        sort_order,
        label_nb,
        label_en,
        parent,
        sign
    from {{ ref('stg_classifications__codelists') }}

    union all

    select
        codelist,
        code,
        cast(row_number() over (partition by codelist order by line_number) as integer) as sort_order,
        label_nb,
        label_en,
        cast(null as string) as parent,
        cast(null as string) as sign
    from {{ ref('stg_indicators__answers') }}
),

form_options as (
    select
        options.answer as code,
        options.label_nb,
        forms.time_period
    from {{ ref('stg_forms__options') }} as options
    inner join {{ ref('stg_forms__forms') }} as forms
        on options.form = forms.form

    union all

    select
        columns.answer as code,
        columns.wording_nb as label_nb,
        forms.time_period
    from {{ ref('stg_forms__columns') }} as columns
    inner join {{ ref('stg_forms__forms') }} as forms
        on columns.form = forms.form
),

unlisted as (
    select
        'answer' as codelist,
        form_options.code,
        form_options.label_nb,
        row_number() over (
            partition by form_options.code
            order by form_options.time_period desc, form_options.label_nb asc nulls last
        ) as choice
    from form_options
    left join listed
        on listed.codelist = 'answer'
        and form_options.code = listed.code
    where form_options.code is not null and form_options.code != '' and listed.code is null

    union all

    select
        'item' as codelist,
        rounds.item as code,
        rounds.wording_nb as label_nb,
        row_number() over (
            partition by rounds.item
            order by rounds.time_period desc, rounds.wording_nb asc nulls last
        ) as choice
    from {{ ref('int_indicator_rounds') }} as rounds
    left join listed
        on listed.codelist = 'item'
        and rounds.item = listed.code
    where listed.code is null
),

notes as (
    select distinct
        {{ note_of_origin('carried_from') }} as code,
        concat('Videreført mer enn ett år; den eldste verdien er fra ', carried_from) as label_nb,
        concat('Carried forward more than one year; the oldest value is from ', carried_from) as label_en
    from {{ ref('int_fte_cells') }}
    where carried_from is not null

    union all

    select distinct
        'confirmed' as code,
        'Inneholder verdier fra forrige runde som enheten har bekreftet' as label_nb,
        'Contains values of the round before that the unit confirmed' as label_en
    from {{ ref('int_fte_cells') }}
    where is_confirmed
),

unions as (
    -- The members of the unions that apply to every indicator; an answer may be in several unions.
    select
        member as code,
        {{ joined_once('answer', ';') }} as parent
    from {{ ref('stg_indicators__answer_groups') }}
    where indicator = '*'
    group by member
),

all_codes as (
    select * from listed

    union all

    select
        'obs_note' as codelist,
        code,
        cast(100 + row_number() over (order by code) as integer) as sort_order,
        label_nb,
        label_en,
        cast(null as string) as parent,
        cast(null as string) as sign
    from notes

    union all

    select
        codelist,
        code,
        cast(1000 + row_number() over (partition by codelist order by code) as integer) as sort_order,
        coalesce(nullif(label_nb, ''), code) as label_nb,
        replace(code, '_', ' ') as label_en,
        cast(null as string) as parent,
        cast(null as string) as sign
    from unlisted
    where choice = 1
)

select
    all_codes.codelist,
    all_codes.code,
    all_codes.sort_order,
    all_codes.label_nb,
    all_codes.label_en,
    coalesce(all_codes.parent, unions.parent) as parent,
    all_codes.sign
from all_codes
left join unions
    on all_codes.codelist = 'answer'
    and all_codes.code = unions.code
