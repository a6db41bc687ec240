-- FTE by pathway on every level and both area bases, from the first round that asked. units_answered counts the units that
-- filled in pathways, which not all do that report FTE.
{{ fte_with_shares('fte_by_pathway', 'pathway', of_total=['units_answered', 'units_total']) }}
