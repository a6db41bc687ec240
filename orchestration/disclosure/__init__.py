"""Statistical disclosure control: which figures stay hidden so that no hidden one can be worked out.

Belongs here: the search for groups that must be hidden beside the small ones (``suppression``), the bounds that published
figures put on hidden ones (``bounds``), the ledger of what was published before (``ledger``), and the attack on a
candidate's files (``attack``). Does not belong here: the policy itself (``data/classifications/parameters.csv`` and the
model that marks small groups), or how a figure is computed (dbt).
"""
