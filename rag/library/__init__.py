"""Named collections of documents: receiving them, reading them, how they stand, which may answer.

    names.py       what a collection or a file in it may be called; where a collection lies
    record.py      collection.json: what was chosen, and what the last reading could not read
    incoming.py    an upload on its way to the disk, whole or not at all
    entries.py     the files of a collection as a list shows them
    choosing.py    which documents were left out, whatever becomes of their files
    reading.py     the process that reads: `python -m rag.library.reading`
    runs.py        one such process after another, and what they tell
    collection.py  Collection: everything that is done with one
    shelf.py       Library: all collections of this machine

A collection is an index folder F, made by `rag index` under `indexes/` or here under
`<data>/collections/`, and its own folder beside it, `F.own`: `files/` holds the uploads,
`incoming/` what is still arriving, `collection.json` the record. The own folder of a collection
made here is made first and removed last, so that what lies there is never without its name. A
collection keeps its folders when it is renamed, for an index knows its documents by where they lie.

Nothing here knows Gradio, and no message names a path.
"""

from rag.library.collection import Collection, Preview
from rag.library.entries import Entry, Inner
from rag.library.incoming import Incoming, Received
from rag.library.runs import Progress
from rag.library.shelf import Known, Library

__all__ = [
    "Collection",
    "Entry",
    "Incoming",
    "Inner",
    "Known",
    "Library",
    "Preview",
    "Progress",
    "Received",
]
