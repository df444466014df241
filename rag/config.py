"""Settings: values only; nothing here builds anything."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from rag.errors import ConfigError

Reading = Literal["single", "joint", "single+joint"]
Retrieval = Literal["fused", "dense", "lexical"]
KeyValues = Literal["f16", "q8_0"]
Length = Literal["short", "normal", "thorough"]
Step = Literal["exact", "coverage", "witness", "relevance", "answers", "repair"]
STEPS: tuple[Step, ...] = get_args(Step)

DEFAULT_MODEL = "qwen2.5-coder-1.5b"
DEFAULT_EMBEDDER = "all-minilm-l6-v2"
MAX_QUESTION_CHARS = 2000
MOST_PASSAGES = 20
THOROUGH = 5 / 3  # times as many passages are read for a thorough answer


def home() -> Path:
    """Return the folder where models are kept: `RAG_HOME`, else the platform's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("RAG_HOME")
    return Path(named).expanduser() if named else user_cache_path("footnote")


def readings_folder() -> Path:
    """Return the folder of saved readings: `RAG_READINGS`, else `readings` in `home()`."""
    named = os.environ.get("RAG_READINGS")
    return Path(named).expanduser() if named else home() / "readings"


def recognised_folder() -> Path:
    """Return the folder of recognised pages: `RAG_RECOGNISED`, else `recognised` in `home()`."""
    named = os.environ.get("RAG_RECOGNISED")
    return Path(named).expanduser() if named else home() / "recognised"


def data_folder() -> Path:
    """Return the folder of what the user makes here: `RAG_DATA`, else the platform's data folder.

    Collections of uploaded documents, conversations and preferences; nothing of it can be fetched
    again.
    """
    from platformdirs import user_data_path

    named = os.environ.get("RAG_DATA")
    return Path(named).expanduser() if named else user_data_path("footnote")


def indexes_folder() -> Path:
    """Return the folder of the indexes that `rag index` makes: `RAG_INDEXES`, else `indexes/`."""
    return Path(os.environ.get("RAG_INDEXES", "indexes")).expanduser()


def index_folder(name: str) -> Path:
    """Return the folder of an index: a path, or a name under `indexes_folder()`.

    A name that is not there may be that of a collection made on the page.
    """
    if "/" in name or os.sep in name or name in {".", ".."}:
        return Path(name).expanduser()
    folder = indexes_folder() / name
    if folder.exists():
        return folder
    from rag.library.names import collection_folder

    return collection_folder(data_folder(), name) or folder


@dataclass(frozen=True, slots=True)
class Settings:
    """How questions are answered.

    Attributes:
        model: a name from the catalogue or the path of a GGUF file.
        embedder: a name from the catalogue or the path of a sentence-transformers folder.
        reading: "single" reads each passage on its own; "joint" reads all in one prompt;
            "single+joint" tries a joint reading when nothing of the single ones is proven.
        passages: how many passages are read, 1 to 20.
        length: "short" shows the one or two statements that answer best, "thorough" reads more
            passages and shows more statements. What is proven, and how, is the same.
        budget_tokens: tokens of passage text read for one question, by the embedder's
            tokenizer, at least 64.
        max_draft_tokens: tokens the model may write from one reading, 8 to 1024.
        temperature: 0 (greedy, repeatable) to 2.
        seed: used where temperature is above 0.
        support_threshold: statements less likely than this to be carried are withheld, 0 to 1;
            those whose words do not all stand in the source need a quarter more.
        retrieval: "dense" ranks by vectors of passages and sentences alone, "lexical" by words
            alone, "fused" by all.
        without: steps that are left out, to measure what each is worth: "exact" facts, "coverage"
            of words, the model as "witness", "relevance" to the question by words, how likely it
            "answers" by the model, "repair" (cuts, rewriting, reading on, quoting). What is shown
            is less surely proven then.
        n_ctx: context of the model in tokens, 1024 up.
        n_threads: compute threads; 0 takes the number of cores this process may use.
        kv: how the model keeps what it has read: "f16", or "q8_0" in about half the memory and
            disk, which rounds.
        readings_mb: megabytes on disk, at most, for what the model has read of passages, so that
            they need not be read again; 0 keeps none there. Answers are the same to the letter.
    """

    model: str = DEFAULT_MODEL
    embedder: str = DEFAULT_EMBEDDER
    reading: Reading = "single"
    passages: int = 6
    length: Length = "normal"
    budget_tokens: int = 1536
    max_draft_tokens: int = 96
    temperature: float = 0.0
    seed: int = 0
    support_threshold: float = 0.5
    retrieval: Retrieval = "fused"
    without: tuple[Step, ...] = ()
    n_ctx: int = 4096
    n_threads: int = 0
    kv: KeyValues = "f16"
    readings_mb: int = 1024

    def __post_init__(self) -> None:
        """Refuse values out of range, naming the setting and its range."""
        ranges: dict[str, tuple[float, float]] = {
            "passages": (1, MOST_PASSAGES),
            "budget_tokens": (64, 100_000),
            "max_draft_tokens": (8, 1024),
            "temperature": (0, 2),
            "support_threshold": (0, 1),
            "n_ctx": (1024, 1_000_000),
            "n_threads": (0, 1024),
            "readings_mb": (0, 10_000_000),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}; give a value from {low} to {high}.")
        if self.reading not in ("single", "joint", "single+joint"):
            raise ConfigError(
                f"reading is {self.reading!r}; give 'single', 'joint' or 'single+joint'."
            )
        if self.retrieval not in get_args(Retrieval):
            raise ConfigError(
                f"retrieval is {self.retrieval!r}; give 'fused', 'dense' or 'lexical'."
            )
        if self.length not in get_args(Length):
            raise ConfigError(f"length is {self.length!r}; give 'short', 'normal' or 'thorough'.")
        if self.kv not in get_args(KeyValues):
            raise ConfigError(f"kv is {self.kv!r}; give 'f16' or 'q8_0'.")
        for step in self.without:
            if step not in STEPS:
                raise ConfigError(f"without names {step!r}; give some of {', '.join(STEPS)}.")

    @property
    def reads(self) -> int:
        """How many passages are read for one question, by the length of answers."""
        more = THOROUGH if self.length == "thorough" else 1
        return min(MOST_PASSAGES, round(self.passages * more))

    def budget_for(self, passages: int) -> int:
        """Return the tokens of text that are read where so many passages are."""
        return int(self.budget_tokens * (passages / self.passages))

    def with_(self, **changes: Any) -> Settings:
        """Return a copy with some values changed."""
        return replace(self, **changes)
