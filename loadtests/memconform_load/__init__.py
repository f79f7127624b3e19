"""Load tests of memory servers: latency from the intended start, capacity, and whether answers stay right under load.

Only `memconform_load.engine`, `memconform_load.drivers` and scenarios import Locust, which monkey-patches the process.
"""
