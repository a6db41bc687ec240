with forms as (
    select * from {{ ref('stg_forms__forms') }}
    where units = 'municipalities'
),

texts as (
    select distinct
        cells.form,
        forms.time_period,
        cells.layout,
        identifiers.role,
        cells.text,
        -- The pattern is that of municipality codes; part codes never follow it.
        case when identifiers.role != 'part_code' then layouts.code_pattern end as code_pattern
    from {{ ref('stg_raw__cells') }} as cells
    inner join forms
        on cells.form = forms.form
    inner join {{ ref('stg_forms__identifiers') }} as identifiers
        on cells.form = identifiers.form
        and cells.layout = identifiers.layout
        and cells.header = identifiers.header
        and identifiers.role in ('code', 'part_code', 'name', 'part_name')
    inner join {{ ref('stg_forms__layouts') }} as layouts
        on cells.form = layouts.form
        and cells.layout = layouts.layout
    where cells.is_below_header and cells.text != ''
),

divided as (
    select
        *,
        case
            when code_pattern is not null then {{ found_in('text', 'code_pattern') }}
            else {{ found_in('text', "'^([0-9]+)'") }}
        end as digits,
        case
            when code_pattern is not null then {{ without_first('text', 'code_pattern') }}
            else {{ without_first('text', "'^[0-9]+'") }}
        end as rest
    from texts
),

numbers as (
    select
        form,
        time_period,
        layout,
        role,
        text,
        digits,
        {{ matches_whole('lower(rest)', "'([^a-zæøåäöáčđŋšŧž]|og|samt|and)*'") }} as is_list,
        {{ each_of(all_matches('rest', '[0-9]+')) }} as number
    from divided
    where role in ('code', 'part_code') and digits != '' and {{ matches_whole('rest', "'.*[0-9].*'") }}
),

known_codes as (
    select distinct
        time_period,
        code
    from {{ ref('int_code_successors') }}
    union
    select
        time_period,
        unit_code as code
    from {{ ref('int_units') }}
),

others as (
    select distinct
        numbers.form,
        numbers.layout,
        numbers.role,
        numbers.text
    from numbers
    left join known_codes
        on numbers.time_period = known_codes.time_period
        and lpad(numbers.number, case when length(numbers.number) <= 4 then 4 else 6 end, '0') = known_codes.code
    where
        {{ replaced('numbers.number', '^0+', '') }} not in ('', {{ replaced('numbers.digits', '^0+', '') }})
        and length(numbers.number) >= case when numbers.role = 'part_code' and numbers.is_list then 2 else 3 end
        and (numbers.is_list or known_codes.code is not null)
)

select
    divided.form,
    divided.layout,
    divided.role,
    divided.text,
    case
        when divided.role not in ('code', 'part_code') or divided.digits = '' then null
        when {{ matches_whole('divided.text', "'[0-9]{4}[ ./-][0-9]{2}'") }} and divided.rest not in ('.00', ',00')
            then divided.digits || right(divided.text, 2)
        -- A part code of zeros only means that there is no part.
        when divided.role = 'code' or not {{ matches_whole('divided.digits', "'0+'") }} then divided.digits
    end as code,
    case
        -- A text without letters is not a name.
        when divided.role in ('name', 'part_name') and {{ matches_whole('divided.rest', "'.*\\pL.*'") }}
            then {{ replaced('divided.rest', '^[ .,:;/&()="–—-]+|([ ,:;/&="–—-]|[*]|[(][ ]*[)])+$', '') }}
    end as name,
    others.text is not null as has_others
from divided
left join others
    on divided.form = others.form
    and divided.layout = others.layout
    and divided.role = others.role
    and divided.text = others.text
