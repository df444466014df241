"""A small page behind a password, which writes to standard error what it is called with.

    python tests/browser/locked.py --port 7870 --password FILE

Connections to other machines are refused and written to standard error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rag import serving
from tests.browser.scripted import refuse_other_machines

WORD = "correct horse"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--password", type=Path)
    given = parser.parse_args()
    refuse_other_machines()
    password = None
    if given.password is not None:
        password = serving.Password(given.password)
        password.set(WORD)

    def note(words: str) -> str:
        sys.stderr.write(f"called: {words}\n")
        return words

    import gradio as gr

    with serving.blocks("Locked") as page:
        serving.html_part("<h1>What is locked</h1>", "part")
        gr.api(note, api_name="note")
    with serving.Server(port=given.port, password=password) as server:
        server.show(serving.asgi(page.queue(), ""))
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        server.wait()


if __name__ == "__main__":
    main()
