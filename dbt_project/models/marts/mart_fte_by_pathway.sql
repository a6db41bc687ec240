{{ fte_with_shares('fte_by_pathway', 'pathway', of_total=['units_answered', 'units_total']) }}
