"""Every operation of every declared profile in random sequences, against an oracle of the whole contract."""

from memconform.budget import Budget
from memconform.capabilities import Capabilities
from memconform.machine import Machine, Stage, sequences
from memconform.memory_api import MemoryApi
from memconform.requirement import requirement
from memconform.scopes import Scopes
from memconform.session import Session


@requirement("CORE-14", requests=(0, 350, 2700))
def test_sequences_agree_with_the_oracle(
    memory: MemoryApi, scopes: Scopes, session: Session, capabilities: Capabilities, budget: Budget
) -> None:
    """After any sequence of operations every answer, list, memory, history and export is what the contract makes it.

    A sequence that diverges in another way names the requirement whose promise that is.
    """
    chosen = session.settings.profiles
    profiles = frozenset(p for p in capabilities.profiles | {"core"} if not chosen or p in chosen)
    second = session.second if "tenancy" in profiles and session.second.token else None
    stage = Stage(memory, scopes, capabilities, profiles, second)
    seed, count = session.settings.seed, budget.beyond_smoke(20, 180)
    Machine(stage).explore(sequences(profiles, 1 if second is None else 2, seed=seed, count=count))
