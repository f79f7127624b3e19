"""Outputs that outlive their reader: a terminal that was closed, or a pipe that nobody reads, costs no result."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO


class _Outliving(io.FileIO):
    """An output that goes on where nobody reads any more, so that the run can clean up and keep its result."""

    def write(self, data: Any, /) -> int:
        """Write; to a closed terminal or pipe, nothing."""
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EPIPE):
                raise
            return memoryview(data).nbytes


def outliving(stream: TextIO | None) -> TextIO:
    """Return a stream to the same file that never fails for want of a reader."""
    if stream is None:  # it was closed before the run
        return Path(os.devnull).open("w", encoding="utf-8")
    file = io.BufferedWriter(_Outliving(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(file, stream.encoding, stream.errors, line_buffering=True)


@contextmanager
def outputs_outlive() -> Iterator[None]:
    """Let stdout and stderr outlive their readers for a while; what is no file, as in some tests, stays as it is."""
    before = sys.stdout, sys.stderr
    try:
        for stream in before:
            if stream is not None:
                stream.flush()
                stream.fileno()
    except (OSError, ValueError):
        yield
        return
    sys.stdout, sys.stderr = map(outliving, before)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
