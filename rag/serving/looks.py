"""The pages without Gradio: while the real one is built, and the login."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

TITLE = "Footnote"

# The answer comes as soon as the page is there. Where scripts do not run, the page asks anew.
_ASK_ANEW = """
(async function ask() {
  try {
    if (await (await fetch("ready", { cache: "no-store" })).json()) return location.reload();
  } catch { await new Promise((done) => setTimeout(done, 500)); }
  ask();
})();
"""


def splash_html() -> str:
    """Return the page that is there at once and gives way to the real one."""
    from rag.render.words import say

    opening = escape(say("Opening Footnote"))
    head = '<noscript><meta http-equiv="refresh" content="1"></noscript>'
    body = f'<p class="opening" role="status">{opening}</p><script>{_ASK_ANEW}</script>'
    return _page(body, head)


def login_html(fault: str = "") -> str:
    """Return the login.

    Args:
        fault: what was wrong with the last try, in plain words.
    """
    from rag.render.words import say

    told = f'<p class="fault" role="alert" id="fault">{escape(fault)}</p>' if fault else ""
    described = ' aria-describedby="fault" aria-invalid="true"' if fault else ""
    body = (
        f'<form method="post" action="login"><h2>{escape(say("Log in"))}</h2>{told}'
        f'<label for="password">{escape(say("Password"))}</label>'
        '<input id="password" name="password" type="password" required autofocus'
        f' autocomplete="current-password"{described}>'
        f"<button>{escape(say('Open'))}</button></form>"
    )
    return _page(body)


def logout_html() -> str:
    """Return the question whether to log out; only a click does it."""
    from rag.render.words import say

    return _page(
        f'<form method="post" action="logout"><h2>{escape(say("Log out of this browser?"))}</h2>'
        f"<button>{escape(say('Log out'))}</button></form>"
    )


def _page(body: str, head: str = "") -> str:
    from rag.render.words import say

    tagline = escape(say("answers from your own documents, every sentence proven"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{TITLE}</title><link rel="icon" href="data:,">{head}<style>{_css()}</style></head>'
        f"<body><header><h1>{TITLE}<sup>1</sup></h1><p>{tagline}</p></header>"
        f"<main>{body}</main></body></html>"
    )


@cache
def _css() -> str:
    return Path(__file__).with_name("looks.css").read_text(encoding="utf-8")
