"""Follow-ups and suggestions with the default model on the sample documents."""

from __future__ import annotations

import threading
import time

import pytest

from rag.assistant import Assistant
from rag.errors import CancelledError
from rag.followups import Earlier, resolve, suggest
from rag.followups.leaning import leans

CONDITIONS = Earlier(
    "What conditions did Microsoft set for selling facial recognition to police?",
    (
        "Microsoft will not sell facial recognition technology to police departments until a "
        "national law grounded in human rights is in place, Brad Smith said.",
    ),
)


@pytest.mark.parametrize(
    ("question", "names", "answer"),
    [
        ("What about Amazon?", ("Amazon",), "one year"),
        ("Why did they do that?", ("Microsoft", "Why"), "human rights"),
    ],
    ids=["by rules", "by the model"],
)
def test_a_follow_up_is_answered(
    assistant: Assistant, question: str, names: tuple[str, ...], answer: str
) -> None:
    found = resolve(question, (CONDITIONS,), assistant.llm, embedder=assistant.embedder)
    assert found.changed
    assert all(name in found.question for name in names)
    reply = assistant.ask(found.question)
    assert answer in reply.text
    assert reply.citations


def test_rewriting_keeps_no_reading_of_a_passage_from_being_used(assistant: Assistant) -> None:
    question = "Who is the president of Microsoft?"
    before = assistant.ask(question)
    resolve("Why did they do that?", (CONDITIONS,), assistant.llm)
    after = assistant.ask(question)
    assert [d.text for d in after.drafts] == [d.text for d in before.drafts]
    assert after.statements == before.statements


def test_a_suggestion_is_answered_and_the_next_is_stopped_at_once(assistant: Assistant) -> None:
    answer = assistant.ask("What did Amazon announce?")
    cancel = threading.Event()
    suggested = suggest(assistant, answer, cancel)
    question = next(suggested)
    assert not leans(question)
    assert not assistant.ask(question).abstained
    stopped = list[float]()

    def stop() -> None:
        stopped.append(time.perf_counter())
        cancel.set()

    threading.Timer(0.3, stop).start()
    assert list(suggested) == []
    # 0.5 s on an idle machine; what is told here is that it does not go on to its end.
    assert time.perf_counter() - stopped[0] < 3


def test_resolving_is_stopped(assistant: Assistant) -> None:
    cancel = threading.Event()
    threading.Timer(0.05, cancel.set).start()
    with pytest.raises(CancelledError):
        [resolve("Why did they do that?", (CONDITIONS,), assistant.llm, cancel) for _ in range(50)]
