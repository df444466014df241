"""The web page, `python app.py`: everything of it is in `rag.page`."""

from __future__ import annotations

import rag  # isort: skip  # noqa: F401  it settles OpenMP, so it stands before what loads torch or faiss

import argparse
import sys
from collections.abc import Sequence

from rag.errors import RagError
from rag.page import HOST, PORT, TAGLINE, TITLE, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=f"{TITLE}: {TAGLINE}. Serves the page.")
    parser.add_argument("--host", default=HOST, help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="default %(default)s")
    parser.add_argument("--index", default="", help="asked first; by default the last one asked")
    parser.add_argument(
        "--model", default="", help="name or GGUF file; by default the one chosen on the page"
    )
    given = parser.parse_args(argv)
    try:
        serve(given.host, given.port, given.index, given.model)
    except RagError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
