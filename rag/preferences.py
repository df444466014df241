"""What the user chose, in `preferences.json` of the data folder.

The file is read once and written in one step with every choice. What it holds beside what is known
here is kept as it is. A file that cannot be read, or holds something out of range, is told with the
cure and left alone: the defaults hold for this run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rag.config import DEFAULT_MODEL, Length, Settings, data_folder
from rag.errors import NotKeptError, PreferencesError

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 1
NAME = "preferences.json"

Strictness = Literal["certain", "balanced", "likely"]
# How likely a statement must be carried by its source to be shown; see docs/preferences.md.
THRESHOLDS: Mapping[Strictness, float] = {
    "certain": 0.9,
    "balanced": Settings().support_threshold,
    "likely": 0.35,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a strictness does to the statements of a run.

    Attributes:
        shown: how many would be shown.
        right: of them on marked evidence.
        answered: questions that would be answered.
        answered_right: of them rightly.
    """

    shown: int
    right: int
    answered: int
    answered_right: int


# Of the newest whole run on the sample questions that is kept in benchmarks/results, with the
# default model: what was shown, and what of it has the support of the strictest.
COSTS: Mapping[Strictness, Cost] = {
    "certain": Cost(35, 34, 31, 29),
    "balanced": Cost(63, 61, 53, 49),
}
# Of the same run what was withheld and would reach the least; how much of that is right, as read.
ADDED, ADDED_RIGHT = 12, 5
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SEPARATORS = re.compile(r"[/\\\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user chose.

    Attributes:
        model: a name of the catalogue, or the file name of one of `own_models`.
        strictness: how sure a statement must be to be shown.
        length: of answers; see `Settings`.
        language: of the page, as a file of `rag/render/languages` is called.
        collection: the one that was asked last, by name; "" as long as none was.
        own_models: from file name to path, the GGUF files that were named on the command line.
    """

    model: str = DEFAULT_MODEL
    strictness: Strictness = "balanced"
    length: Length = "normal"
    language: str = "en"
    collection: str = ""
    own_models: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is out of range, naming the field and its range."""
        from rag.catalogue import CATALOGUE

        for name in ("model", "language", "collection"):
            if not isinstance(getattr(self, name), str):
                raise PreferencesError(f"{name} is {getattr(self, name)!r}; give a word.")
        own = self.own_models
        if not isinstance(own, Mapping) or not all(
            isinstance(path, str) and Path(path).name == name for name, path in own.items()
        ):
            raise PreferencesError("own_models is no list of files; name a file with --model.")
        if self.model not in CATALOGUE and self.model not in own:
            known = ", ".join([*CATALOGUE, *own])
            raise PreferencesError(f"model is {Path(self.model).name!r}; give one of {known}.")
        for name, among in (("strictness", get_args(Strictness)), ("length", get_args(Length))):
            if getattr(self, name) not in among:
                allowed = ", ".join(among)
                raise PreferencesError(f"{name} is {getattr(self, name)!r}; give one of {allowed}.")
        if not _LANGUAGE.fullmatch(self.language):
            raise PreferencesError(
                f"language is {self.language!r}; give the code of one, such as en."
            )
        if _SEPARATORS.search(self.collection) or self.collection in {".", ".."}:
            raise PreferencesError(
                f"collection is {self.collection!r}; give the name of one, not a path."
            )

    def to_settings(self, base: Settings) -> Settings:
        """Return settings with what was chosen; what cannot be chosen is as in `base`."""
        return base.with_(
            model=self.own_models.get(self.model, self.model),
            support_threshold=THRESHOLDS[self.strictness],
            length=self.length,
        )

    def with_model(self, model: str) -> Preferences:
        """Return the same with a model as the command line names it, by name or by path."""
        from rag.catalogue import CATALOGUE

        if model in CATALOGUE:
            return replace(self, model=model)
        path = Path(model).expanduser().absolute()
        own = {**self.own_models, path.name: str(path)}
        return replace(self, model=path.name, own_models=own)


class PreferenceFile:
    """The preferences in force, and the file they are kept in.

    Args:
        folder: where the file lies; `data_folder()` by default.

    Attributes:
        now: what holds.
        fault: why the file is left alone, with the cure; "" where it is sound.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or data_folder()) / NAME
        self.fault = ""
        self.now = Preferences()
        try:
            self.now = _preferences(self._read())
        except PreferencesError as error:
            self.fault = str(error)

    def choose(self, **changes: Any) -> Preferences:
        """Choose something, from now on and for the next time.

        Args:
            changes: by the names of `Preferences`; a model only by name.

        Raises:
            PreferencesError: a value is out of its range, and nothing has changed.
            NotKeptError: it holds, and cannot be kept for the next time.
        """
        self.now = replace(self.now, **changes)
        if "model" in changes:
            changes["own_models"] = dict(self.now.own_models)
        self._keep(changes)
        return self.now

    def use_model(self, model: str) -> Preferences:
        """Answer with a model that the command line names, by name or by path, this time.

        A file is remembered, so that it can be chosen.

        Raises:
            UnknownModelError: there is no such model, and nothing has changed.
            NotKeptError: it is used, and cannot be remembered.
        """
        from rag.catalogue import CATALOGUE, model_path

        if model not in CATALOGUE:
            model_path(model)
        self.now = self.now.with_model(model)
        if self.now.own_models:
            self._keep({"own_models": dict(self.now.own_models)})
        return self.now

    def _keep(self, changes: Mapping[str, Any]) -> None:
        """Write what has changed; what another program has chosen meanwhile stays."""
        if self.fault:
            raise NotKeptError(f"What you chose holds until Footnote is closed. {self.fault}")
        try:
            with self._alone():
                self._write({**self._read(), **changes, "version": VERSION})
        except OSError as error:
            raise NotKeptError(
                f"{NAME} cannot be written ({error.strerror}), so what you chose holds until "
                "Footnote is closed; free the disk, or set RAG_DATA to a folder of your own."
            ) from error
        except PreferencesError as error:
            raise NotKeptError(f"What you chose holds until Footnote is closed. {error}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock

        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f"{NAME}.lock")):
            yield

    def _read(self) -> dict[str, Any]:
        """Return what the file holds; nothing where there is none.

        Raises:
            PreferencesError: it cannot be read or is of another version.
        """
        try:
            value = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise _fault(f"cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise _fault(f"is damaged ({error})") from error
        if not isinstance(value, dict):
            raise _fault("is damaged (it holds no names and values)")
        if value.get("version") != VERSION:
            raise _fault(f"is of version {value.get('version')!r}, and {VERSION} can be read")
        return value

    def _write(self, value: Mapping[str, Any]) -> None:
        """Write the file in one step."""
        from rag.index.files import write_file

        new = self.path.with_name(f"{NAME}.new")
        text = json.dumps(value, ensure_ascii=False, indent=1)
        write_file(new, f"{text}\n".encode())
        new.replace(self.path)


def _preferences(value: Mapping[str, Any]) -> Preferences:
    """Make preferences of what a file holds.

    Raises:
        PreferencesError: a value is out of its range.
    """
    known = {each.name: value[each.name] for each in fields(Preferences) if each.name in value}
    try:
        return Preferences(**known)
    except PreferencesError as error:
        raise _fault(f"does not hold what it should ({error})") from error


def _fault(what: str) -> PreferencesError:
    return PreferencesError(
        f"{NAME} {what}; it is left as it is and the defaults hold. Mend it, or remove it to begin "
        "anew."
    )
