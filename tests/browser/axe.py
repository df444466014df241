"""What keeps people out of a page, as axe-core finds it: names, contrast, roles, order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def faults(page: Page, within: str | None = None) -> list[str]:
    """Return what is grave, a line for each element, readable in a failed assertion.

    Args:
        page: as it stands: what is folded or behind another tab is not looked at.
        within: a CSS selector of the part that is looked at, all of it by default.
    """
    from axe_playwright_python.sync_playwright import Axe

    # It is evaluated in the page, not loaded by it, so the policy of the page does not matter.
    found: dict[str, Any] = Axe().run(page, context=within).response
    return [
        f"{fault['impact']}: {fault['help']} ({fault['id']}): {' '.join(map(str, node['target']))}"
        f" {node['html'][:160]}: {_why(node)}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    """Return what has to be mended of an element, in one line."""
    return "; ".join(each["message"] for each in [*node["any"], *node["all"], *node["none"]])
