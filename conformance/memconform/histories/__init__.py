"""What concurrent clients did and saw, and whether any order of it could be right. Free of pytest and of the suite.

    recorder = Recorder()
    with recorder.invoke("client 1", Kind.WRITE, memory_id, "new text", condition=tag) as call:
        ...                       # an exception, or a call that says nothing, leaves the outcome unknown
        call.ok(version=2, tag='"2"')
    for violation in check(recorder.history()):
        print(violation)

An object is a register (add, set, write, delete, read), a collection (append, remove, list) or a counter (increment,
read). Everybody who changes it is recorded. Values that are written once make the checks sharp; repeated ones blind.
"""

from memconform.histories.checker import check
from memconform.histories.operation import ABSENT, NEW, Kind, Operation, Outcome
from memconform.histories.recorder import Call, Recorder
from memconform.histories.violation import Law, Violation

__all__ = ["ABSENT", "NEW", "Call", "Kind", "Law", "Operation", "Outcome", "Recorder", "Violation", "check"]
