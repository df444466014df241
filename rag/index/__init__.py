"""Passages + vectors <-> a folder under indexes/, described in docs/index-format.md.

    manifest.py   what an index says of itself, and whether it is true
    rows.py       documents and passages <-> JSON lines
    vectors.py    nearest in meaning; the only file that knows FAISS
    words.py      words in common; the only file that knows tantivy
    opening.py    Index: a folder, checked, then loaded
    files.py      hashing, waiting for the disk, the lock of the writer
    survey.py     the files there are now against the index there was
    building.py   build: cut, embed what is new, write a generation, switch
    watching.py   build again whenever files change

Everything of one state of an index lies in one generation folder that is never written again;
`manifest.json`, replaced in one step, names the generation that counts.
"""

from rag.index.building import IndexReport, build
from rag.index.manifest import Manifest
from rag.index.opening import Index
from rag.index.watching import watch

__all__ = ["Index", "IndexReport", "Manifest", "build", "watch"]
