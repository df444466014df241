"""What was read once is not read again: saved states of the model, in memory and on disk.

A prompt is read as system words, reading, asking. System words and the reading of a passage are
the same tokens for every question, so what they leave in the model's key-value cache is saved
under a key and put back bit for bit the next time (the idea is that of prompt caching: Gim et al.,
"Prompt Cache: Modular Attention Reuse for Low-Latency Inference", MLSys 2024; nothing is moved
here, so nothing is approximated). A state holds only its own part: that of the system words is put
back first.

    memory.py    the states used last, in memory, under a byte budget
    shelf.py     files of states, shared by processes, under a byte budget
    store.py     both, as one: memory first, then disk; what it knows of a model's stamp
    warming.py   reads the passages of an index while nobody asks
"""

from rag.readings.memory import Memory
from rag.readings.shelf import Shelf, forget
from rag.readings.store import Key, Readings, State, key_of
from rag.readings.warming import Warmer

__all__ = ["Key", "Memory", "Readings", "Shelf", "State", "Warmer", "forget", "key_of"]
