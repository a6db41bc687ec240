"""Statistical disclosure control: which figures of answers are shown, so that no unit's answer follows from them.

Belongs here: the policy (``policy``), the search for what can be shown (``suppression``) with its two conditions
(``elimination``, ``exchange``), and the ledger of what was published before (``ledger``). Does not belong here: how a figure
is computed (dbt), or the attack on the finished files (``orchestration.attack``), which shares nothing with the search.
"""
