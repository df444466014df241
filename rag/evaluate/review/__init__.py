"""A question set looked through in the browser: accept, strike, correct, one question at a time.

    sheet.py    the set as it is being decided on; every decision is on the disk when it returns
    looks.py    a question and its evidence as HTML; pure
    page.py     the page, on Gradio, and `review`
    view.css    how it looks, beside the colours and type of `rag/render/looks`
    view.js     keys: A accepts, S strikes, arrows turn pages, E edits

Nothing heavy is loaded before `review` is called.
"""

from rag.evaluate.review.page import review
from rag.evaluate.review.sheet import Sheet

__all__ = ["Sheet", "review"]
