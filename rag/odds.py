"""Probability ↔ log-odds, natural log."""

from __future__ import annotations

import math


def probability(log_odds: float) -> float:
    """Return the probability, 0 to 1, that has these log-odds."""
    return 1 / (1 + math.exp(-log_odds))


def log_odds(probability: float, *, within: float = 0.02) -> float:
    """Return the log-odds of a probability.

    Args:
        probability: 0 to 1.
        within: what lies nearer to 0 or to 1 counts as so near, since it tells no more.
    """
    held = min(1 - within, max(within, probability))
    return math.log(held / (1 - held))
