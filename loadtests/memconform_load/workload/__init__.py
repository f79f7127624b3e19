"""Who talks to the memory server, about what, and how long people and models take: all seeded.

    people = Population(1_000, run_id=run_id)
    texts = TextMaker(seed)
    someone = people.pick(rng)
    fact = texts.fact(rng, someone)           # unique in the run, and it tells whose it is: marker_in(fact).person
    query = texts.question(rng, about=fact)

Chance comes in as a `random.Random`, so that what an arrival says depends on its seed and not on the order of answers.
"""

from memconform_load.workload.markers import Marker, marker_in
from memconform_load.workload.pace import model_wait, tells_a_fact, think_time, turns
from memconform_load.workload.population import Population, number_of
from memconform_load.workload.texts import TextMaker

__all__ = [
    "Marker",
    "Population",
    "TextMaker",
    "marker_in",
    "model_wait",
    "number_of",
    "tells_a_fact",
    "think_time",
    "turns",
]
