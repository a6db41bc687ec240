"""Guarded SQL: runs a query in a separate process, and stops it if it takes too long.

Belongs here: starting, stopping and reading the process. Does not belong here: what a query may do (``isolated``).
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

from orchestration.publish.snapshot_files import DATABASE
from orchestration.serve import isolated
from orchestration.serve.limits import Limits, too_slow
from orchestration.serve.published import OpenSnapshot, guarded_configuration
from orchestration.serve.request_errors import RequestError

# Variables that Python may need to start; the process gets nothing else from the environment.
ENVIRONMENT = ("LD_LIBRARY_PATH", "SYSTEMROOT")


def run_query(sql: str, snapshot: OpenSnapshot, limits: Limits, where: str) -> dict[str, Any]:
    """Return names, types and rows of a SELECT on a snapshot.

    Raises:
        RequestError: the query is not allowed, incorrect, too large or too slow.
    """
    length = len(sql.encode("utf-8", "surrogatepass"))
    if not sql.strip() or length > limits.sql_bytes:
        raise RequestError(
            413 if length else 400,
            f"the SQL has {length:,} bytes",
            place=where,
            remedy=f"send one SELECT of at most {limits.sql_bytes:,} bytes, as parameter sql or as the body of a POST",
        )
    request = {
        "sql": sql.encode("utf-8", "replace").decode(),
        "database": str(snapshot.folder / DATABASE),
        "tables": sorted(snapshot.tables),
        "configuration": guarded_configuration(limits),
        "limits": dataclasses.asdict(limits),
    }
    try:
        ended = subprocess.run(
            # -I: neither the folder nor the environment affects what is imported.
            [sys.executable, "-I", isolated.__file__],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.seconds,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            cwd=snapshot.folder,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise too_slow(limits, where) from error
    if ended.returncode != 0:
        raise RequestError(413, "the query used more memory or time than is allowed", place=where, remedy=isolated.NARROW)
    answer: dict[str, Any] = json.loads(ended.stdout)
    if "refused" in answer:
        raise RequestError(answer["status"], answer["refused"], place=where, remedy=answer["remedy"])
    names: list[str] = answer["names"]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise RequestError(400, f"two columns are called {doubled[0]!r}", place=where, remedy="rename one with AS")
    return answer
