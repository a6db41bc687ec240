"""Errors in requests, reported in one line with an HTTP status.

Belongs here: the exception and its form in answers. Does not belong here: defects of this program, which stay ordinary
exceptions.
"""

from __future__ import annotations

from orchestration.core.errors import UserError


class RequestError(UserError):
    """A refused request; ``status`` is the HTTP status, ``place`` the address or parameter."""

    def __init__(self, status: int, what: str, *, place: str, remedy: str, headers: dict[str, str] | None = None) -> None:
        """Store the status and additional headers with the three parts of the message."""
        super().__init__(what, place=place, remedy=remedy)
        self.status = status
        self.headers = headers or {}


def as_dictionary(error: UserError) -> dict[str, str]:
    """Return an error in the form that the command line uses with ``--json``."""
    return {"error": error.what, "place": error.place, "remedy": error.remedy}
