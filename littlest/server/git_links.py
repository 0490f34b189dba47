"""Which links to a repository a user's server follows, and into which folder. Without Jupyter, and so are its tests.

A link comes from anybody: what it says decides where files are written and which program git starts for it.
"""

import json
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SCHEMES = frozenset({"https", "http", "ssh", "git"})
_ODD_IN_ADDRESS = re.compile(r"[^!-~]|[\"'<>\\^`{|}]")
_SHORT_SSH = re.compile(r"[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^-:][^:]*", re.ASCII)
_ODD_IN_BRANCH = re.compile(r"[^!-~]|[\"'<>\\^`{|}~:?*\[]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$")
_RUNS = frozenset({"bin", "node_modules", "r"})
"""Folders of a home in which programs look for programs: the shell of a login, Node.js, R."""
_LONGEST = 2000
_MOST_AGREED = 500


class LinkRefused(Exception):
    """A link is not followed; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link asks for: to fetch `address` into `folder`, a path below the folder that the server shows."""

    address: str
    folder: str
    branch: str | None = None
    depth: int | None = None
    backup: bool = False
    """Whether a folder of that name is renamed first."""
    page: str = ""
    """What opens afterwards, below the server's own address; empty for `part`."""
    part: str = ""
    """The file or folder below `folder` that opens afterwards."""

    @property
    def shown_address(self) -> str:
        """The address without the password that it may carry."""
        return re.sub(r"(?<=//)([^/@:]*):[^/@]*@", r"\1:…@", self.address)

    @property
    def host(self) -> str:
        """The computer from which is fetched, without what stands before it and looks like another one."""
        parts = urlsplit(self.address)
        found = parts.hostname if parts.scheme.lower() in SCHEMES else None
        return found or self.address.partition("@")[2].partition(":")[0]

    @property
    def key(self) -> str:
        """What the user agrees to."""
        return json.dumps([self.address, self.folder, self.backup])


def read_link(get: Callable[[str], str | None], root: Path, parent: str = "") -> Link:
    """Return what a link with these arguments asks for; `get` returns the value of one, None when it is missing.

    `root` is the folder that the server shows, `parent` the one below it into which all links go. The names are those
    of https://nbgitpuller.readthedocs.io/en/latest/use.html. Raises LinkRefused.
    """
    address = check_address(get("repo") or "")
    folder = get("targetpath") or get("targetPath") or re.split("[/:]", address.rstrip("/"))[-1]
    backup = (get("backup") or "").lower() not in {"", "0", "false", "no"}
    link = Link(
        address,
        check_folder(folder, root, parent),
        _check_branch(get("branch")),
        _check_depth(get("depth")),
        backup,
        _check_page(get("urlpath") or get("urlPath") or ""),
        _check_page(get("subpath") or get("subPath") or ""),
    )
    try:
        _check_target(root / parent / link.folder, link)
    except OSError as error:
        raise LinkRefused(f"The folder {link.folder} cannot be read ({error.strerror}).") from error
    return link


def _check_target(target: Path, link: Link) -> None:
    """Raise LinkRefused for a target that a person made, and OSError for one that cannot be read."""
    if target.exists() and not target.is_dir():
        raise LinkRefused(f"There is a file {link.folder}. Rename it, then open the link again.")
    if target.is_dir() and not link.backup and not (target / ".git").exists() and any(target.iterdir()):
        raise LinkRefused(
            f"You have a folder {link.folder} already, and it does not come from a link."
            " Rename it, then open the link again."
        )


def check_address(address: str) -> str:
    """Return the address of a repository on another machine.

    Raises LinkRefused for any other, such as an option of git, a path of this machine, or a helper program.
    """
    if _SHORT_SSH.fullmatch(address) and not _ODD_IN_ADDRESS.search(address):
        return address
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    is_plain = (
        not _ODD_IN_ADDRESS.search(address)
        and len(address) <= _LONGEST
        and "::" not in address.split("/", maxsplit=1)[0]
    )
    is_web = is_plain and address.lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))
    starts_option = host.startswith("-") or (parts.username or "").startswith("-") if is_web else True
    if not host or starts_option or port == 0:
        raise LinkRefused(
            "The link does not name a repository that can be fetched."
            " Its address must begin with https://, http://, ssh:// or git://."
        )
    return address


def check_folder(folder: str, root: Path, parent: str = "") -> str:
    """Return the path below `root`/`parent` with what is superfluous left out.

    Raises LinkRefused for a folder outside of `root`, for `root` itself, and for a hidden one or `bin` and the like:
    programs read their settings there, and run what they find. A link on the disk counts as what it leads to.
    """
    parts = [part for part in folder.split("/") if part not in {"", "."}]
    refused = LinkRefused(
        "The link names a folder that it may not write to. A folder of your files is allowed if it has no dot in"
        " front and is not one in which programs look for programs, such as bin."
    )
    if not parts or folder.startswith(("/", "~")) or len(folder) > _LONGEST or any(map(_is_odd, parts)):
        raise refused
    inside = root.resolve()
    try:
        # every step, because a link in the middle may lead out and the next one back in
        steps = [inside.joinpath(parent, *parts[:number]).resolve() for number in range(1, len(parts) + 1)]
    except (OSError, RuntimeError) as error:
        raise refused from error
    for step in steps:
        if step == inside or not step.is_relative_to(inside):
            raise refused
        names = step.relative_to(inside).parts
        if any(name.startswith(".") for name in names) or names[0].lower() in _RUNS:
            raise refused
    return "/".join(parts)


def _is_odd(part: str) -> bool:
    # some file systems take look-alikes of a dot, or capital letters, for the same name
    looks_like = unicodedata.normalize("NFKC", part)
    return (
        looks_like.startswith((".", " ", "-"))
        or any(unicodedata.category(letter)[0] == "C" for letter in part)
        or any(letter in '\\%"<>' or letter in "/\\" for letter in part + looks_like)
        or len(part.encode()) > 200  # with a time behind it, the name of a renamed folder
    )


def _check_branch(branch: str | None) -> str | None:
    if branch and (_ODD_IN_BRANCH.search(branch) or len(branch) > 250):
        raise LinkRefused("The link names a branch that no repository can have.")
    return branch or None


def _check_depth(depth: str | None) -> int | None:
    if not depth:
        return None
    if not re.fullmatch("[0-9]{1,6}", depth):
        raise LinkRefused("The link asks for a depth that is not a number.")
    return int(depth)


def _check_page(page: str) -> str:
    path = page.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
    # browsers leave out tabs and line breaks before they look for `..`
    has_hidden = any(unicodedata.category(letter)[0] == "C" for letter in page)
    if has_hidden or "\\" in page or page.startswith("/") or ".." in unquote(unquote(path)).split("/"):
        raise LinkRefused("The link opens a page that is not one of your server's.")
    return page


class AgreedLinks:
    """What the user has agreed to fetch, kept in a file of theirs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            kept = json.loads(file.read_text())
        except (OSError, ValueError):
            kept = []
        self._keys = [key for key in kept if isinstance(key, str)] if isinstance(kept, list) else []

    def __contains__(self, link: Link) -> bool:
        return link.key in self._keys

    def add(self, link: Link) -> None:
        """Remember the link, for this server only when the home is full."""
        self._keys = [*(key for key in self._keys if key != link.key), link.key][-_MOST_AGREED:]
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # addresses may carry a token
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as text:
                json.dump(self._keys, text)
            new.replace(self._file)
        except OSError:
            return
