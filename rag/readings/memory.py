"""The states used last, in memory."""

from __future__ import annotations

from collections import OrderedDict


class Memory:
    """States by key, least recently used out, under a byte budget.

    Args:
        budget_bytes: for all states together; one that is larger is not kept.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.held_bytes = 0
        self._states: OrderedDict[str, bytearray] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._states

    def get(self, key: str) -> bytearray | None:
        """Return a state, or None; it counts as used now."""
        state = self._states.get(key)
        if state is not None:
            self._states.move_to_end(key)
        return state

    def put(self, key: str, state: bytearray) -> None:
        """Keep a state; those not used for longest go until all fit."""
        if len(state) > self.budget_bytes or key in self._states:
            return
        self._states[key] = state
        self.held_bytes += len(state)
        while self.held_bytes > self.budget_bytes:
            _, old = self._states.popitem(last=False)
            self.held_bytes -= len(old)
