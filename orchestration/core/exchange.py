"""Exchanges two folders atomically, so that no reader finds either of them missing or incomplete.

Belongs here: the one system call that Python lacks. Does not belong here: which folders, and why.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

# From Linux' fcntl.h and fs.h: paths are those of this process, and the two names are exchanged.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

# Error codes of a system or file system that cannot do it.
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Exchange what two names refer to, on one file system; do nothing and return False where the system cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one))
