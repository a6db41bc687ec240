"""A file's bytes, and whether their kind is the one that its form states.

Belongs here: what all readers refuse: missing, empty, too large, or another kind of file. Does not belong here: defects of
only one kind of file.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.ingest.readers.model import Limits

READERS = {
    "csv": "a csv file",
    "xlsx": "a workbook (xlsx)",
    "xls": "a workbook of the old kind (xls)",
    "xlsb": "a binary workbook (xlsb)",
    "ods": "a workbook of OpenDocument (ods)",
    "sav": "an SPSS file",
    "parquet": "a Parquet file",
}

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET = b"PAR1"

# The kind of a file by its first bytes, and the reader for it.
_KINDS: tuple[tuple[bytes, str, str | None], ...] = (
    (b"PK\x03\x04", "a zip file, but not a workbook", None),
    (b"PK\x05\x06", "an empty zip file", None),
    (OLE, "a document of an old kind", None),
    (PARQUET, "a Parquet file", "parquet"),
    (b"PARE", "an encrypted Parquet file", None),
    (b"$FL2", "an SPSS file", "sav"),
    (b"$FL3", "an SPSS file", "sav"),
    (b"%PDF", "a PDF file", None),
    (b"\x89PNG", "an image", None),
    (b"{\\rtf", "a text document (RTF)", None),
)
# The first bytes of compressed files.
_PACKED: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file"),
    (b"Rar!\x1a\x07", "a RAR file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    *((b"BZh%d1AY&SY" % level, "a bzip2 file") for level in range(1, 10)),
)
PACKED_SUFFIXES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".xz", ".zst", ".bz2")
"""Name endings of compressed files."""
UNPACK = "unpack it and put the files that are in it into the delivery's folder"
"""The remedy for a compressed file."""
_WEB_PAGE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_ZIP = b"PK\x03\x04"
_ZIP_NAME = 30
_ZIP_END = b"PK\x05\x06"
_ZIPPED = ("xlsx", "xlsb", "ods")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_DIRECTORY = 2**20
_WORKBOOK_PART = re.compile(rb"[/\\]workbook\w*\.(xml|bin)", re.IGNORECASE)
_OLD_WORKBOOKS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))
_XML_WORKBOOK = b"Excel.Sheet"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SHOWN = 60


def shown(text: object) -> str:
    """Return a text of a file as a message shows it: one short line, without control characters."""
    plain = str(text)
    if len(plain) > _SHOWN:
        plain = plain[:_SHOWN] + "..."
    return plain if plain.isprintable() else ascii(plain)[1:-1]


def contents(path: Path, reader: str, limits: Limits) -> bytes:
    """Return the bytes of a file of the kind that ``reader`` reads.

    Raises:
        UserError: the file is missing, empty, too large or, by its first bytes, of another kind.
    """
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise UserError(
                f"the file has {size:,} bytes, and at most {limits.file_bytes:,} are read",
                place=str(path),
                remedy="deliver only the data, or in several files",
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError("the file is missing", place=str(path), remedy="deliver it") from error
    except OSError as error:
        raise UserError(
            f"the file cannot be read ({error.strerror})", place=str(path), remedy="check the file and its permissions"
        ) from error
    if not data:
        raise UserError("the file is empty", place=str(path), remedy="deliver it again")
    _refuse_other_kind(path, reader, data)
    return data


def damaged(path: Path, what: str, reader: str, part: str = "") -> UserError:
    """Return the refusal of a file that is truncated or that its library cannot read."""
    return UserError(
        f"is damaged or truncated ({shown(what)})",
        place=f"{path}, {part}" if part else str(path),
        remedy=f"save it again as {READERS[reader]} and deliver it again",
    )


def too_many(path: Path, what: str, limit: int, place: str = "") -> UserError:
    """Return the refusal of more rows, columns or cells than the limit."""
    return UserError(
        f"has more than {limit:,} {what}",
        place=f"{path}, {place}" if place else str(path),
        remedy="deliver only the data, without empty or repeated rows and columns",
    )


def _zip_of_files(data: bytes) -> str | None:
    """Return the contents of a zip file, unless it is itself a document such as a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = [name for name in package.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if not names or {"[Content_Types].xml", "mimetype"} & set(names):
        return None
    return f"a zip file of {shown(names[0])}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _kind(data: bytes) -> tuple[str, str | None]:
    """Return the kind of a file by its first bytes, and the reader for it; text files have no recognisable kind."""
    kind, reader = next(((name, reader) for magic, name, reader in _KINDS if data.startswith(magic)), ("", None))
    if data.startswith(_ZIP):
        if data[_ZIP_NAME:].startswith(_OPEN_DOCUMENT):
            reader = "ods"
        else:
            # The names of the parts are in the directory at the end.
            found = _WORKBOOK_PART.search(data[-_DIRECTORY:])
            reader = None if found is None else "xlsb" if found[1].lower() == b"bin" else "xlsx"
    elif data.startswith(OLE):
        reader = "xls" if any(name in data for name in _OLD_WORKBOOKS) else None
    elif not kind and _WEB_PAGE.match(data[:1000]):
        kind = "a web page"
    elif not kind and _XML_WORKBOOK in data[:1000]:
        kind = "a workbook that was saved as XML"
    return READERS[reader] if reader else kind, reader


def _refuse_other_kind(path: Path, reader: str, data: bytes) -> None:
    kind, its_reader = _kind(data)
    packed = next((name for magic, name in _PACKED if data.startswith(magic)), None)
    if packed is None and its_reader is None and data.startswith(_ZIP):
        packed = _zip_of_files(data)
    if packed is not None:
        raise UserError(f"is {packed}, not {READERS[reader]}", place=str(path), remedy=UNPACK)
    if reader == "parquet" and its_reader == "parquet":
        if len(data) < 12 or not data.endswith(PARQUET):
            raise damaged(path, "the end of the file is missing", reader)
        return
    if data.startswith(OLE) and _ENCRYPTED in data and reader != "csv":
        raise UserError("the workbook is encrypted", place=str(path), remedy="save it without a password")
    # A truncated zip file has no directory to show what it is.
    is_cut_off = data.startswith(_ZIP) and _ZIP_END not in data[-_DIRECTORY:] and reader in _ZIPPED
    if its_reader == reader or (reader == "csv" and not kind) or is_cut_off:
        return
    raise UserError(
        f"is {kind or 'of another kind'}, not {READERS[reader]}",
        place=str(path),
        remedy=f"deliver {READERS[reader]}" + (f", or state reader: {its_reader} in form.yml" if its_reader else ""),
    )
