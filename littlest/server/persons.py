"""Which requests and messages show that a person uses a server. Pages ask for much by themselves."""

import json
from collections.abc import Mapping
from typing import Any

KERNEL_MESSAGES = frozenset(
    {
        "execute_request",
        "input_reply",
        "complete_request",
        "inspect_request",
        "is_complete_request",
        "interrupt_request",
        "shutdown_request",
    }
)
"""Not among them: what a page asks a kernel when it opens or connects again, and how much memory it uses."""
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BY_ITSELF = ("lab/api/workspaces", "lab/api/settings", "api/events")
"""What JupyterLab saves without being asked."""
PRESENCE_PATH = "littlest/presence"
PRESENCE_SCRIPT = """<script>
(() => {
  let last = 0;
  const tell = (event) => {
    if (!event.isTrusted || Date.now() - last < 60000) return;
    last = Date.now();
    fetch(%s, {cache: "no-store"}).catch(() => {});
  };
  for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"])
    addEventListener(kind, tell, {capture: true, passive: true});
})();
</script>"""
"""In every page: it tells the server, at most once a minute, that somebody types, clicks or scrolls."""


def is_by_person(method: str, path: str, headers: Mapping[str, str], status: int) -> bool:
    """Whether a request shows that a person is there; `path` is below the server's own."""
    if status >= 400:
        return False
    if method in _CHANGES:
        return not path.startswith(_BY_ITSELF)
    if path == PRESENCE_PATH:
        return True
    # browsers send Sec-Fetch-Mode over https only
    opens_page = headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and "text/html" in headers.get("Accept", "")
    return method == "GET" and opens_page and "/api/" not in f"/{path}"


def is_typing(message: Any) -> bool:
    """Whether a message to a terminal is what somebody typed, and not the size of the page."""
    try:
        return bool(json.loads(message)[0] == "stdin")
    except (ValueError, TypeError, LookupError):
        return False


def make_presence_script(base_url: str) -> str:
    """Return the script as HTML."""
    address = json.dumps(f"{base_url.rstrip('/')}/{PRESENCE_PATH}").replace("<", "\\u003c")
    return PRESENCE_SCRIPT % address
