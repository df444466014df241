"""The one compute lane: one at a time, in the order in which they came."""

from __future__ import annotations

import threading
import time

import pytest

from rag.llm.context import Lane


def test_nobody_is_passed_over() -> None:
    lane, order = Lane(), list[int]()

    def work(number: int) -> None:
        with lane:
            order.append(number)

    with lane:
        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            while len(lane._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_only_one_is_in_it() -> None:
    lane, inside, most = Lane(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with lane:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@pytest.mark.parametrize("granted", [False, True], ids=["still waiting", "just given"])
def test_nobody_waits_for_one_who_was_interrupted(
    granted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane()
    lane.__enter__()

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if granted:
                lane.__exit__()
            raise KeyboardInterrupt

    monkeypatch.setattr("rag.llm.context.threading.Event", Interrupted)
    with pytest.raises(KeyboardInterrupt), lane:
        pass
    monkeypatch.undo()
    if not granted:
        lane.__exit__()
    with lane:
        pass


def test_it_is_free_again_after_an_error() -> None:
    lane = Lane()
    with pytest.raises(ValueError, match="one"), lane:
        raise ValueError("one")
    with lane:
        pass
