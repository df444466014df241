"""Texts -> float32 (n, d) with unit rows.

protocols.py  what an embedder is
folder.py     a sentence-transformers folder: its small facts, its tokenizer, its checksum
reference.py  any such folder by sentence-transformers: the only file that knows it, or torch
bert.py       which folders are plain BERT, their weights, and the graph that computes them
onnx.py       a graph -> the bytes of an ONNX file, the same ones everywhere
runtime.py    a graph or a file -> what runs it: the only file that knows onnxruntime
texts.py      fixed texts, by which whole numbers are made of weights and judged
int8.py       the graph in whole numbers: which channels stay exact, the gate, the file kept
plain.py      a plain BERT folder by onnxruntime

A BERT folder such as all-MiniLM-L6-v2, the default, needs neither torch nor sentence-transformers.
"""

from __future__ import annotations

from pathlib import Path

from rag.embedder.folder import clean
from rag.embedder.plain import OnnxEmbedder
from rag.embedder.protocols import Embedder, EmbedKind, Precision
from rag.embedder.reference import SentenceEmbedder

__all__ = [
    "EmbedKind",
    "Embedder",
    "OnnxEmbedder",
    "Precision",
    "SentenceEmbedder",
    "clean",
    "load_embedder",
]


def load_embedder(
    name_or_path: str, *, precision: Precision = "float32", made_with: str = ""
) -> Embedder:
    """Return an embedder of the catalogue by name, or of a sentence-transformers folder by path.

    Nothing heavy happens here: the weights are read at the first `embed`, or when the checksum is
    asked for.

    Args:
        name_or_path: a name of the catalogue or a folder.
        precision: "float32" gives the vectors that sentence-transformers gives; "int8" takes half
            the time and rounds, where the folder can be had so and then agrees with its weights.
        made_with: checksum of what the vectors of an index were made with; the other precision is
            taken where it has that one.

    Raises:
        UnknownModelError: the name is not in the catalogue and is no folder.
        ModelMissingError: the model is known but has not been fetched.
        ModelError: the folder does not hold a usable model.
    """
    from rag.catalogue import model_path
    from rag.embedder.bert import is_plain

    folder, name = model_path(name_or_path), Path(name_or_path).name
    if is_plain(folder):
        wanted = OnnxEmbedder(folder, name=name, precision=precision)
        if not made_with or wanted.checksum == made_with:
            return wanted
        other = OnnxEmbedder(
            folder, name=name, precision="int8" if precision == "float32" else "float32"
        )
        return other if other.checksum == made_with else wanted
    return SentenceEmbedder(folder, name=name)
