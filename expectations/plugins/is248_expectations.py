"""Registers the project's own expectations with Great Expectations, which finds this folder by its configuration.

Belongs here: the import, and the path to the project where it is not installed. The expectations are defined in
``orchestration/gate/expectations.py``.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from orchestration.gate.expectations import ExpectAttackToFindNothing, ExpectRuleToHold

__all__ = ["ExpectAttackToFindNothing", "ExpectRuleToHold"]
