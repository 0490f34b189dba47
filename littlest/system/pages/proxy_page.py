"""Writing the pages that the proxy shows by itself."""

from base64 import b64encode

from littlest.machine.machine import Machine
from littlest.plan.proxy_pages import render_proxy_page
from littlest.plan.steps import WriteProxyPage
from littlest.system.pages.logo import read_copied_logo

_MODE = 0o644


def is_proxy_page_written(machine: Machine, step: WriteProxyPage) -> bool:
    """Whether the page is as it should be, with the logo that was copied."""
    state = machine.read_state(step.path)
    return state is not None and state.mode == _MODE and machine.read_bytes(step.path) == _render(machine, step)


def write_proxy_page(machine: Machine, step: WriteProxyPage) -> None:
    """Write the page. The proxy reads it whenever it shows it."""
    machine.write_file(step.path, _render(machine, step), mode=_MODE)


def _render(machine: Machine, step: WriteProxyPage) -> bytes:
    logo = read_copied_logo(machine) if step.has_logo else None
    # in the page itself: nothing else answers while it is shown
    address = f"data:{logo[1]};base64,{b64encode(logo[0]).decode()}" if logo else ""
    return render_proxy_page(step.path.name, step.title, step.help_url, address).encode()
