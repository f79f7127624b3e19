"""What a sample of some size can say of a percentile: order statistics, which assume nothing of the distribution.

The number of values below the percentile p of what was sampled is binomial (n, p). Hence the k-th smallest value is
an upper bound of the percentile, 95 % sure, when P(fewer than k below) >= 0.95; no value is one while p^n > 0.05
(Wilks 1941; for p near 1 the "rule of three", n = 3 / (1 - p)): it takes 59 calls for p95, 299 for p99, 2,995 for
p99.9. With fewer, all that was seen may well lie below the percentile, and a run that saw no slow call has not shown
that there are few.

It takes calls as independent. Calls of one burst are not, so the true interval is rather wider.
"""

from __future__ import annotations

import math

SURE = 0.95
_MANY = 100.0
"""From this variance on a normal distribution does as well."""
_Z = 1.6448536269514722
"""The normal quantile of `SURE`."""


def needed(quantile: float) -> int:
    """Return how many values it takes to bound a quantile on its far side."""
    return math.ceil(math.log(1 - SURE) / math.log(max(quantile, 1 - quantile)) - 1e-9)


def bounds(quantile: float, n: int) -> tuple[int | None, int | None]:
    """Return the ranks, from 1, of the values that bound a quantile from below and above, each 95 % sure; else None."""
    if n == 0:
        return None, None
    variance = n * quantile * (1 - quantile)
    if variance > _MANY:
        middle, spread = n * quantile, _Z * math.sqrt(variance)
        return max(1, math.floor(middle - spread)), min(n, math.ceil(middle + spread) + 1)
    mirrored, upper = _upper(1 - quantile, n), _upper(quantile, n)
    return (None if mirrored is None else n + 1 - mirrored), upper


def _upper(quantile: float, n: int) -> int | None:
    """Return the smallest rank k with P(fewer than k values below the quantile) >= 0.95; None where no rank is."""
    p, q = quantile, 1 - quantile
    if p < 0.5:
        chance = reached = q**n
        for k in range(n):
            if reached >= SURE:
                return k + 1
            chance *= (n - k) / (k + 1) * p / q
            reached += chance
        return None
    chance = tail = p**n
    rank = None
    for k in range(n, 0, -1):
        if tail > 1 - SURE:
            break
        rank = k
        chance *= k / (n - k + 1) * q / p
        tail += chance
    return rank
