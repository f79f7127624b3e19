"""Many records take time, and no memory: what the migrating process needs does not grow with them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from memconform.contract import reference_validator
from memconform.scene.canonical import canonical
from memconform.serving import served

from .migrating import Migrate, Server

FEW, MANY = 500, 20_000
TEXT = "What Ann said, at some length. " * 20


def stock(server: Server, many: int) -> None:
    """Import so many records of Ann's."""
    for start in range(0, many, 5_000):
        records = [record(number) for number in range(start, min(start + 5_000, many))]
        digest = hashlib.sha256(b"".join(canonical(each) + b"\n" for each in records))
        manifest = {"type": "manifest", "contract": "1.0", "scope": {"user_id": "ann"}, "count": len(records)}
        manifest |= {"sha256": digest.hexdigest(), "exported_at": "2026-01-01T00:00:00Z"}
        file = b"".join(json.dumps(each).encode() + b"\n" for each in (manifest, *records))
        answer = server.ask("POST", "/v1/import", content=file, headers={"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 200, answer.text


def record(number: int) -> dict[str, Any]:
    """Return one record, of about a kilobyte."""
    at = f"2026-01-{1 + number // 86400:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return {
        "id": f"record-{number:06}",
        "content": f"{number}: {TEXT}",
        "scope": {"user_id": "ann", "session_id": f"s{number // 20}"},
        "metadata": {"n": number},
        "created_at": at,
        "updated_at": at,
        "version": 1,
    }


def peak_mb(process: subprocess.Popen[str]) -> float:
    """Wait for the end of a process and return the most memory that it had, in megabytes."""
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        time.sleep(0.02)
    return peak / 1024


def test_twenty_thousand_records_in_bounded_memory(tmp_path: Path) -> None:
    """Forty times the records take hardly more memory; all of them are carried and accounted for."""
    peaks: dict[int, float] = {}
    receipt: dict[str, Any] = {}
    for many in (FEW, MANY):
        migrate = Migrate(tmp_path / str(many))
        migrate.folder.mkdir()
        with served() as one, served() as two:
            stock(Server(one), many)
            process = migrate.start(one, two, "--json", "receipt.json")
            peaks[many] = peak_mb(process)
            _, err = process.communicate()
            assert process.returncode == 0, err
        receipt = json.loads((migrate.folder / "receipt.json").read_bytes())
        assert (receipt["counts"]["records"], receipt["counts"]["carried"]) == (many, many)
        assert len({row["as"] for row in receipt["records"]}) == many
    del receipt["records"][2:]
    assert reference_validator("migration").errors(receipt) == []
    assert peaks[MANY] < peaks[FEW] + 48, peaks
