"""One's own documents -> a labelled question set, made by the local model and checked.

    drawing.py      index -> sentences, seeded, spread over all documents
    names.py        names in text, their sort, invented ones of the same shape
    answers.py      which words of a sentence are asked for, and what knows them in an answer
    asking.py       the model writes: questions, short answers, two questions as one
    wording.py      what is wrong with a question as it is worded; pure rules
    checking.py     rules, the model as a judge, the round trip
    pairs.py        two questions on two documents that share a name, as one
    near_misses.py  one thing altered, and the check that the documents do not answer it
    keeping.py      what was tried, kept until the set is whole
    maker.py        all of it in order: `make_set`

The set is easier for our own assistant than what people would ask: see `checking.py`.
"""

from rag.evaluate.making.maker import Made, make_set

__all__ = ["Made", "make_set"]
