"""What a request can do wrong, told in one line with a status of HTTP.

Belongs here: the exception and how it is said. Does not belong here: defects of this program, which stay ordinary
exceptions.
"""

from __future__ import annotations

from orchestration.core.errors import UserError


class RequestError(UserError):
    """A request that is not answered; ``status`` is the one of HTTP, ``place`` the address or parameter."""

    def __init__(self, status: int, what: str, *, place: str, remedy: str, headers: dict[str, str] | None = None) -> None:
        """Keep the status and further headers beside the three parts of the message."""
        super().__init__(what, place=place, remedy=remedy)
        self.status = status
        self.headers = headers or {}


def as_dictionary(error: UserError) -> dict[str, str]:
    """Return an error as the command line gives it with ``--json``."""
    return {"error": error.what, "place": error.place, "remedy": error.remedy}
