"""Memory and disk as one."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from rag.readings.memory import Memory
from rag.readings.shelf import Shelf

_ROOM = 64 * 1024 * 1024  # bytes left free by who reads ahead: a few passages of a large model
Key = str
State = bytearray


def key_of(tokens: Sequence[int]) -> Key:
    """Return the key of the state after some tokens."""
    return hashlib.sha256(array("i", tokens).tobytes()).hexdigest()


@dataclass
class Counts:
    """What came of asking for states.

    Attributes:
        remembered: found in memory.
        loaded: found on disk.
        missed: not found; read afresh.
    """

    remembered: int = 0
    loaded: int = 0
    missed: int = 0


class Readings:
    """Saved states of one model.

    Args:
        memory_bytes: budget in memory.
        shelf: files; None keeps states in memory only.
    """

    def __init__(self, memory_bytes: int, shelf: Shelf | None = None) -> None:
        self.memory = Memory(memory_bytes)
        self.shelf = shelf
        self.counts = Counts()

    def has(self, key: Key, of: str = "") -> bool:
        """Tell whether a state is at hand, without loading it."""
        return key in self.memory or bool(of and self.shelf and self.shelf.has(key, of))

    def has_room(self, of: str = "") -> bool:
        """Tell whether a few more states can be kept where those of a passage are."""
        if of and self.shelf is not None:
            return self.shelf.room_bytes > _ROOM
        return self.memory.budget_bytes - self.memory.held_bytes > _ROOM

    def get(self, key: Key, of: str = "") -> State | None:
        """Return a saved state, or None.

        Args:
            key: of its tokens.
            of: id of the passage that was read; "" is looked for in memory only.
        """
        state = self.memory.get(key)
        if state is not None:
            self.counts.remembered += 1
            return state
        state = self.shelf.get(key, of) if of and self.shelf else None
        if state is None:
            self.counts.missed += 1
            return None
        self.counts.loaded += 1
        self.memory.put(key, state)
        return state

    def put(self, key: Key, state: State, of: str = "") -> None:
        """Save a state; on disk only where it is known what passage it is of."""
        self.memory.put(key, state)
        if of and self.shelf is not None:
            self.shelf.put(key, of, state)
