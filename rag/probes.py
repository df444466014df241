"""A model's state after a yes-or-no question -> calibrated log-odds of "yes".

The first word of a small model's reply tells less than its last hidden state knows. A probe reads
that state with one weight for each of its dimensions, fitted by `training/witness.py` on pairs
with known answers (Alain and Bengio, "Understanding intermediate layers using linear classifier
probes", ICLR workshop 2017). A probe belongs to one model file; for any other the model's own
lean to "yes" is used, moved to where it is calibrated for the default model.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("weights")
QUESTIONS = ("holds", "states", "gives")
# For each question, bias and factor that calibrate the lean of a model without a probe.
LEANS: Mapping[str, tuple[float, float]] = {
    "holds": (-1.61, 2.08),
    "states": (-0.60, 1.16),
    "gives": (-0.14, 1.24),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """A linear reading of a model's state.

    Attributes:
        weights: float32, shape (dimensions of the state,).
        bias: added to the sum.
        lean: factor of the model's own log-odds of "yes", added too.
    """

    weights: NDArray[np.float32]
    bias: float
    lean: float

    def read(self, state: NDArray[np.float32], lean: float) -> float:
        """Return the calibrated log-odds of "yes".

        Args:
            state: the model's last hidden state, after its last norm.
            lean: its own log-odds of "yes".
        """
        return float(state @ self.weights) + self.bias + self.lean * lean


def load_probes(model: str) -> dict[str, Probe]:
    """Return the probes of a model of the catalogue by question; none for any other.

    Raises:
        ModelError: the file of weights that belongs to this version is damaged.
    """
    import numpy as np

    path = FOLDER / f"{model}.npz"
    if "/" in model or not path.is_file():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {
                question: Probe(
                    arrays[f"{question}_weights"].astype(np.float32),
                    float(arrays[f"{question}_bias"]),
                    float(arrays[f"{question}_lean"]),
                )
                for question in QUESTIONS
                if f"{question}_weights" in arrays
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path.name} is damaged: {error}. Install Footnote again.") from error


def calibrated(question: str, lean: float) -> float:
    """Return the log-odds of a model without a probe, moved to where they are calibrated."""
    bias, factor = LEANS.get(question, (0.0, 1.0))
    return bias + factor * lean
