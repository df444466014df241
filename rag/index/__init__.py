"""Passages + vectors <-> a folder under indexes/, described in docs/index-format.md.

    files.py      hashing, waiting for the disk, the lock of the writer
    rows.py       documents <-> JSON lines
    vectors.py    nearest in meaning; the only file that knows FAISS
    words.py      words in common; the only file that knows tantivy
    segment.py    some of the documents with their passages and vectors, mapped into memory
    manifest.py   what an index says of itself
    checking.py   whether that is true
    opening.py    Index: a folder, checked, then opened
    seen.py       which bytes a file held when it was last looked at
    manner.py     how a build goes about it: what is read now, who is told of each file
    survey.py     the files there are now against the index there was
    writing.py    documents -> one segment
    filling.py    documents -> segments: cut, embed what is new, a stretch at a time
    state.py      which segments count, and the one step from a state to the next
    building.py   build: bring an index up to date
    watching.py   build again whenever files change
    doctor.py     what is wrong with an index, and mending it

Segments and states are folders that are never changed once they are written; `manifest.json`,
replaced in one step, names those that count.
"""

from rag.index.building import IndexReport, build
from rag.index.doctor import Examination, Mended, examine, mend
from rag.index.manifest import Manifest
from rag.index.manner import FileStep, Manner
from rag.index.opening import Index
from rag.index.watching import watch

__all__ = [
    "Examination",
    "FileStep",
    "Index",
    "IndexReport",
    "Manifest",
    "Manner",
    "Mended",
    "build",
    "examine",
    "mend",
    "watch",
]
