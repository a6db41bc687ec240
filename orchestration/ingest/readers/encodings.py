"""Whether the bytes of a text file fit the encoding that its form states, and which other encoding they may have.

Belongs here: byte order marks, what decodes, and whether the result is letters. An encoding is suggested only if it fits the
whole file. Does not belong here: lines, records and cells.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.ingest.readers.files import shown

WIDE = re.compile(r"utf-(?:16|32)(-le|-be)?")
"""Encodings of two or four bytes per character."""

# Byte order marks; the longer ones first, because that of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_BLOCK = 2**20
_LINE_END = re.compile(r"\r\n|\r|\n")
# Encodings of Windows, DOS and old Macintoshes for letters beyond English, other than UTF-8.
_SINGLE_BYTE = ("cp1252", "cp865", "mac-roman")
_LETTERS = frozenset("æøåÆØÅäöüÄÖÜßéèêëÉÈÊóòôÓÒÔáàâÁÀÂíìîúùûçÇñÑšžŠŽ")
_TYPOGRAPHY = frozenset("\u00a0\u2013\u2014\u2018\u2019\u201c\u201d«»…·•°§½¼¾²³€ªº©®")
# Letters and dashes of UTF-8; in one of the encodings above they would be Ã¥, Â and â€, which nobody writes.
_UTF_8_PAIR = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x80-\xbf]")


@dataclass(frozen=True)
class Encoded:
    """Bytes of a text file with their encoding, and the length of the byte order mark."""

    path: Path
    data: bytes
    encoding: str
    skip: int
    stated: str


def encoded(path: Path, stated: str, data: bytes) -> Encoded:
    """Return the bytes with the encoding to decode them with.

    Raises:
        UserError: the encoding is not known, or the bytes contradict it.
    """
    try:
        codec = codecs.lookup(stated)
        "".encode(stated)
    except (LookupError, ValueError) as error:
        raise UserError(
            f"{shown(stated)!r} is not a known text encoding",
            place=str(path),
            remedy="state an encoding such as utf-8 or latin-1 in form.yml",
        ) from error
    name = codec.name.replace("_", "-").removesuffix("-sig")
    mark = next(((mark, family, exact) for mark, family, exact in _MARKS if data.startswith(mark)), None)
    if mark is not None:
        if name not in {mark[1].removesuffix("-sig"), mark[2]}:
            raise UserError(
                f"begins with the byte order mark of {mark[2]}, but the form states {shown(stated)}",
                place=f"{path}, line 1",
                remedy=f"state encoding: {mark[1]} in form.yml",
            )
        return Encoded(path, data, mark[2], len(mark[0]), stated)
    wide = WIDE.fullmatch(name)
    if wide and b"\0" not in data:
        better = fitting(data)
        raise UserError(
            f"is not {shown(stated)}, because it has no zero byte",
            place=str(path),
            remedy=f"state encoding: {better} in form.yml" if better else f"deliver it again, saved as {shown(stated)}",
        )
    if wide and not wide[1]:
        raise UserError(
            f"has no byte order mark, so {name} is ambiguous",
            place=str(path),
            remedy=f"state encoding: {name}-le or {name}-be in form.yml",
        )
    if not wide:
        zero = data.find(0)
        if zero >= 0:
            # Every other byte of UTF-16 is zero where the text is in Latin letters.
            utf_16 = ("utf-16-le" if data[1:2] == b"\0" else "utf-16-be") if data.count(0) > len(data) // 3 else None
            raise zero_byte(path, f"line {_line(data[:zero], name)}, byte {zero}", utf_16)
        if name != "utf-8" and not data.isascii():
            _refuse_utf_8(path, stated, name, data)
    return Encoded(path, data, name, 0, stated)


def fitting(data: bytes) -> str | None:
    """Return the most likely encoding of bytes; None if no single encoding fits."""
    family = next((family for mark, family, _ in _MARKS if data.startswith(mark)), None)
    if family is not None:
        return family
    if b"\0" in data:
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if _fits(data, "utf-8"):
        return "utf-8"
    return None if _UTF_8_PAIR.search(data) else _with_letters(data, "utf-8")


def zero_byte(path: Path, place: str, fitting: str | None = None) -> UserError:
    """Return the refusal of a zero byte."""
    return UserError(
        "contains a zero byte (NUL), which is not text",
        place=f"{path}, {place}",
        remedy=f"state encoding: {fitting} in form.yml" if fitting else "deliver a csv file that holds only text",
    )


def misfit(text: Encoded) -> UserError:
    """Return the refusal of bytes that are invalid in the encoding, with the first of them and the remedy."""
    path, data, stated = text.path, text.data, shown(text.stated)
    try:
        data[text.skip :].decode(text.encoding)
    except UnicodeDecodeError as error:
        position, is_cut = error.start + text.skip, error.start > 0 and "end of data" in error.reason
    except UnicodeError as error:
        what = f"is not {stated} ({shown(error)})"
        return UserError(what, place=str(path), remedy="the file is damaged: deliver it again")
    byte = f"byte 0x{data[position]:02X}" if position < len(data) else "end of the file"
    if WIDE.fullmatch(text.encoding):
        # The byte order mark or zero bytes have shown that it is what the form states.
        line = _line(data[text.skip : position], text.encoding)
        return UserError(
            f"is not {stated} ({byte})",
            place=f"{path}, line {line}, byte {position}",
            remedy="the file is damaged there: deliver it again",
        )
    place = f"{path}, {_place(data, text, position)}"
    if is_cut and text.encoding == "utf-8" and _fits(data[:position], "utf-8") and not data[:position].isascii():
        return UserError(
            "ends in the middle of a character: the file is truncated", place=place, remedy="deliver the whole file"
        )
    if text.encoding == "utf-8" and _UTF_8_PAIR.search(data):
        return _mixed(place, stated, data, position)
    better = "utf-8" if text.encoding != "utf-8" and _fits(data, "utf-8") else _with_letters(data, text.encoding)
    advice = f"state encoding: {better} in form.yml, which gives {_example(data, better)}, or " if better else ""
    return UserError(f"is not {stated} ({byte})", place=place, remedy=f"{advice}deliver it again, saved as {stated}")


def _mixed(place: str, stated: str, data: bytes, position: int) -> UserError:
    """Return the refusal of a file that is UTF-8 except for some bytes: no encoding is right for all of it."""
    others = sum(1 for character in data.decode("utf-8", "surrogateescape") if "\udc80" <= character <= "\udcff")
    letter = data[position : position + 1].decode("cp1252", "replace")
    meant = f", which is {letter} in cp1252" if letter in _LETTERS else ""
    return UserError(
        f"is UTF-8 but for {others} byte{'s' if others > 1 else ''} (here byte 0x{data[position]:02X}{meant})"
        + ("" if stated.lower().replace("_", "-") in {"utf-8", "utf-8-sig", "utf8"} else f", and the form states {stated}"),
        place=place,
        remedy="no single encoding fits the whole file, which mixes two: ask for a new copy saved as UTF-8",
    )


def _refuse_utf_8(path: Path, stated: str, name: str, data: bytes) -> None:
    """Refuse UTF-8 that is stated as a single-byte encoding, as which it would pass unnoticed."""
    if not _is_single_byte(name):
        return
    if _fits(data, "utf-8"):
        raise UserError(
            f"is UTF-8, but the form states {shown(stated)} ({_mojibake(data, name)})",
            place=f"{path}, line {_line(data[: _first_beyond_ascii(data)], name)}",
            remedy="state encoding: utf-8 in form.yml",
        )
    # Where the first byte is a letter of the alphabet, as in Cyrillic encodings, the pair may be two letters.
    leads = {byte for byte in b"\xc2\xc3\xe2" if _is_odd(bytes([byte]).decode(name, "replace"))}
    pairs = [pair for pair in _UTF_8_PAIR.finditer(data) if pair[0][0] in leads]
    if not pairs:
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        first = error.start
    strays = sum(1 for character in data.decode("utf-8", "surrogateescape") if "\udc80" <= character <= "\udcff")
    if strays <= len(pairs):
        place = f"{path}, {_place(data, Encoded(path, data, 'utf-8', 0, stated), first)}"
        raise _mixed(place, shown(stated), data, first)
    first = pairs[0].start()
    number = f"{len(pairs)} letter{'s' if len(pairs) > 1 else ''}"
    raise UserError(
        f"is {shown(stated)} but for {number} in UTF-8 ({_mojibake(data[first:], name)})",
        place=f"{path}, {_place(data, Encoded(path, data, name, 0, stated), first)}",
        remedy="no single encoding fits the whole file, which contains some UTF-8: ask for a new copy saved in one encoding",
    )


def _is_odd(letter: str) -> bool:
    """Whether a character is no letter, or a letter that Norwegian texts do not have."""
    return not letter.isalpha() or letter in "ÂÃâ"


def _is_single_byte(encoding: str) -> bool:
    try:
        return len(bytes(range(256)).decode(encoding, "replace")) == 256
    except (UnicodeError, ValueError):
        return False


def _fits(data: bytes, encoding: str) -> bool:
    """Whether the bytes decode, tried in blocks to keep memory small."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _BLOCK):
            decoder.decode(data[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _with_letters(data: bytes, stated: str) -> str | None:
    """Return the single-byte encoding in which most of the non-ASCII bytes are letters, if there is one."""
    beyond = b"".join(re.findall(rb"[\x80-\xff]+", data))
    best: tuple[float, str] | None = None
    for name in _SINGLE_BYTE:
        if name == stated or not _fits(data, name):
            continue
        text = beyond.decode(name)
        letters = sum(character in _LETTERS for character in text)
        strange = sum(character not in _LETTERS and character not in _TYPOGRAPHY for character in text)
        share = letters / max(letters + strange, 1)
        if share > (best[0] if best else 2 / 3):
            best = (share, name)
    return best[1] if best else None


def _example(data: bytes, encoding: str) -> str:
    """Return the first word with a letter beyond English, as the encoding reads it."""
    found = re.search(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*", data)
    return shown(found[0].decode(encoding, "replace")) if found else "letters"


def _first_beyond_ascii(data: bytes) -> int:
    found = re.search(rb"[\x80-\xff]", data)
    return found.start() if found else 0


def _mojibake(data: bytes, encoding: str) -> str:
    """Show the first letter that the stated encoding would spoil."""
    start = _first_beyond_ascii(data)
    found = re.match(rb"[\xc0-\xff][\x80-\xbf]*", data[start : start + 4])
    letter = found[0] if found else b""
    return f"{shown(letter.decode('utf-8', 'replace'))} would be read as {shown(letter.decode(encoding, 'replace'))}"


def _line(before: bytes, encoding: str) -> int:
    """Return the number of the line that follows, or continues, after these bytes."""
    # Only wide encodings have other bytes for line ends.
    text = before.decode(encoding if WIDE.fullmatch(encoding) else "latin-1", "replace")
    return 1 + sum(1 for _ in _LINE_END.finditer(text))


def _place(data: bytes, text: Encoded, position: int) -> str:
    """Return line and column of a byte, counted in characters."""
    begins = max(data.rfind(b"\n", 0, position), data.rfind(b"\r", 0, position), text.skip - 1) + 1
    column = len(data[begins:position].decode(text.encoding, "replace")) + 1
    return f"line {_line(data[text.skip : position], text.encoding)}, column {column}"
