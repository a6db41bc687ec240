"""How a request names values of a variable, in the syntax of PxWebApi 2: codes, wildcards, top(), from(), range() ...

Belongs here: this small language, and applying it to codes in their order. Does not belong here: which variables there are
(``variables``), or SQL (``selections``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from orchestration.serve.request_errors import RequestError

_CALL = re.compile(r"^(top|bottom|from|to|range)\((.*)\)$", re.IGNORECASE | re.DOTALL)
_WILD = re.compile(r"[*?]")

# PxWebApi allows two; without a limit, a pattern could take very long to match.
MOST_WILDCARDS = 2
# Numbers must have fewer digits than this.
MOST_DIGITS = 6
# How many codes a refusal lists.
MANY = 20

GRAMMAR = "write codes, *, ?, top(n), bottom(n), from(code), to(code) or range(code,code), with commas between"


def split(text: str, where: str) -> list[str]:
    """Return the parts between commas; text in brackets or parentheses is not split.

    Raises:
        RequestError: a bracket is not closed.
    """
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
        if depth < 0:
            break
    if depth:
        raise RequestError(400, f"a bracket is not closed in {text[:60]!r}", place=where, remedy=GRAMMAR)
    parts = [part.strip() for part in [*parts, current]]
    return [part[1:-1].strip() if part.startswith("[") and part.endswith("]") else part for part in parts if part]


def resolve(
    parts: Sequence[str], codes: Sequence[str], variable: str, where: str, *, is_time: bool = False
) -> tuple[str, ...]:
    """Return the codes that expressions choose, in the order of the codes.

    Args:
        parts: the expressions.
        codes: all codes in their order; years from the first to the newest.
        variable: the name of the variable, for refusals.
        where: the address, for refusals.
        is_time: whether ``top`` counts from the newest, and bounds are compared as numbers, so that they need not exist.

    Raises:
        RequestError: an expression is invalid, or chooses nothing.
    """
    chosen: set[str] = set()
    for part in parts:
        call = _CALL.match(part)
        if call is not None:
            found = _called(call[1].lower(), [each.strip() for each in call[2].split(",")], codes, is_time)
            if found is None:
                raise RequestError(400, f"{variable} has no values {part[:60]!r}", place=where, remedy=_format_codes(codes))
        elif _WILD.search(part):
            found = _matching(part, codes)
        else:
            found = [part] if part in set(codes) else []
        if not found:
            raise RequestError(400, f"{variable} has no value {part[:60]!r}", place=where, remedy=_format_codes(codes))
        chosen.update(found)
    return tuple(code for code in codes if code in chosen)


def _format_codes(codes: Sequence[str]) -> str:
    more = f" and {len(codes) - MANY} more" if len(codes) > MANY else ""
    return f"{GRAMMAR}: its codes are {', '.join(codes[:MANY])}{more}"


def _matching(pattern: str, codes: Sequence[str]) -> list[str]:
    if pattern.count("*") > MOST_WILDCARDS:
        return []
    expression = re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)
    return [code for code in codes if expression.fullmatch(code)]


def _called(name: str, arguments: Sequence[str], codes: Sequence[str], is_time: bool) -> Sequence[str] | None:
    """Return the codes that a function chooses; None if its arguments are invalid."""
    if name in ("top", "bottom"):
        numbers = [int(each) if _is_number(each) else -1 for each in arguments]
        if min(numbers) < 0 or len(numbers) > 2 or not numbers[0]:
            return None
        count, offset = numbers[0], numbers[1] if len(numbers) > 1 else 0
        # Years are counted from the newest, as in PxWebApi.
        ordered = list(codes) if (name == "top") != is_time else list(codes)[::-1]
        return ordered[offset : offset + count]
    if len(arguments) != (2 if name == "range" else 1):
        return None
    if is_time:
        if not all(_is_number(each) for each in arguments):
            return None
        place: Callable[[str], int] = int
    else:
        if not set(arguments) <= set(codes):
            return None
        place = {code: number for number, code in enumerate(codes)}.__getitem__
    first = place(arguments[0]) if name in ("from", "range") else None
    last = place(arguments[-1]) if name in ("to", "range") else None
    return [code for code in codes if (first is None or place(code) >= first) and (last is None or place(code) <= last)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < MOST_DIGITS
