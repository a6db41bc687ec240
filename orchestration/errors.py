"""Errors that are the user's to mend, told in one line.

Belongs here: the exceptions that the command line prints without a traceback. Errors that mean a defect of this
program stay ordinary exceptions, with their traceback.
"""

from __future__ import annotations


class UserError(Exception):
    """Something in the input or the settings is wrong.

    ``place`` names the file (and line, sheet or cell) and ``remedy`` says what to do; the message is one line.
    """

    def __init__(self, what: str, *, place: str, remedy: str) -> None:
        """Keep the three parts apart, so that ``--json`` can give them one by one."""
        self.what = " ".join(what.split())
        self.place = place
        self.remedy = " ".join(remedy.split())
        super().__init__(f"{self.place}: {self.what}; {self.remedy}")

    @classmethod
    def from_text(cls, text: str) -> UserError:
        """Return the error whose message is ``text``; Dagster keeps errors of steps as text only."""
        place, _, rest = text.partition(": ")
        what, _, remedy = rest.rpartition("; ")
        return cls(what, place=place, remedy=remedy)


class RefusedError(Exception):
    """The gate refused a candidate; ``lines`` say which rules and rows, ``details`` the same for machines."""

    def __init__(self, lines: list[str], details: dict[str, object]) -> None:
        """Keep the lines for people and the details for machines."""
        super().__init__("\n".join(lines))
        self.lines = lines
        self.details = details
