"""Leads from an address that the hub had before `base_url` changed to the one that it has."""

import re

from jupyterhub.handlers.base import PrefixRedirectHandler

_ADDRESS = re.compile(r"(/(?:.*?/)??)((?:hub|user|services)(?:/.*)?)")


class OldAddressHandler(PrefixRedirectHandler):
    """JupyterHub's own handler puts the hub's address before what is asked for: `/x/hub/hub/login`."""

    def get(self) -> None:
        """Redirect to the same page below today's base."""
        found = _ADDRESS.fullmatch(self.request.path)
        if found is None or found[1] == self.base_url:
            super().get()
            return
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{self.base_url}{found[2]}{query}")
