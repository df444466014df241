"""Fuzzing of the readers: seeds -> mutated -> read -> lawful? -> kept.

    python -m tests.fuzz run --minutes 10 [--only pdf]
    python -m tests.fuzz keep
    python -m tests.fuzz replay [--only pdf]

`run` changes files that the tests make, and the real ones where they are at hand, and reads them in
a process of its own, which ends where it hangs; what takes new steps through `rag/documents`, or
ends in a new way, is changed further. `keep` takes of these what no real file has gone into, makes
each as small as it can be and puts it into `tests/corpus`, one archive for each format, which a
fast test reads again.
"""
