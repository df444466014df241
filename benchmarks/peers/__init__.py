"""Other answering systems, measured by our runner on the same questions, model and embedder.

citing.py      a reply with [1] markers and the texts it was given -> an `Answer` of ours
llamaindex.py  LlamaIndex's CitationQueryEngine
haystack.py    Haystack's retrieval and prompt with numbered references
__main__.py    the command line
"""
