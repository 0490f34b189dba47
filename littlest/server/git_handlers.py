"""The page of a link that fetches a repository: it asks first when the link is new, then nbgitpuller fetches."""

import os
import shutil
from pathlib import Path
from typing import Any

from nbgitpuller.handlers import SyncHandler, UIHandler
from nbgitpuller.pull import GitPuller
from tornado.web import HTTPError, authenticated

from littlest.server.git_links import Link, LinkRefused, read_link

TEMPLATE = Path(__file__).parent / "pages/git_pull.html"
NO_GIT = (
    "Git is not installed on this server, so links cannot fetch files."
    " Ask an admin to run: sudo apt-get install git."
    " Until then, download the files in your browser, and drop them on the list of files here."
)
NOT_AGREED = "You have not agreed to this link yet. Open it again, and answer the question on the page."


def take_link(handler: Any) -> Link:
    """Return the link that a request asks for, and leave nothing else in its arguments. Raises LinkRefused."""
    root = Path(handler.settings["server_root_dir"]).expanduser()
    link = read_link(lambda name: handler.get_argument(name, None), root, _read_parent())
    arguments = {
        "repo": link.address,
        "targetpath": link.folder,
        "branch": link.branch,
        "depth": None if link.depth is None else str(link.depth),
        "backup": "true" if link.backup else None,
        "urlpath": link.page or None,
        "subpath": link.part or None,
        "app": handler.get_argument("app", None),
    }
    handler.request.arguments = {name: [value.encode()] for name, value in arguments.items() if value}
    return link


def _read_parent() -> str:
    return os.environ.get("NBGITPULLER_PARENTPATH", "")


class InsidePuller(GitPuller):
    """Renames no file outside of the repository's folder."""

    def find_upstream_changed(self, kind: str) -> list[str]:
        """Return what changed, without what an older version's symbolic link puts elsewhere."""
        inside = Path(self.repo_dir).resolve()
        names = super().find_upstream_changed(kind)
        return [name for name in names if (inside / name).parent.resolve().is_relative_to(inside)]


class PullPage(UIHandler):
    """Shows from where to where a link fetches, and fetches when the user has agreed."""

    @authenticated
    async def get(self) -> None:
        """Ask, or show nbgitpuller's page, which begins to fetch."""
        if self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise HTTPError(403, "This page opens in a window of its own only.")
        link = self._take_link()
        if link is None:
            return
        if link in self.settings["agreed_links"]:
            await super().get()
        else:
            self._show(link=link)

    @authenticated
    async def post(self) -> None:
        """Remember that the user agrees to what the address of this page asks for."""
        self.request.arguments = dict(self.request.query_arguments)
        link = self._take_link()
        if link is not None:
            self.settings["agreed_links"].add(link)
            self.redirect(self.request.uri)

    def _take_link(self) -> Link | None:
        """Return the link, None when the page says why it cannot be followed."""
        if shutil.which("git") is None:
            self._show(503, refusal=NO_GIT)
            return None
        try:
            return take_link(self)
        except LinkRefused as refused:
            self._show(400, refusal=str(refused))
            return None

    def _show(self, status: int = 200, **words: Any) -> None:
        self.set_status(status)
        link = words.get("link")
        is_there = (
            link is not None
            and (Path(self.settings["server_root_dir"]).expanduser() / _read_parent() / link.folder).exists()
        )
        template = self.settings["jinja2_env"].from_string(TEMPLATE.read_text())
        page = template.render(
            **self.template_namespace,
            parent=_read_parent().strip("/"),
            is_there=is_there,
            uri=self.request.uri,
            **words,
        )
        self.finish(page)


class PullStream(SyncHandler):
    """What nbgitpuller's page reads while it fetches."""

    @authenticated
    async def get(self) -> None:
        """Fetch, and send what git says as server-sent events."""
        try:
            if shutil.which("git") is None:
                raise LinkRefused(NO_GIT)
            link = take_link(self)
            if link not in self.settings["agreed_links"]:
                raise LinkRefused(NOT_AGREED)
        except LinkRefused as refused:
            said = str(refused)
            self.set_header("content-type", "text/event-stream")
            error = {"code": "refused", "message": said, "traceback": ""}
            await self.emit({"phase": "error", "message": said, "error": error, "output": said})
            return
        await super().get()
