"""By how many seconds the answers to each operation may lag."""

from __future__ import annotations

from collections.abc import Mapping

from memconform_load.calls import Op
from memconform_load.invariants.bounds import Bounds


def presence_lags(bounds: Bounds) -> Mapping[Op, float]:
    """Return by how much an answer may be late to show what is there, or to leave out what is gone."""
    by_id = dict.fromkeys((Op.GET, Op.GET_KEYED, Op.UPDATE, Op.DELETE), bounds.get)
    return {**by_id, Op.LIST: bounds.listed, Op.EXPORT: bounds.listed, Op.SEARCH: bounds.searched}


def text_lags(bounds: Bounds) -> Mapping[Op, float]:
    """Return by how much a text may be late: a search ranks late, yet shows each memory as it is."""
    return {**presence_lags(bounds), Op.SEARCH: bounds.get}
