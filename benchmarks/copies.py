"""Which passages are taken for copies: none that differ in a fact, most that were only edited.

    python -m benchmarks.copies [--sets NAME …] [--questions 60] [--count 400] [--show FILE]

Passages found together for a question of a shared set, by words alone, are held against each other:
how many pairs are called copies, and which (`--show` writes them to a file to be looked at). Then
passages are printed as another paper would (byline and dateline, a sentence less, words cut), which
must be found, and with one number, date, name or negation altered, which must not. Last comes what
looking for copies costs. No model is asked.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from benchmarks import sets
from rag.config import Settings
from rag.evaluate.altering import names_of, ways
from rag.index import Index, build
from rag.prove.copies import SHINGLE, Kept, one_voice
from rag.retrieve import ranked_hits
from rag.testing import FakeEmbedder, make_hit
from rag.types import Hit

SETS = ("multihoprag_500_facts", "ramdocs", "dragonball_en_finance", "clapnq_dev")
FOUND = 50  # passages of a question that are held against each other
LEAST_WORDS = 40  # of a passage that is edited or altered
HITS = 150  # as many as a question finds at most
_ASIDE = re.compile(r", [^,.;:]{8,60},")


def found_together(name: str, questions: int, seed: int) -> Iterator[list[Hit]]:
    """Yield the passages that a set's documents have for each of some questions.

    They have no titles: those of these sets tell much of what a text must tell by itself.
    """
    with tempfile.TemporaryDirectory() as folder:
        documents = sets.write_documents(name, Path(folder))
        embedder = FakeEmbedder()
        build([documents], Path(folder) / "index", embedder)
        index = Index.open(Path(folder) / "index")
        for row in sets.sample(name, questions, seed=seed):
            hits = ranked_hits(row["question"], index, embedder, by="lexical")[:FOUND]
            yield [replace(hit, document=replace(hit.document, title="")) for hit in hits]


def called(hits: Sequence[Hit]) -> Iterator[tuple[str, Hit, Hit]]:
    """Yield each pair of passages of two documents with what it is called: "", "voice", "copy"."""
    for one, other in combinations(hits, 2):
        if one.document.id == other.document.id or "metadata" in (
            one.passage.kind,
            other.passage.kind,
        ):
            continue
        if is_copy(one, other) or is_copy(other, one):
            yield "copy", one, other
        else:
            yield "voice" if one_voice(one, other) else "", one, other


def is_copy(one: Hit, other: Hit) -> bool:
    """Tell whether the second passage would take no place beside the first."""
    kept = Kept()
    kept.add(one)
    return kept.attach(other)


def edits(rng: random.Random) -> dict[str, Callable[[str], str | None]]:
    """Return what another paper does with an agency's story, by kind; None where it cannot."""

    def byline(text: str) -> str:
        who = rng.choice(["Jane Holt", "Amir Sayed and Lea Brandt", "Our Foreign Staff"])
        city = rng.choice(["LONDON", "NEW YORK", "PARIS, June 3"])
        return f"By {who}, Daily Courier\n\n{city} (Reuters) - {text}"

    def sentence(text: str) -> str | None:
        parts = [s.text for s in make_hit(text).passage.sentences]
        if len(parts) < 3:
            return None
        del parts[rng.randrange(len(parts))]
        return " ".join(parts)

    def aside(text: str) -> str | None:
        places = list(_ASIDE.finditer(text))
        if not places:
            return None
        place = rng.choice(places)
        return text[: place.start()] + text[place.end() :]

    def words(text: str) -> str:
        parts = text.split()
        at = rng.randrange(len(parts) - 2)
        return " ".join(parts[:at] + parts[at + 2 :])

    return {
        "byline and dateline": byline,
        "a sentence cut": sentence,
        "an aside cut": aside,
        "any two words cut": words,
    }


def passages(names: Sequence[str], count: int, seed: int) -> list[str]:
    """Return texts as long as passages from the documents of some sets."""
    texts = []
    for name in names:
        for row in sets.rows(sets.DATA / name / "corpus.jsonl.gz"):
            sentences = make_hit(row["text"][:4000]).passage.sentences[:5]
            text = " ".join(s.text for s in sentences)
            if LEAST_WORDS <= len(text.split()) <= 200:
                texts.append(text)
    random.Random(seed).shuffle(texts)
    return texts[:count]


def told(original: str, changed: str) -> tuple[bool, bool]:
    """Tell whether a changed text is called a copy, which adds nothing, and whether one voice."""
    one = make_hit(original, source="one.txt", title="")
    other = make_hit(changed, source="other.txt", title="")
    return is_copy(one, other), one_voice(one, other)


def contained(original: str, changed: str) -> float:
    """Return the share, 0 to 1, of a changed text's runs of five words that the original has."""
    ours, theirs = (
        {tuple(words[place : place + SHINGLE]) for place in range(len(words) + 1 - SHINGLE)}
        for words in (original.lower().split(), changed.lower().split())
    )
    return len(ours & theirs) / len(theirs)


def table(texts: Sequence[str], seed: int) -> str:
    """Return as Markdown how many edited and altered texts are called copies."""
    rng = random.Random(seed)
    lines = [
        "| changed | texts | shingles in common, median | called a copy | one voice |",
        "|---|---|---|---|---|",
    ]
    altered = {f"{kind} altered": change for kind, change in ways(names_of(texts), rng).items()}
    for kind, change in (edits(rng) | altered).items():
        pairs = [(text, new) for text in texts if (new := change(text)) and new != text]
        results = [told(*pair) for pair in pairs]
        as_copy, as_voice = (sum(result[i] for result in results) for i in (0, 1))
        alike = statistics.median(contained(*pair) for pair in pairs)
        lines.append(f"| {kind} | {len(pairs)} | {alike:.2f} | {as_copy} | {as_voice} |")
    return "\n".join(lines)


def cost(texts: Sequence[str], rounds: int = 20) -> str:
    """Return what looking for copies costs: as many kept as are read, every passage, all copies."""
    most = Settings().passages
    walks = (
        (f"no copies, until {most} are kept", texts, most),
        ("no copies, all of them", texts, HITS),
        ("all copies of one", [texts[0]] * HITS, most),
    )
    said = []
    for what, told, keep in walks:
        spent = [_walk(told, keep, turn) for turn in range(rounds)]
        said.append(f"{HITS} hits, {what}: {statistics.median(spent):.1f} ms")
    return "\n".join(said)


def _walk(texts: Sequence[str], most: int, turn: int) -> float:
    """Return the milliseconds of one walk; bylines make the texts new, so none is remembered."""
    lines = [f"By Ada {chr(65 + turn)}x{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(HITS)]
    hits = [
        make_hit(f"{line}\n\n{text}", source=f"{n}.txt", title="")
        for n, (line, text) in enumerate(zip(lines, texts, strict=False))
    ]
    kept = Kept("What did the minister say?")
    began = time.process_time()
    for hit in hits:
        if not kept.attach(hit):
            if len(kept.hits) == most:
                break
            kept.add(hit)
    return 1000 * (time.process_time() - began)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=Path, help="write the pairs that are called copies there")
    asked = parser.parse_args()
    shown = []
    print("| set | pairs found together | called copies | else one voice |\n|---|---|---|---|")
    for name in asked.sets:
        counts = Counter[str]()
        seen = set[frozenset[str]]()
        for hits in found_together(name, asked.questions, asked.seed):
            for kind, one, other in called(hits):
                pair = frozenset((one.passage.id, other.passage.id))
                if pair in seen:
                    continue
                seen.add(pair)
                counts[kind] += 1
                if kind:
                    shown.append(f"{name} {kind}\n A {one.passage.text}\n B {other.passage.text}\n")
        print(f"| {name} | {counts.total()} | {counts['copy']} | {counts['voice']} |", flush=True)
    if asked.show:
        asked.show.write_text("\n".join(shown), encoding="utf-8")
    texts = passages(asked.sets, asked.count, asked.seed)
    print(f"\n{table(texts, asked.seed)}\n\n{cost(texts)}")


if __name__ == "__main__":
    main()
