"""Checks that the bytes of an SPSS file are complete and in place, which its library does not check.

Belongs here: the comparisons that the format allows: the number of rows with their size, and the checksums of packed blocks.
Without it, lost or inserted bytes (line ends that a transfer changed) shift all later values, and a row more or less goes
unnoticed. Does not belong here: what the values mean (``spss``).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

_HEADER = 176
_VARIABLE, _END = 2, 999
_UNPACKED, _BYTECODE, _ZLIB = 0, 1, 2
_BIAS = 100.0
# Codes of packed values: padding, the end, and a value that follows the eight codes.
_NOTHING, _LAST, _BEHIND = 0, 252, 253


class FrameError(ValueError):
    """Bytes are missing, or are where none belong."""


class TooLargeError(ValueError):
    """The packed blocks exceed the limit."""


@dataclass(frozen=True)
class _Header:
    """The header of the file; ``order`` is the byte order as ``struct`` writes it."""

    order: str
    packing: int
    rows: int
    bias: float

    @classmethod
    def of(cls, data: bytes) -> _Header:
        for order in "<>":
            layout, _, packing, _, rows, bias = struct.unpack_from(f"{order}5id", data, 64)
            if layout in {2, 3}:
                return cls(order, packing, rows, bias)
        raise FrameError("it does not begin with a valid file header")


def check(data: bytes, limit: int) -> None:
    """Check that the rows end where the file ends.

    Args:
        data: the bytes of the file.
        limit: most bytes that its packed blocks may unpack to.

    Raises:
        FrameError: they do not, or the checksum of a packed block is wrong.
        TooLargeError: the blocks unpack to more.
    """
    try:
        header = _Header.of(data)
        if header.bias != _BIAS:
            raise FrameError(f"its packed numbers are shifted by {header.bias}, but must be shifted by {_BIAS}")
        width, place = _variables(data, header.order)
        start = data.index(struct.pack(f"{header.order}2i", _END, 0), place) + 8
        if header.packing == _ZLIB:
            packed, start = _unpacked(data, header.order, start, limit), 0
        else:
            packed = data
        if header.rows < 0:  # written as a stream: the number of rows is not stated
            return
        if header.packing == _UNPACKED:
            # A label can look like the end of the description: the rows show where it is.
            start = len(data) - 8 * width * header.rows
            if data[start - 8 : start] != struct.pack(f"{header.order}2i", _END, 0):
                raise FrameError(f"the data are not long enough for {header.rows} rows, or too long")
        else:
            _check_codes(packed, start, width * header.rows)
    except (struct.error, ValueError, zlib.error, OverflowError) as error:
        raise error if isinstance(error, FrameError | TooLargeError) else FrameError(str(error)) from error


def _variables(data: bytes, order: str) -> tuple[int, int]:
    """Return how many values of eight bytes a row has, and where their descriptions end."""
    place, width = _HEADER, 0
    while struct.unpack_from(f"{order}i", data, place)[0] == _VARIABLE:
        _, has_label, missing = struct.unpack_from(f"{order}3i", data, place + 4)
        place += 32
        if has_label:
            (length,) = struct.unpack_from(f"{order}i", data, place)
            place += 4 + (length + 3) // 4 * 4
        place += 8 * abs(missing)
        width += 1
    return width, place


def _unpacked(data: bytes, order: str, start: int, limit: int) -> bytes:
    """Return the codes and values of packed blocks, each with its own checksum."""
    _, trailer, length = struct.unpack_from(f"{order}3q", data, start)
    if trailer + length != len(data):
        raise FrameError("its list of compressed blocks does not end at the end of the file")
    bias, _, _, count = struct.unpack_from(f"{order}2q2i", data, trailer)
    if bias != -_BIAS or length != 24 + 24 * count:
        raise FrameError("its list of compressed blocks is not valid")
    blocks = []
    for number in range(count):
        _, place, size, packed_size = struct.unpack_from(f"{order}2q2i", data, trailer + 24 + 24 * number)
        limit -= size
        if limit < 0:
            raise TooLargeError
        unpacking = zlib.decompressobj()
        blocks.append(unpacking.decompress(data[place : place + packed_size], max(0, size) + 1))
        if len(blocks[-1]) != size or not unpacking.eof:
            raise FrameError(f"compressed block {number + 1} does not have the stated length")
    return b"".join(blocks)


def _check_codes(data: bytes, place: int, wanted: int) -> None:
    """Check that there are as many packed values as the rows have, and nothing after them."""
    found, end = 0, len(data)
    while found < wanted and place < end:
        codes = data[place : place + 8]
        found += len(codes) - codes.count(_NOTHING) - codes.count(_LAST)
        place += 8 + 8 * codes.count(_BEHIND)
    if found != wanted or place > end or data[place:].strip(bytes((_NOTHING, _LAST))):
        raise FrameError(f"it has {found} values where its rows have {wanted}, or bytes behind them")
