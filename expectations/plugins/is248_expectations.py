"""Makes the project's own expectations known to Great Expectations, which finds this folder by its configuration.

Belongs here: the import, and the way to the project where it is not installed. What the expectations do stands in
``orchestration/gate/expectations.py``.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from orchestration.gate.expectations import ExpectAttackToFindNothing, ExpectRuleToHold

__all__ = ["ExpectAttackToFindNothing", "ExpectRuleToHold"]
