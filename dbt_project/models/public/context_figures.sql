select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    figures.time_period,
    figures.measure,
    figures.unit,
    figures.dimensions,
    cast(figures.value as double) as value,
    figures.value_text,
    figures.note,
    sources.label_nb as source_nb,
    sources.label_en as source_en
from {{ ref('stg_published__figures') }} as figures
inner join {{ ref('stg_published__context_sources') }} as sources
    on figures.source_id = sources.source_id
