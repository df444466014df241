"""Tokens -> text pieces and judgements; the only part that knows llama.cpp.

protocols.py   what is asked of a model: to write, to judge, to read ahead
template.py    a prompt -> tokens in steps, within the model's own chat template
tap.py         a layer's state, taken while llama.cpp computes
context.py     llama.cpp: batches, sequences and their states; one lane for the process
model.py       reads each passage once, writes several drafts together, judges
"""

from rag.llm.model import TOGETHER, LlamaModel
from rag.llm.protocols import LLM, Mind, Piece, Reader, Witness
from rag.llm.template import cut_template

__all__ = ["LLM", "TOGETHER", "LlamaModel", "Mind", "Piece", "Reader", "Witness", "cut_template"]
