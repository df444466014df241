"""The answering model as a witness beside coverage: does the text state all of this?

The model judges far better than it writes. Its lean to "yes" moves the support that coverage
found, up or down, and never overrules an exact fact.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from rag import odds
from rag import prompt as prompts
from rag.errors import ModelError
from rag.llm import Witness
from rag.passages import heading
from rag.prove.claims import EXACT, Checker, Claim, Judgement
from rag.prove.facts import gives_day
from rag.prove.rarity import Rarity, match
from rag.prove.window import headed, quoted, window
from rag.prove.words import is_light, read, suffered
from rag.types import Hit, Sentence, Verdict

# Intercept and weights of coverage, the witness and a fault of an exact fact in the log-odds that a
# statement is supported; fitted by training/support.py.
WEIGHTS = (0.03, 0.18, 0.92, -0.30)
# A statement whose words do not all stand in its sentences, or that needs several passages, or says
# that something was done, or was the first or most, which its sentences do not, must be that much
# likelier to be carried.
UNCOVERED = 0.25
# What is said beside the best statement must be stated by its cited sentences without the rest of
# their passage: least log-odds for that by the witness, or least sum of them and of the log-odds
# that it gives what was asked for. Of 12 such public statements that readers found not carried 10
# lie under both, of those that are carried about one in twenty.
ALONE = 1.45
ALONE_ANSWERING = 2.55
# A passage of more words than this is shown to the witness in part only.
LONG_WORDS = 220
VERBATIM = 0.9
_RANK = re.compile(
    r"(?<!\bat )\b(first|best|worst|furthest|farthest|"
    r"(?:earl|lat|larg|bigg|great|small|old|young|high|low|fast|long|short|strong|weak|rich|poor|near|"
    r"cheap|deep|wide|tall)i?est|"
    r"most(?= [a-z]+(?:ly|ed|ing|al|ent|ant|ous|ive|able|ible|ful|ar)\b))\b",
    re.IGNORECASE,
)
_RANKS = {"earliest": "first", "oldest": "first", "biggest": "largest", "greatest": "largest"}
# What is asked for with "why" supposes something, and small models suppose it too.
_ASKS_WHY = re.compile(r"\bwhy\b|\bhow come\b|\breasons?\b", re.IGNORECASE)
_BECAUSE = re.compile(
    r",?\s+(?:because|since|due to|owing to|as a result of|so that|in order to|to|by|for|as)\b",
    re.IGNORECASE,
)


class WitnessedChecker:
    """Coverage and the model's own judgement together.

    Args:
        checker: judges first; what it refuses by an exact fact stays refused.
        witness: asked about what is still open.
        rarity: weights of words in the index at hand.
        threshold: support from which a statement counts as supported, 0 to 1.
    """

    def __init__(
        self, checker: Checker, witness: Witness, rarity: Rarity, *, threshold: float
    ) -> None:
        self.checker = checker
        self.rarity = rarity
        self.witness = witness
        self.threshold = threshold
        self._asked = threading.local()

    @property
    def cancel(self) -> threading.Event | None:
        """What stops the model in this thread: each question is answered in one of its own."""
        found: threading.Event | None = getattr(self._asked, "cancel", None)
        return found

    @cancel.setter
    def cancel(self, event: threading.Event | None) -> None:
        self._asked.cancel = event

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the sentences that carry the claim.

        Where the model cannot be asked, the verdict is "not checked", and nothing is shown.
        """
        found = self.checker.judge(claim)
        if not self.is_open(claim, found):
            return found
        try:
            settled = self.settle(claim, found, self._log_odds(claim, found))
            return self._supposed(claim, settled)
        except ModelError as error:
            reason = f"It could not be checked: {error}"
            return replace(found, verdict=Verdict.NOT_CHECKED, support=0.0, reason=reason)

    def is_open(self, claim: Claim, found: Judgement) -> bool:
        """Tell whether the witness has to be asked.

        It need not where an exact fact refuses the claim, or where the claim stands word for word.
        """
        settled = found.verdict is Verdict.SUPPORTED and found.anchored
        alone = len(claim.hits) == 1
        return found.open and not (alone and settled and verbatim(claim.text, found.sentences))

    def settle(self, claim: Claim, found: Judgement, log_odds: float) -> Judgement:
        """Return the verdict of an open judgement.

        Args:
            claim: what is judged.
            found: by exact facts and coverage.
            log_odds: the witness's, calibrated, that the passages state everything.
        """
        support = probability(found, log_odds)
        plain = found.verdict is Verdict.SUPPORTED and found.anchored and len(claim.hits) == 1
        plain = plain and _says_deed(claim.text, found.sentences)
        plain = plain and _ranks(claim.text) <= _ranks(*(s.text for _, s in found.sentences))
        enough = self.threshold if plain else min(1.0, self.threshold + UNCOVERED)
        if support >= enough:
            return replace(found, verdict=Verdict.SUPPORTED, support=support, reason="")
        reason = found.reason or "Read as a whole, the passage does not state all of this."
        return replace(found, verdict=Verdict.PARTLY, support=support, reason=reason)

    def _supposed(self, claim: Claim, found: Judgement) -> Judgement:
        """Return a verdict that holds of what is given a reason as well, without the question.

        Asked "Why does Ada oppose the bridge?", a model gives what she says of the bridge as the
        reason, whether she opposes it or not.
        """
        head = supposed_by(claim.question, claim.text)
        if found.verdict is not Verdict.SUPPORTED or not head:
            return found
        supposed = replace(claim, text=head, question="")
        by_words = self.checker.judge(supposed)
        if probability(by_words, self.log_odds(supposed)) >= self.threshold:
            return found
        said = f"The source does not say what a reason is given for: “{head}”"
        return replace(found, verdict=Verdict.PARTLY, reason=said)

    def alone(self, statement: str, found: Judgement, answers: float | None = None) -> Judgement:
        """Return a verdict that holds of the cited sentences without the rest of their passage.

        What a model takes from the passage as a whole a reader of the quotation cannot see. What
        stands there word for word, or as a lifespan in brackets, need not be asked.

        Args:
            statement: a sentence that is supported.
            found: its judgement.
            answers: probability that it gives what was asked for; None where not judged.
        """
        if verbatim(statement, found.sentences):
            return found
        if gives_day(statement, [sentence.text for _, sentence in found.sentences]):
            return found
        asked = prompts.states_in(quoted(found.sentences), statement)
        try:
            stated = self.witness.log_odds(asked, cancel=self.cancel)
            if stated >= ALONE or (answers and stated + odds.log_odds(answers) >= ALONE_ANSWERING):
                return found
            verdict = Verdict.PARTLY
            reason = "The sentences it would cite do not state all of this by themselves."
        except ModelError as error:
            verdict, reason = Verdict.NOT_CHECKED, f"It could not be checked: {error}"
        return replace(found, verdict=verdict, reason=reason)

    def _log_odds(self, claim: Claim, found: Judgement) -> float:
        """Return the same as `log_odds`, of what says what the sentences are of as well."""
        if not found.beside:
            return self.log_odds(claim)
        if len(claim.hits) == 1 and len(claim.hits[0].passage.text.split()) <= LONG_WORDS:
            text = prompts.passage_text(claim.hits[0], headed(claim.hits[0], found.beside))
            return self.witness.log_odds(prompts.states_in(text, claim.text), cancel=self.cancel)
        lines = " … ".join(sentence.text for sentence in found.beside)
        text = f"{lines}\n\n{window(claim.text, claim.hits, self.rarity)}"
        asked = prompts.states_in_part(text, claim.text)
        return self.witness.log_odds(asked, cancel=self.cancel)

    def log_odds(self, claim: Claim) -> float:
        """Return the witness's calibrated log-odds that the claim's passages state all of it.

        One passage is shown as it was read before, so that its reading is remembered; of a long
        one, or of several, the sentences that bear on the claim.
        """
        hit = claim.hits[0]
        if len(claim.hits) == 1 and len(hit.passage.text.split()) <= LONG_WORDS:
            asked = prompts.states(claim.text, hit, heading(hit.document))
        else:
            text = window(claim.text, claim.hits, self.rarity)
            asked = prompts.states_in_part(text, claim.text)
        return self.witness.log_odds(asked, cancel=self.cancel)


def supposed_by(question: str, statement: str) -> str:
    """Return what an answer to a "why" takes for given: its words up to the reason, "" if none.

    Args:
        question: in plain words.
        statement: a drafted sentence.
    """
    if not _ASKS_WHY.search(question):
        return ""
    asked = read(question).stems & read(statement).stems
    for reason in _BECAUSE.finditer(statement):
        head = statement[: reason.start()].rstrip(" ,.")
        if asked and asked <= read(head).stems:
            return f"{head}."
    return ""


def _says_deed(statement: str, cited: Sequence[tuple[Hit, Sentence]]) -> bool:
    """Tell whether what a statement says was done stands in the sentences it cites.

    Who sues and who is sued stand in the same words; small models turn them round.
    """
    known = frozenset[str]().union(*(read(sentence.text).stems for _, sentence in cited))
    return all(is_light(deed) or match(deed, known) for deed in suffered(statement))


def _ranks(*texts: str) -> frozenset[str]:
    """Return the ranks that texts give something ("first", "largest"), those alike as one."""
    words = (word.lower() for text in texts for word in _RANK.findall(text))
    return frozenset(_RANKS.get(word, word) for word in words)


def features(found: Judgement, log_odds: float) -> tuple[float, float, float]:
    """Return what the probability of support is made of, in the order of `WEIGHTS`.

    Args:
        found: the judgement by exact facts and coverage.
        log_odds: the witness's, calibrated, that the passage states everything.
    """
    exact = float(found.fault in EXACT)
    return odds.log_odds(found.support), max(-6.0, min(6.0, log_odds)), exact


def probability(found: Judgement, log_odds: float) -> float:
    """Return the probability, 0 to 1, that a statement is supported; see `features`.

    A statement that an exact fact refuses is not shown whatever this says.
    """
    bias, *weights = WEIGHTS
    score = bias + sum(w * x for w, x in zip(weights, features(found, log_odds), strict=True))
    return odds.probability(score)


def verbatim(statement: str, cited: Sequence[tuple[Hit, Sentence]]) -> bool:
    """Tell whether a statement is a stretch of one cited sentence, word for word in order.

    A name that is left out in the middle may be the one who did it, and one that is put in may be
    another's.
    """
    wording = read(statement).words
    said = [word.stem for word in wording]
    for _, sentence in cited:
        words = read(sentence.text).words
        matcher = SequenceMatcher(None, said, [word.stem for word in words], autojunk=False)
        blocks = [block for block in matcher.get_matching_blocks() if block.size]
        if not said or sum(block.size for block in blocks) < VERBATIM * len(said):
            continue
        taken = {place for block in blocks for place in range(block.a, block.a + block.size)}
        if any(word.name for place, word in enumerate(wording) if place not in taken):
            continue
        kept = {place for block in blocks for place in range(block.b, block.b + block.size)}
        inside = range(min(kept), max(kept))
        if not any(words[place].name for place in inside if place not in kept):
            return True
    return False
