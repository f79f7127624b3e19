"""Tours of servers, a file for each profile; each registers itself for the requirements that it looks at."""

from tests.server.tours.touring import FIRST, SETTINGS, TOURS, Facts, Tour, World, taken, tour

from memconform_server.seam import import_modules

import_modules(__name__, __path__)

__all__ = ["FIRST", "SETTINGS", "TOURS", "Facts", "Tour", "World", "taken", "tour"]
