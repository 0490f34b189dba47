"""The logo on the hub's pages: the admin's where there is one, else JupyterHub's."""

import asyncio

from jupyterhub.handlers.static import LogoHandler
from tornado.web import RequestHandler

from littlest.hub.live import live
from littlest.machine.machine import Machine
from littlest.system.pages.logo import read_copied_logo

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""Nothing in an SVG runs, also where it is opened by its own address."""


class OwnLogoHandler(LogoHandler):
    """Answers with the copy that `littlest apply` made; with JupyterHub's own logo where it cannot be read."""

    _is_own = False

    async def get(self, path: str = "", include_body: bool = True) -> None:
        """Answer with an image."""
        found = await asyncio.to_thread(read_copied_logo, Machine()) if live.config.branding.logo else None
        # browsers ask each time whether it is the same still, by its ETag
        self.set_header("Cache-Control", "no-cache")
        if found is None:
            # without a path: the file is the only one
            await super(LogoHandler, self).get("", include_body)
            return
        content, kind = found
        self._is_own = True
        self.set_header("Content-Type", kind)
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content if include_body else b"")

    def compute_etag(self) -> str | None:
        """Return the digest of what is answered; JupyterHub's handler knows that of its own file only."""
        return RequestHandler.compute_etag(self) if self._is_own else super().compute_etag()

    async def head(self, path: str = "") -> None:
        """Answer as to GET, without the image."""
        await self.get(path, include_body=False)
