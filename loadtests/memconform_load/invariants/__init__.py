"""Whether answers under load are right: lost writes, stale reads, foreign and deleted memories, duplicates.

    judge = Judge(capabilities, run_id=run_id)
    judge.begin(request)                       # right before a call leaves
    judge.see(request, reply, driver="direct") # when it has ended; never, where it was cut off
    judge.conclude(read)                       # at the end: reads back everybody that the run touched
    findings = Findings()
    findings.merge(judge.delta())              # from each process
    findings.violations()                      # as the result tells it

Sound: a server that keeps its word is never blamed. What is not known for certain counts in the server's favour: a call
without an answer may have happened at any time since, calls that overlap may have happened in any order, reads may lag
as far as the server declares. A judge knows only what went through it: each person's calls belong to one judge.
"""

from memconform_load.invariants.findings import Findings
from memconform_load.invariants.judge import Judge
from memconform_load.invariants.laws import Law

__all__ = ["Findings", "Judge", "Law"]
