select
    members_sha256,
    member_code
from {{ source('history', 'published_members') }}
