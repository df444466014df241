"""A follow-up -> a question that stands by itself; an answer -> questions worth asking next.

turns.py       what was asked and said before, and what a question is read as
words.py       a question's words, their classes, and names
binding.py     what a pronoun may mean within its own question
leaning.py     does a question lean on what was said before, and by which words
naming.py      whom and what a conversation has named
forms.py       the commonest forms, written anew by rules
rewriting.py   the rest, written anew by the model
guarding.py    nothing comes into a question that nobody said
resolving.py   all of it in order
questioning.py the question that a sentence answers, written by the model
suggesting.py  questions that the documents answer, each asked before it is shown

Earlier answers tell what names and pronouns mean and nothing else: they never become evidence.
"""

from rag.followups.resolving import resolve
from rag.followups.suggesting import suggest
from rag.followups.turns import Earlier, Resolved

__all__ = ["Earlier", "Resolved", "resolve", "suggest"]
