"""Exchanges two folders in one step, so that no reader finds either of them missing or half.

Belongs here: the one call of the system that Python does not have. Does not belong here: which folders, and why.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

# From Linux' fcntl.h and fs.h: paths are those of this process, and the two names are exchanged.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

# What a system or file system says that cannot do it.
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Exchange what two names stand for, on one file system; return False where the system cannot, and nothing is done."""
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
