-- FTE by education on every level and both area bases, with each category's share of the total of its target group.
{{ fte_with_shares('fte_by_education', 'education') }}
