select
    form,
    file,
    sha256,
    size,
    reader
from {{ source('raw', 'files') }}
