"""Where things are on the specification site; reports link there, so these addresses never change."""

from __future__ import annotations


def requirement_link(site: str, requirement: str) -> str:
    """Return the address of a requirement; `site` is the address of the site, or its folder as seen from the reader."""
    return f"{site.rstrip('/')}/requirements.html#{requirement}"
