{{ fte_with_shares('fte_by_education', 'education') }}
