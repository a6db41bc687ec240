"""Attacks a snapshot with public information alone, to see which suppressed answers follow from it.

Belongs here: an attacker that shares no code and no knowledge with the disclosure control. It reads only the public files of
a candidate and of earlier snapshots, the policy that says what may follow, and the public lists of answers. Does not belong
here: how figures are hidden, the warehouse, and the answers of units.

The parts: ``isolation`` (sets of few units whose figures follow by adding and subtracting), ``bounds`` (answers of units
that are fixed by all figures together), ``routing`` (who was asked, and who reports by which form), ``snapshots`` (several
snapshots together), ``printed`` (groups that are hidden now but printed in old reports), ``uniform`` (what the policy allows
to follow), ``practice`` (units that FTE reveal, amounts, persons), ``formats`` (figures that are hidden in one file and
shown in another).
"""

from orchestration.attack.attacker import attack
from orchestration.attack.result import Attack, Derived, TableKey, Uniform

__all__ = ["Attack", "Derived", "TableKey", "Uniform", "attack"]
