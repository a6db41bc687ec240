with figures as (
    select * from {{ source('published', 'figures') }}
)

select
    source_id,
    table_id,
    concat_ws('|', measure, nullif({{ dimensions_sorted('dimensions') }}, ''), year) as cell_key,
    cast(report_year as integer) as report_year,
    -- The first number in the name of a table, figure or section; the name itself where it has no number.
    coalesce(
        nullif({{ found_in('table_id', "'^(?:[a-z]+:)?(?:fig)?([0-9]+)'") }}, ''),
        {{ without_first('table_id', "'^[a-z]+:'") }}
    ) as chapter,
    table_title_short,
    measure,
    unit,
    dimensions,
    {{ dimension_names('dimensions') }} as dimension_names,
    {{ parse_dimensions('dimensions') }} as dimension,
    cast(year as integer) as time_period,
    {{ exact('value') }} as value,
    value_text,
    cast(decimals as integer) as decimals,
    -- Half a unit of the last printed digit: how far the true figure may lie from the printed one.
    {{ exact('0.5 * power(10, -cast(decimals as integer))') }} as half_unit,
    cast(n_base as integer) as n_base,
    note,
    source_file,
    cast(line_number as integer) as line_number
from figures
