"""export_memories: everything that is remembered, as records and as a file."""

from __future__ import annotations

from memory_api import capping, parameters, tool
from memory_api.call import Call, Output
from memory_api.export_file import export_file
from memory_api.request import NDJSON

FILE_BYTES = 8 * 1024 * 1024
"""How much of an export is read."""


class ExportMemories(tool.MemoryTool):
    """GET /v1/export."""

    def run(self, call: Call) -> Output:
        """Return the records as far as they fit, and the file; `complete` only where nothing is missing from it."""
        most = parameters.whole_number(call.parameters, "max_records")
        export = export_file(call.client.export(call.scope, FILE_BYTES), most)
        records, cut = capping.fitting(export.records)
        text = f"Exported {len(export.records)} {'memory' if len(export.records) == 1 else 'memories'}."
        if export.missing:
            text += f" The file is not complete. {export.missing}"
        members = {
            "records": records,
            "count": len(export.records),
            "truncated": cut,
            "complete": not export.missing,
            "incomplete_reason": export.missing,
        }
        meta = {"mime_type": NDJSON, "filename": "memories.ndjson"}
        return Output(members, text, export.data, meta)
