"""All of it in order: an index -> a question set file; an interrupted run goes on where it was.

Whatever is tried is kept as one line of `<out>.part.jsonl` as soon as it is settled, under a key
made of all it depends on. A second run takes the same steps and finds the settled ones there, so
that a set made in two runs is the set made in one.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.config import Settings
from rag.errors import ConfigError, EvaluationError, ModelError
from rag.evaluate import about
from rag.evaluate.making import near_misses
from rag.evaluate.making.answers import accepts, candidates
from rag.evaluate.making.asking import VERSION
from rag.evaluate.making.checking import Asker, Checked
from rag.evaluate.making.drawing import Drawn, draw
from rag.evaluate.making.keeping import keeping, part_file, read_part, write_set
from rag.evaluate.making.near_misses import Altered
from rag.evaluate.making.pairs import join, pairs
from rag.evaluate.making.wording import alike
from rag.evaluate.metrics import states
from rag.evaluate.sets import Nugget, Question
from rag.prove.words import read

# Of ten questions three or four the documents do not answer, and one asks of two documents.
UNANSWERABLE = 0.35
TWO_SOURCE = 0.1
COMMON = 0.2  # share of the passages, from which a name is too common to be asked for
_SAMPLE = 2000  # passages in which that is counted
TRIES = 12  # sentences tried for each answerable question that is wanted, before giving up
_ANSWERS = 3  # words of one sentence that are asked for in turn, beside the model's own choice
_LOOKED_AT = 24  # passages in which what was altered is looked for

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A question set that was made.

    Attributes:
        path: the file.
        asked_for: questions that were wanted.
        kept: questions in it that are asked, by kind.
        struck: candidates in it that a check left in doubt; a person may accept them.
        tried: questions and alterations that were tried.
        reused: tries taken over from an interrupted run.
        dropped: why the others were left out, with how often.
    """

    path: Path
    asked_for: int
    kept: Mapping[str, int]
    struck: int
    tried: int
    reused: int
    dropped: Mapping[str, int]

    def __str__(self) -> str:
        """Say in a few lines what was made."""
        total = sum(self.kept.values())
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kept.items()))
        lines = [f"{total} questions ({kinds}) and {self.struck} struck candidates in {self.path}"]
        if total < self.asked_for:
            lines.append(
                f"{self.asked_for} were asked for; the documents gave no more that passed every "
                "check. Accept struck ones with `rag eval review`, or index more documents."
            )
        lines.append(
            "The assistant answered these itself while they were made: the set is easier for it "
            "than what people would ask."
        )
        return "\n".join(lines)


def make_set(
    index: str,
    *,
    out: Path,
    count: int = 60,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Made:
    """Make a labelled question set of the documents of an index: `rag eval make-set`.

    The method is that of round-trip consistency (Alberti et al. 2019; see `asking.py` and
    `checking.py`), with near misses made by altering one thing. The same documents, model,
    settings, count and seed give the same set.

    Args:
        index: name of a folder under `indexes/`, or a path.
        out: the set's file (JSON lines); it must not be there yet.
        count: questions wanted, 1 up; fewer where the documents give no more.
        seed: of what is drawn.
        settings: how the assistant answers; `Settings()` by default.
        progress: called with stage, done and total after each question.

    Raises:
        ConfigError: `count` is below 1.
        EvaluationError: `out` is there already, or a file cannot be read or written.
        RagError: index or model cannot be used.
    """
    _check(out, count)
    assistant = Assistant.open(index, settings=settings)
    try:
        return make_with(assistant, out=out, count=count, seed=seed, progress=progress)
    finally:
        assistant.close()


def make_with(
    assistant: Assistant,
    *,
    out: Path,
    count: int = 60,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Made:
    """Make a set with an assistant that is open; see `make_set`.

    Raises:
        CancelledError: `cancel` was set; what was tried is kept.
    """
    _check(out, count)
    kept_file = part_file(out)
    before = read_part(kept_file)
    with keeping(kept_file) as keep:
        maker = _Maker(Asker(assistant, cancel), before, keep, seed, progress)
        questions = maker.make(count)
    if not questions:
        raise EvaluationError(
            "no sentence of the documents gave a question that passed the checks; index more "
            "documents in running text, or write questions by hand."
        )
    numbered = [replace(each, id=f"m{n:03d}") for n, each in enumerate(questions, 1)]
    write_set(out, numbered)
    kept_file.unlink(missing_ok=True)
    return Made(
        path=out,
        asked_for=count,
        kept=Counter(each.kind for each in numbered if each.review != "struck"),
        struck=sum(each.review == "struck" for each in numbered),
        tried=maker.tried,
        reused=maker.reused,
        dropped=maker.dropped,
    )


def _check(out: Path, count: int) -> None:
    if count < 1:
        raise ConfigError(f"count is {count}; give 1 or more.")
    if out.exists():
        raise EvaluationError(
            f"{out} is there already and may have been reviewed; remove it or name another file."
        )


@dataclass
class _Maker:
    """The steps, with what was settled before."""

    asker: Asker
    before: Mapping[str, Checked]
    keep: Callable[[str, Checked], None]
    seed: int
    progress: Progress | None
    tried: int = 0
    reused: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    struck: list[Question] = field(default_factory=list)
    held: list[frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        assistant = self.asker.assistant
        self.index = assistant.index
        stand = about.stand(assistant.settings, assistant.index)
        self.stand = _digest([VERSION, stand])
        step = max(1, len(self.index.passages) // _SAMPLE)
        self.held = [read(passage.text).stems for passage in self.index.passages[::step]]

    def make(self, count: int) -> list[Question]:
        """Return the questions in order: answerable, of two documents, unanswerable, struck."""
        several = len(self.index.documents) > 1
        unanswerable = round(UNANSWERABLE * count)
        two = round(TWO_SOURCE * count) if several else 0
        singles = self._ask(count - unanswerable - two + 2 * two, count)
        bases = list(singles)
        places = pairs(singles, self.index, two)
        paired = self._join(singles, places)
        used = {place for pair in places for place in pair}
        left = [each for place, each in enumerate(singles) if place not in used]
        left = left[: count - unanswerable - len(paired)]
        near = self._alter(bases, unanswerable, len(left) + len(paired), count)
        return [*left, *paired, *near, *self.struck[:count]]

    def _ask(self, wanted: int, count: int) -> list[Question]:
        """Ask sentences until so many questions have passed every check."""
        made: list[Question] = []
        for sentences, drawn in enumerate(draw(self.index, self.seed)):
            if len(made) == wanted or sentences == TRIES * wanted:
                break
            question = self._of_sentence(drawn, made)
            if question is not None:
                made.append(question)
                self._tell("asking", min(len(made), count), count)
        return made

    def _of_sentence(self, drawn: Drawn, made: Sequence[Question]) -> Question | None:
        """Return a question that a sentence answers; one that only the round trip fails is struck.

        The first that comes to a round trip settles it, for that takes longest by far.
        """
        quote = drawn.sentence.text
        if any(quote == e.quote for q in made for n in q.nuggets for e in n.evidence):
            return None  # another document says the same, and was asked
        rng = random.Random(f"{self.seed} {quote}")  # noqa: S311 (repeatable draws)
        found = [each for each in candidates(quote) if self._is_rare(each)]
        answers = [*rng.sample(found, min(_ANSWERS, len(found))), ""]
        if rng.random() < 0.4:
            answers = ["", *answers[:-1]]
        for answer in answers:
            key = self._key("sentence", drawn.hit.passage.id, drawn.sentence.start, answer)
            checked = self._settled(key, lambda a=answer: self._try(drawn, a))  # type: ignore[misc]
            question = checked.question
            if question is None:
                self.dropped[checked.why.split(":")[0]] += 1
                continue
            others = [q.text for q in (*made, *self.struck)]
            if alike(question.text, others):
                self.dropped["nearly the words of another question"] += 1
                continue
            if question.review == "struck":
                self.struck.append(question)
                return None
            return question
        return None

    def _is_rare(self, answer: str) -> bool:
        """Tell whether so few passages have some words that asking for them asks something."""
        if any(character.isdigit() for character in answer):
            return True
        words = [word for word in read(answer).words if word.name] or read(answer).words
        stems = {word.stem for word in words}
        held = sum(stems <= each for each in self.held)
        return held <= max(2, COMMON * len(self.held))

    def _try(self, drawn: Drawn, answer: str) -> Checked:
        try:
            return self.asker.try_sentence(drawn, answer, "new")
        except ModelError as error:  # a passage too long for the model's context
            return Checked(None, f"the model could not be asked: {error}", answer)

    def _join(
        self, singles: Sequence[Question], places: Sequence[tuple[int, int]]
    ) -> list[Question]:
        """Join pairs of questions."""
        llm, cancel = self.asker.assistant.llm, self.asker.cancel
        made = []
        for i, j in places:
            one, other = singles[i], singles[j]
            checked = self._settled(
                self._key("pair", one.text, other.text),
                lambda a=one, b=other: Checked(join(llm, a, b, "new", cancel)),  # type: ignore[misc]
            )
            made += [checked.question] if checked.question else []
        return made

    def _alter(
        self, bases: Sequence[Question], wanted: int, done: int, count: int
    ) -> list[Question]:
        """Alter questions until so many near misses have passed every check.

        What has been altered least is tried first; a question gives a second one only after each
        has been asked for one.
        """
        made: list[Question] = []
        altered_in = Counter[str]()
        passages = [each.text for each in self.index.passages if each.kind == "body"]
        used: dict[str, set[str]] = {}
        order = list(bases)
        random.Random(self.seed).shuffle(order)  # noqa: S311 (repeatable draws)
        for turn, base in enumerate((*order, *order)):
            if len(made) == wanted:
                break
            rng = random.Random(f"{self.seed} {turn} {base.text}")  # noqa: S311 (as above)
            near = self._near(base, passages)
            changes = near_misses.altered(base.text, rng, near, base.nuggets[0].evidence[0].quote)
            changes.sort(key=lambda change: altered_in[change.what])
            for change in changes:
                before = used.setdefault(base.text, set())
                if change.what in before or alike(change.text, [q.text for q in made]):
                    continue
                key = self._key("altered", base.text, change.text, change.kind)
                checked = self._settled(key, lambda b=base, c=change: self._near_miss(b, c))  # type: ignore[misc]
                question = checked.question
                if question is None:
                    self.dropped[checked.why] += 1
                    continue
                before.add(change.what)
                if question.review == "struck":
                    self.struck.append(question)
                    continue
                altered_in[change.what] += 1
                made.append(question)
                self._tell("altering", done + len(made), count)
                break
        return made

    def _near(self, base: Question, passages: Sequence[str]) -> list[str]:
        """Return passages that other names are taken from: a sample of those there are."""
        if len(passages) <= 400:
            return list(passages)
        found = self.asker.find(base.text, 50)
        step = len(passages) // 350
        return [*(hit.passage.text for hit in found), *passages[::step]]

    def _near_miss(self, base: Question, change: Altered) -> Checked:
        """Return an altered question that the documents surely do not answer."""
        asker = self.asker
        hits = asker.find(change.text, _LOOKED_AT)
        rows = self.index.search_lexical(change.put, _LOOKED_AT)
        hits += [hit for row, _ in rows for hit in [asker.hit(row)] if hit not in hits]
        if not near_misses.absent(change, hits, asker.assistant.rarity):
            return Checked(None, "what was altered stands in the documents with the rest")
        question = Question(
            id="new",
            text=change.text,
            answerable=False,
            kind=change.kind,
            nuggets=correction(base, change),
            review="new",
            why=change.why,
        )
        strongest, _ = asker.strongest(change.text)
        if strongest > near_misses.STRONG:
            why = f"{change.why}; the model takes a passage to answer it"
            return Checked(replace(question, review="struck", why=why))
        return Checked(question)

    def _settled(self, key: str, settle: Callable[[], Checked]) -> Checked:
        """Return what came of a try, from an interrupted run where that settled it."""
        self.tried += 1
        known = self.before.get(key)
        if known is not None:
            self.reused += 1
            return known
        checked = settle()
        self.keep(key, checked)
        return checked

    def _key(self, *parts: Any) -> str:
        return _digest([self.stand, *parts])[:32]

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(stage, done, total)


def correction(base: Question, change: Altered) -> tuple[Nugget, ...]:
    """Return what corrects a false premise: the words that were altered, with their evidence.

    () for a near miss, and where the evidence does not hold these words.
    """
    patterns = accepts(change.removed)
    if change.kind != near_misses.FALSE_PREMISE or not patterns:
        return ()
    nugget = Nugget(f"It was {change.removed}.", patterns, False, ())
    evidence = tuple(e for e in base.nuggets[0].evidence if states(e.quote, nugget))
    return (replace(nugget, evidence=evidence),) if evidence else ()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
