"""Parts of our pages, and a page of Gradio as an app that can be served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr
    from starlette.applications import Starlette

FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def html_part(value: str, elem_id: str) -> gr.HTML:
    """Return a part of a page that is ours alone, without the looks of Gradio."""
    import gradio as gr

    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def blocks(title: str) -> gr.Blocks:
    """Return a page to be laid out.

    A program may leave out parameters that have a default. Files are not taken: Gradio would
    fetch one that is named by an address, and read one that is named by a path.
    """
    import gradio as gr
    from gradio.components.api_component import Api
    from gradio_client.utils import is_file_obj_with_meta, traverse

    def refuse(_: Any) -> None:
        raise gr.Error("Files are not taken here.", print_exception=False)

    class Blocks(gr.Blocks):  # type: ignore[misc]  # Gradio is not typed
        """Gradio's own fill in defaults for its clients, not for whoever posts plain JSON."""

        def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
            traverse(inputs, refuse, is_file_obj_with_meta)
            left_out = block_fn.inputs[len(inputs) :]
            if all(isinstance(each, Api) and each.value is not None for each in left_out):
                inputs += [each.value for each in left_out]
            super().validate_inputs(block_fn, inputs)

    return Blocks(title=title, analytics_enabled=False, fill_width=True)


def asgi(page: gr.Blocks, head: str) -> Starlette:
    """Return a page as an app to be shown by a server; called where no event loop runs.

    Args:
        page: laid out; each page can be served once.
        head: HTML for the page's head, its looks and scripts.
    """
    import gradio as gr
    from starlette.applications import Starlette

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        page.close(verbose=False)

    app = Starlette(lifespan=lifespan)

    async def mount() -> None:
        gr.mount_gradio_app(
            app,
            page,
            "/",
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            run_history=False,
            enable_monitoring=False,
            pwa=False,
            footer_links=[],
            theme=gr.themes.Base(font=list(FONTS), font_mono=["ui-monospace", "monospace"]),
            head=head,
        )

    asyncio.run(mount())  # where no loop runs, Gradio makes some and leaves them open
    return app
