"""State of a middle layer -> calibrated log-odds of a judgement.

Whether a passage answers a question, or states a claim, can be read off the model's own state
better than off its reply: half-way up a small model already knows what it then fails to say
(compare Slobodkin et al., 2023, "The Curious Case of Hallucinatory (Un)answerability"). A probe
is a logistic model of that state, one for each kind of judgement, made for one model by
`training/probes.py`; other models are asked in words alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Probe:
    """A logistic model.

    Attributes:
        bias: log-odds where the state is zero.
        weights: (dimensions,) of the state.
    """

    bias: float
    weights: NDArray[np.float32]

    def log_odds(self, state: NDArray[np.float32]) -> float:
        """Return the calibrated log-odds of yes, natural log.

        Args:
            state: (dimensions,) of the last token of the prompt.
        """
        return self.bias + float(self.weights @ state)


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one model.

    Attributes:
        layer: the layer they read, from 0.
        size: dimensions of its state.
        prompts: version of the prompts they were made with.
        by_kind: one for each kind of judgement.
    """

    layer: int
    size: int
    prompts: int
    by_kind: Mapping[str, Probe]


def load_probes(model: str, prompts: int) -> Probes | None:
    """Return the probes made for a model of the catalogue, None where there are none.

    Args:
        model: its name in the catalogue.
        prompts: version of the prompts in use; probes made with others do not fit.
    """
    import numpy as np

    path = FOLDER / f"{model}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        kinds = [str(kind) for kind in stored["kinds"]]
        weights = stored["weights"].astype(np.float32)
        biases = stored["biases"]
        by_kind = {k: Probe(float(b), w) for k, b, w in zip(kinds, biases, weights, strict=True)}
        found = Probes(int(stored["layer"]), weights.shape[1], int(stored["prompts"]), by_kind)
    return found if found.prompts == prompts else None


def save_probes(model: str, probes: Probes) -> Path:
    """Write the probes of a model into the package; return the file."""
    import numpy as np

    path = FOLDER / f"{model}.npz"
    np.savez_compressed(
        path,
        layer=probes.layer,
        prompts=probes.prompts,
        kinds=np.array(list(probes.by_kind)),
        biases=np.array([p.bias for p in probes.by_kind.values()]),
        weights=np.stack([p.weights for p in probes.by_kind.values()]).astype(np.float32),
    )
    return path
