"""An attack on a snapshot with what anybody can read, to see what follows from it.

Belongs here: an attacker that shares no code and no knowledge with what protects the figures. All that it reads are the
public files of a candidate and of earlier snapshots, the policy that says what may follow, and the public lists of answers.
Does not belong here: how figures are hidden, the warehouse, and the answers of units.

The parts: ``isolation`` (sets of few units whose figures follow by adding and subtracting), ``bounds`` (answers of units
that are fixed by all figures together), ``routing`` (who was asked, and who reports by which form), ``snapshots`` (several
snapshots together), ``printed`` (groups that are hidden now and stand in old reports), ``uniform`` (what the policy allows
to follow), ``practice`` (units that FTE tell, amounts, persons), ``formats`` (figures that are hidden in one file and stand
in another).
"""

from orchestration.attack.attacker import attack
from orchestration.attack.result import Attack, Derived, TableKey, Uniform

__all__ = ["Attack", "Derived", "TableKey", "Uniform", "attack"]
