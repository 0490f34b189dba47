"""Adding something to every page of a user's server."""

from collections.abc import Callable
from typing import Any

_BOX = """<div id="{}" role="alert" style="position: fixed; z-index: 100000; right: 1em;
 bottom: 2.5em; max-width: 36em; padding: 1em; border: 2px solid #b45309; background: #fff; color: #222;
 font: 14px/1.4 sans-serif; overflow-wrap: anywhere">{}
<button type="button" style="float: right" onclick="this.parentNode.remove()">Close</button></div>"""


def make_notice_box(name: str, content: str) -> str:
    """Return a box with a button that closes it; `name` is its id, `content` is HTML."""
    return _BOX.format(name, content)


def add_to_pages(make_addition: Callable[[], str]) -> None:
    """Add what this returns, HTML, to the end of each page."""
    from jupyter_server.base.handlers import JupyterHandler  # noqa: PLC0415
    from jupyter_server.extension.handler import ExtensionHandlerMixin  # noqa: PLC0415

    def add(original: Callable[..., str]) -> Callable[..., str]:
        def render(handler: Any, name: str, **words: Any) -> str:
            return original(handler, name, **words).replace("</body>", f"{make_addition()}</body>")

        return render

    # JupyterLab's pages and the others have one each
    for kind in (JupyterHandler, ExtensionHandlerMixin):
        kind.render_template = add(kind.render_template)  # type: ignore[method-assign]
