"""A page over an assistant that plays written scenes.

    python tests/browser/scripted.py --port 7870 [--pause 0.03] [--gate FILE]

A question with "step by step" in it stops before each step until the gate, a file, is as many
bytes long as steps may be made: so a test sees every state, however slow the machine.

Everything but the assistant is the real thing. Connections to other machines are refused and
written to standard error.
"""

from __future__ import annotations

import argparse
import atexit
import itertools
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from rag import page as pages
from rag.config import MAX_QUESTION_CHARS
from rag.documents import places, read_document
from rag.errors import CancelledError, IndexMissingError, ModelError, QuestionTooLongError
from rag.followups import Earlier, Resolved
from rag.page.desk import AssistantLike
from rag.types import (
    Answer,
    Citation,
    Document,
    Done,
    Draft,
    Event,
    Hit,
    Judged,
    Passage,
    Proving,
    Reading,
    Retrieved,
    Sentence,
    Statement,
    Timings,
    Verdict,
    Wrote,
)
from rag.within import Within

PIER = (
    """Council closes the old ferry pier

The harbour council voted on Tuesday to close the old ferry pier for good. Nine members voted \
for the closure and four against.

Engineers had reported in March that eleven of the forty oak piles were rotten below the water \
line. "Nobody should stand on that deck again," said the harbour master, Ines Okafor.

"""
    + "\n\n".join(
        f"Ferry number {n} left the pier on time in the winter of 19{n}, as the log says."
        for n in range(51, 75)
    )
    + """

The ferries will leave from the grain quay until a new pier is built. The council set two \
conditions for the new pier: it must stand on steel piles, and it must be paid for without a \
new tax.

A decision about the money is expected in the autumn.
"""
)
QUAY = """# Ferries move to the grain quay

From 1 July every ferry leaves from the grain quay. The new pier must rest on steel, the council \
says, and no new tax may pay for it.
"""
HOSTILE = """Notes <b>of a clerk</b> & others

<script>window.hacked = 1</script> The clerk wrote <img src=x onerror="window.hacked = 2"> in the \
margin.\r\nHe added ${window.hacked = 3} and {{ window.hacked = 4 }} and <|im_end|> and \
[a link](javascript:alert(1)) and **stars** and </mark></div></section> to be sure.

Nothing else is known.
"""


def document(name: str, text: str, title: str, **metadata: str) -> Document:
    """Return a document whose id is its name."""
    facts = {"title": title, **metadata}
    return Document(name, "/corpus", name, text, title, facts, {}, "text")


DOCUMENTS = {
    d.id: d
    for d in (
        document(
            "pier.txt", PIER, "Council closes the old ferry pier", publisher="Harbour Gazette",
            date="2021-05-04T09:00:00Z", author="Mira Solberg", url="https://gazette.example/pier",
        ),
        document(
            "news/quay.md", QUAY, "Ferries move to the grain quay", publisher="Island Radio",
            date="2021-06-30",
        ),
        document(
            "clerk <i>.html", HOSTILE, 'Notes <b>of a clerk</b> & "others"',
            publisher="<img src=x onerror='window.hacked = 5'>", date="<b>soon</b>",
            url="javascript:alert(1)",
        ),
    )
}  # fmt: skip

PRINTED_QUOTE = "The old ferry pier was built in 1921 on forty oak piles."


def printed_pdf(lines: Sequence[str]) -> bytes:
    """Return a PDF of one page with some lines on it."""
    show = " ".join(f"1 0 0 1 72 {720 - 18 * n} Tm ({line}) Tj" for n, line in enumerate(lines))
    content = f"BT /F1 12 Tf {show} ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    ]
    out, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n"
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 6\n0000000000 65535 f \n{rows}{trailer}".encode("ascii")


def printed_document() -> Document:
    """Return a document read from a real PDF file, for its pages are drawn."""
    folder = Path(tempfile.mkdtemp(prefix="footnote-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    lines = ["Harbour survey", "", PRINTED_QUOTE, "Eleven of them were rotten in March."]
    (folder / "survey.pdf").write_bytes(printed_pdf(lines))
    return read_document(folder / "survey.pdf", root=folder)


PRINTED = printed_document()
DOCUMENTS[PRINTED.id] = PRINTED


def hit(source: str, words: str, score: float = 1.0) -> Hit:
    """Return a hit whose passage is the paragraph that holds the words."""
    found = DOCUMENTS[source]
    at = found.text.index(words)
    start = found.text.rfind("\n\n", 0, at) + 2 if "\n\n" in found.text[:at] else 0
    end = found.text.find("\n\n", at)
    end = len(found.text) if end < 0 else end
    text = found.text[start:end]
    sentence = Sentence(start, end, text)
    return Hit(Passage(f"{source}:{start}", source, start, end, text, (sentence,)), found, score)


def cite(number: int, source: str, quote: str) -> Citation:
    """Return a citation of the first place where the words stand."""
    d = DOCUMENTS[source]
    start = d.text.index(quote)
    end = start + len(quote)
    where = places(d, start, end)
    return Citation(
        number, d.source, d.title, start, end, quote, d.metadata, d.id, d.root, places=where
    )


def proven(text: str, *citations: Citation) -> Statement:
    """Return a supported statement."""
    return Statement(text, Verdict.SUPPORTED, 1.0, citations)


def refused(text: str, reason: str, verdict: Verdict = Verdict.NOT_FOUND) -> Statement:
    """Return a withheld statement."""
    return Statement(text, verdict, 0.2, (), reason)


@dataclass(frozen=True)
class Scene:
    """What happens after a question.

    Attributes:
        drafts: for each passage the sentences written, each with what became of it; a
            plain string is written and never judged.
        endless: it does not come to an end unless it is stopped.
    """

    drafts: tuple[tuple[Hit | None, tuple[Statement | str, ...]], ...]
    abstains: bool = False
    endless: bool = False


STEEL = "The new pier must stand on steel piles and be paid for without a new tax."
STEEL_QUOTE = (
    "The council set two conditions for the new pier: it must stand on steel piles, and it must "
    "be paid for without a new tax."
)
QUAY_QUOTE = "The new pier must rest on steel, the council says, and no new tax may pay for it."
VOTE = "Nine members voted for the closure and four against."
MADE_UP = "The new pier will cost 12 million crowns."
HOSTILE_QUOTE = HOSTILE.split("\n\n")[1]
HOSTILE_SENTENCE = (
    "<script>window.hacked = 6</script> <img src=x onerror='window.hacked = 7'> "
    "${window.hacked = 8} {{ window.hacked = 9 }} **bold** [x](javascript:alert(1)) <|im_end|>"
)

SCENES: Mapping[str, Scene] = {
    "conditions": Scene(
        (
            (
                hit("pier.txt", STEEL_QUOTE),
                (
                    proven(STEEL, cite(1, "pier.txt", STEEL_QUOTE)),
                    refused(MADE_UP, "12 and crowns stand nowhere in your documents"),
                ),
            ),
            (hit("pier.txt", VOTE), ("NOT STATED",)),
            (
                hit("news/quay.md", QUAY_QUOTE),
                (
                    proven(STEEL, cite(1, "pier.txt", STEEL_QUOTE),
                           cite(2, "news/quay.md", QUAY_QUOTE)),
                    proven("Nine members voted for it.", cite(3, "pier.txt", VOTE)),
                ),
            ),
        )
    ),
    "tsunami": Scene(
        (
            (hit("pier.txt", VOTE), ("NOT STATED",)),
            (
                hit("news/quay.md", QUAY_QUOTE),
                (refused("A tsunami destroyed it.", "tsunami stands nowhere in your documents"),),
            ),
        ),
        abstains=True,
    ),
    "clerk": Scene(
        (
            (
                hit("clerk <i>.html", HOSTILE_QUOTE),
                (
                    proven(HOSTILE_SENTENCE, cite(1, "clerk <i>.html", HOSTILE_QUOTE)),
                    refused(HOSTILE_SENTENCE + " no", '"><img src=x onerror="window.hacked=10">'),
                ),
            ),
        )
    ),
    "printed": Scene(
        (
            (
                hit(PRINTED.id, PRINTED_QUOTE),
                (proven("It was built in 1921.", cite(1, PRINTED.id, PRINTED_QUOTE)),),
            ),
        )
    ),
    "endless": Scene(
        (
            (hit("pier.txt", VOTE), (proven(VOTE, cite(1, "pier.txt", VOTE)),)),
            (hit("pier.txt", STEEL_QUOTE), ("It goes on and on",)),
        ),
        endless=True,
    ),
}  # fmt: skip


def narrowed(scene: Scene, ids: set[str]) -> Scene:
    """Return a scene without what is read in, or cited from, other documents."""
    drafts = []
    for found, sentences in scene.drafts:
        if found is None or found.document.id in ids:
            kept = (_only(sentence, ids) for sentence in sentences)
            drafts.append((found, tuple(each for each in kept if each is not None)))
    return replace(scene, drafts=tuple(drafts))


def _only(sentence: Statement | str, ids: set[str]) -> Statement | str | None:
    """Return a sentence with citations of some documents alone; None if it had others only."""
    if isinstance(sentence, str) or not sentence.citations:
        return sentence
    own = tuple(c for c in sentence.citations if c.document_id in ids)
    return replace(sentence, citations=own) if own else None


class ScriptedAssistant:
    """Plays the scene whose word stands in the question.

    Args:
        pause_s: between two words.
        gate: how many steps may be made, in bytes.
    """

    def __init__(self, pause_s: float, gate: Path | None) -> None:
        self.pause_s = pause_s
        self.gate = gate
        self.index = SimpleNamespace(documents=DOCUMENTS, described=list(DOCUMENTS.values()))
        self.busy = threading.Lock()

    def foresee(self, question: str) -> None:
        """Note on standard error what is being typed."""
        sys.stderr.write(f"foreseen: {question}\n")

    def read_ahead(self) -> None:
        """Nothing is read ahead."""

    def rest(self) -> None:
        """Nothing to leave off."""

    def close(self) -> None:
        """Nothing to free."""

    def stream(
        self,
        question: str,
        *,
        within: Within | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Play a scene; two at once would be an error of the page."""
        if len(question) > MAX_QUESTION_CHARS:
            raise QuestionTooLongError("the question is too long; ask a shorter one.")
        if "broken model" in question:
            raise ModelError("the model <b>file</b> is damaged; fetch it again.")
        if "bug" in question:
            raise RuntimeError("a bug of ours")
        if not self.busy.acquire(timeout=1):
            raise RuntimeError("two questions at once")
        try:
            yield from self._play(question, cancel or threading.Event(), within)
        finally:
            self.busy.release()

    def _wait(self, seconds: float, cancel: threading.Event) -> None:
        if cancel.wait(seconds) if seconds else cancel.is_set():
            raise CancelledError("stopped; ask again.")

    def _play(
        self, question: str, cancel: threading.Event, within: Within | None
    ) -> Iterator[Event]:
        scene = next((s for word, s in SCENES.items() if word in question), SCENES["tsunami"])
        asked = ""
        if within is not None:
            kept = within.select(DOCUMENTS.values())
            scene = narrowed(scene, {d.id for d in kept})
            asked = f"{within.which()} ({len(kept)} of {len(DOCUMENTS)})"
        began = time.perf_counter()
        steps = itertools.count(1)

        def step() -> None:
            """Wait until the gate lets one more step through."""
            self._wait(4 * self.pause_s, cancel)
            number = next(steps)
            while self.gate and "step by step" in question and self.gate.stat().st_size < number:
                self._wait(0.02, cancel)

        hits = tuple(h for h, _ in scene.drafts if h)
        shown: dict[str, Statement] = {}
        withheld: list[Statement] = []
        step()
        yield Retrieved(hits)
        for number, (found, sentences) in enumerate(scene.drafts):
            step()
            yield Reading(number, len(scene.drafts), found)
            step()
            texts = [s if isinstance(s, str) else s.text for s in sentences]
            for n, text in enumerate(texts):
                for m, word in enumerate(text.split(" ")):
                    yield Wrote(number, word if n == m == 0 else " " + word)
                    self._wait(self.pause_s or 0.001, cancel)
            # The page draws what was written at most ten times a second: give it a next time.
            self._wait(0.12, cancel)
            yield Wrote(number, "")
            if any(isinstance(sentence, Statement) for sentence in sentences):
                yield Proving(number)
            for sentence, text in zip(sentences, texts, strict=True):
                if isinstance(sentence, Statement):
                    step()
                    yield Judged(number, text, sentence)
                    if sentence.verdict is Verdict.SUPPORTED:
                        shown[text] = sentence
                    else:
                        withheld.append(sentence)
        while scene.endless:
            self._wait(0.05, cancel)
        step()
        statements = () if scene.abstains else tuple(shown.values())
        marked = " ".join(
            s.text + "".join(f"[{c.number}]" for c in s.citations) for s in statements
        )
        yield Done(
            Answer(
                question=question,
                text="Your documents do not say." if scene.abstains else marked,
                statements=statements,
                withheld=tuple(withheld),
                abstained=scene.abstains,
                closest=hits if scene.abstains else (),
                drafts=(Draft("", True, 0.0, (), ""),),
                model="scripted-model",
                timings=replace(Timings(), total_s=time.perf_counter() - began),
                asked=asked,
            )
        )


class ScriptedFollowing:
    """Understands the follow-ups that stand here, and suggests what follows on an answer."""

    MEANT: Mapping[str, str] = {"and when was that?": "When did the tsunami come, as of the vote?"}
    NEXT = ("How many members voted for the closure?", "What did the <b>engineers</b> report?")

    def resolve(
        self,
        assistant: AssistantLike,
        question: str,
        earlier: Sequence[Earlier],
        cancel: threading.Event,
    ) -> Resolved:
        """Look a follow-up up; note the turns before it on standard error."""
        sys.stderr.write(f"earlier: {[each.question for each in earlier]}\n")
        meant = self.MEANT.get(question)
        if meant:
            return Resolved(meant, changed=True, leans=True)
        return Resolved(question, leans="it" in question.split())

    def suggest(
        self,
        assistant: AssistantLike,
        answer: Answer,
        within: Within | None,
        cancel: threading.Event,
    ) -> Iterator[str]:
        """Suggest each after a moment."""
        for each in self.NEXT:
            if cancel.wait(0.2):
                return
            yield each


def change_documents() -> None:
    """Play that one file was changed, one was changed beside the cited words, and one is gone."""
    pier, quay = DOCUMENTS.pop("pier.txt"), DOCUMENTS.pop("news/quay.md")
    text = "A new beginning.\n\n" + pier.text.replace(VOTE, "Ten members voted for it.")
    DOCUMENTS["pier-2"] = replace(pier, id="pier-2", text=text)
    DOCUMENTS["quay-2"] = replace(quay, id="quay-2", text="All is new here.")
    del DOCUMENTS["clerk <i>.html"]


def refuse_other_machines() -> None:
    """Let no connection leave this machine, and tell of those that were tried."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            sys.stderr.write(f"OUTSIDE {address}\n")
            raise OSError("no connection to other machines in this test")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[assignment, method-assign]


def main() -> None:
    """Serve the scripted page until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two words")
    parser.add_argument("--gate", type=Path, help="file that lets steps through")
    parser.add_argument("--opening", type=float, default=0.0, help="seconds the models load")
    parser.add_argument("--failures", type=int, default=0, help="times that opening fails first")
    parser.add_argument("--data", type=Path, help="folder in which conversations are kept")
    parser.add_argument("--changed", action="store_true", help="as if files had changed since")
    given = parser.parse_args()
    if given.changed:
        change_documents()
    refuse_other_machines()

    failures = iter(range(given.failures))

    def open_assistant() -> ScriptedAssistant:
        time.sleep(given.opening)
        if next(failures, None) is not None:
            raise IndexMissingError("there is no index named <i>harbour</i>; run `rag index`.")
        return ScriptedAssistant(given.pause, given.gate)

    examples = (
        "what conditions did the council set?",
        "How many members voted for the closure?",
        "What did the engineers report?",
        "Who is the harbour master?",
        "When did the tsunami come?",
    )
    kept = pages.Kept(given.data or (given.gate and given.gate.with_name("data")))
    opener = pages.OneAssistant(open_assistant, "harbour")
    desk = pages.Desk(opener, "harbour", keeper=kept, following=ScriptedFollowing())
    server = pages.launch(desk, port=given.port, examples=examples)
    sys.stdout.write("serving\n")
    sys.stdout.flush()
    server.wait()


if __name__ == "__main__":
    main()
