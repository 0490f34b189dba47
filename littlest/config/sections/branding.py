"""What makes the hub's pages those of a school: their name and logo, and where people get help."""

from typing import Annotated

from pydantic import Field

from littlest.config.sections.kinds import FilePath, PageTitle, UrlOrNone
from littlest.config.sections.section import Section


class Branding(Section):
    """The name and the logo on the hub's pages, and where people get help."""

    title: Annotated[PageTitle, Field(examples=["Physics 101"])] = ""
    """Name of the hub on its pages and in the browser's tab; empty for JupyterHub."""
    logo: Annotated[FilePath | None, Field(examples=["/etc/littlest/logo.svg"])] = None
    """Path of an SVG or PNG image of at most 256 KB; `littlest apply` copies it; null for JupyterHub's."""
    help_url: Annotated[UrlOrNone, Field(examples=["https://example.org/help"])] = ""
    """Address of a page where people get help, linked on the hub's pages; empty for none."""
