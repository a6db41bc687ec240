"""Worker processes of this program.

Belongs here: what every worker of a pool does. Does not belong here: what they work on (``disclosure.suppression``,
``report.parallel``).
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading


def end_with_parent() -> None:
    """End this process when the one that started it has ended, also when that was killed.

    The workers of a pool wait for work; nobody would tell them that none will come.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
