"""The pages that the proxy shows by itself: while the hub is down, and for addresses where nothing is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath as Path
from string import Template

from littlest import paths
from littlest.config.model import Config
from littlest.plan.steps import CopyLogo, MakeDirectory, Step, WriteProxyPage

_REFRESH = '<meta http-equiv="refresh" content="3">\n'
_WAIT = (
    "<p>This page tries again by itself every few seconds.</p>",
    "<p>Notebooks that are open in other tabs keep running.</p>",
    "<p>If this page is still here after two minutes, please tell {who}.</p>",
)


@dataclass(frozen=True, slots=True)
class ProxyPage:
    """One page, in HTML."""

    heading: str
    sentences: tuple[str, ...]
    """In `{who}` is whom to tell: a link, if there is one."""
    refreshes: bool = True


PROXY_PAGES: Mapping[str, ProxyPage] = {
    "404.html": ProxyPage(
        "There is no such page",
        (
            "<p>This server has no page at this address.</p>",
            '<p>Please check the address, or go to the <a href="/">start page</a>. If somebody gave you the address,'
            " please tell {who}.</p>",
        ),
        refreshes=False,
    ),
    "503.html": ProxyPage(
        "One moment, please", ("<p>The server is starting, or restarting after a change.</p>", *_WAIT)
    ),
    "error.html": ProxyPage("Something went wrong", ("<p>This server could not answer.</p>", *_WAIT)),
}
"""Each by its file: configurable-http-proxy looks for one with the status, then for the last."""


def make_page_steps(config: Config) -> tuple[Step, ...]:
    """Return the steps for the proxy's pages, and for the logo on them and on the hub's."""
    branding = config.branding
    return (
        MakeDirectory(paths.PAGES_DIR),
        *((CopyLogo(Path(branding.logo)),) if branding.logo else ()),
        *(
            WriteProxyPage(paths.PAGES_DIR / name, branding.title, branding.help_url, bool(branding.logo))
            for name in PROXY_PAGES
        ),
    )


def render_proxy_page(name: str, title: str, help_url: str, logo: str = "") -> str:
    """Return a page; `logo` is the address of an image that is in the page itself, empty for none."""
    page = PROXY_PAGES[name]
    who = "your teacher or administrator"
    if help_url:
        who = f'<a href="{escape(help_url)}">{who}</a>'
    parts = (f'<img src="{logo}" alt="">' if logo else "", escape(title))
    header = f"<header>{''.join(parts)}</header>\n" if any(parts) else ""
    template = files("littlest.plan").joinpath("templates/proxy-page.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        refresh=_REFRESH if page.refreshes else "",
        heading=page.heading,
        name=f" | {escape(title)}" if title else "",
        header=header,
        sentences="\n".join(page.sentences).format(who=who),
    )
