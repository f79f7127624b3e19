"""The specification as a site: pages made from `schemas/`, with anchors that never change."""

from memconform.specification.anchors import requirement_link

__all__ = ["requirement_link"]
