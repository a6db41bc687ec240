"""The inputs of an attack on the files, and its results for the rule of each part.

Belongs here: an attack's inputs, and counting its findings. Does not belong here: the attack itself
(``orchestration.attack``), and running it as an expectation (``expectations``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestration.attack import Attack
from orchestration.attack.kept_pieces import KEPT_NOWHERE, Kept
from orchestration.attack.public import Readings
from orchestration.gate.results import SHOWN_ROWS, Counted

# Parts of an attack whose questions have an answer: a question left open is not known to be safe.
EXACT_PARTS = ("isolation", "bounds", "routing", "snapshots", "printed")

# What they report as not tried where there is nothing to ask.
_NOTHING_EARLIER = "snapshots: no earlier snapshot was given"


@dataclass(frozen=True)
class AttackInputs:
    """What an attack needs besides the candidate: databases of earlier snapshots, the policy, and the answer groups.

    ``readings`` is what attacks of the same judgement have read; ``kept`` stores pieces that need not be computed again.
    """

    earlier: tuple[Path, ...]
    policy: Path
    answer_groups: Path
    readings: Readings = field(default_factory=Readings, compare=False)
    kept: Kept = field(default=KEPT_NOWHERE, compare=False)

    def before(self, identifier: str) -> AttackInputs:
        """Return the inputs with the snapshots that were published before one; all where it is not published itself.

        They are ordered by name, so that a verdict does not depend on the journal.
        """
        names = [path.parent.name for path in self.earlier]
        earlier = self.earlier[: names.index(identifier)] if identifier in names else self.earlier
        return replace(self, earlier=tuple(sorted(earlier)))


def attacked(found: Attack, part: str) -> Counted:
    """Count what one part of an attack derived, and what it left open though it has an answer.

    The rows name the question, never the unit or its answer.
    """
    facts = [fact for fact in found.derived if fact.part == part]
    is_exact = part in EXACT_PARTS
    left = [text for text in found.not_tried if is_exact and text.startswith(f"{part}: ") and text != _NOTHING_EARLIER]
    rows = Counter(
        (fact.indicator, fact.item, fact.time_period, fact.measure, len(fact.units), ", ".join(fact.levels))
        for fact in facts
    )
    names = ("indicator", "item", "time_period", "answer", "units", "levels", "facts")
    shown = [dict(zip(names, (*row, count), strict=True)) for row, count in rows.most_common(SHOWN_ROWS)]
    shown += [{"left_open": text} for text in left[: SHOWN_ROWS - len(shown)]]
    details = {
        "tried": {name: dict(counts) for name, counts in found.tried.items()},
        "derived": found.counts,
        "allowed": dict(found.allowed),
        "from_print": dict(found.from_print),
        "uniform": [
            {"indicator": indicator, "time_period": period, **counts._asdict()}
            for (indicator, period), counts in found.uniform.items()
        ],
        "uniform_limits": dict(found.uniform_limits),
        "not_tried": list(found.not_tried),
        "files": list(found.files),
    }
    failing = len(facts) + len(left)
    questions = sorted({(fact.indicator, fact.time_period) for fact in facts}) if is_exact else []
    return Counted(sum(found.tried[part].values()), failing, float(failing), shown, details=details, questions=questions)
