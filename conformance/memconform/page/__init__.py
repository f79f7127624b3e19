"""Pages of HTML that need nothing else: no network, no second file. Every report and the specification are such pages.

Whatever a server said is escaped by the template or by JSON; and a page forbids, by a Content-Security-Policy with the
hashes of its own scripts and styles, that anything else runs or is fetched.
"""

from memconform.page.document import Assets, embedded

__all__ = ["Assets", "embedded"]
