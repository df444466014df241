"""A Document to Sentences and Passages.

The law: `document.text[x.start:x.end] == x.text` for every sentence and passage; every character
that is not white space lies in exactly one sentence; passages are whole consecutive sentences, in
order, without overlap, and cover every sentence.
"""

from rag.passages.cut import TARGET_TOKENS, CountTokens, split_passages
from rag.passages.heading import heading, spoken_date
from rag.passages.sentences import split_sentences

__all__ = [
    "TARGET_TOKENS",
    "CountTokens",
    "heading",
    "split_passages",
    "split_sentences",
    "spoken_date",
]
