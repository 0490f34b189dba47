"""Links that fetch a repository, opened on a real notebook server with git and nbgitpuller."""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

TOKEN = "1" * 32


class Connection(http.client.HTTPConnection):
    """To a socket of a file's name."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


class Server:
    """A notebook server with our extension, in a home of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.home, self.socket, self.cookies = folder / "home", folder / "s", ""
        self.home.mkdir()
        options = (
            f"--ServerApp.sock={self.socket}",
            f"--ServerApp.root_dir={self.home}",
            f"--IdentityProvider.token={TOKEN}",
            "--ServerApp.jpserver_extensions={'littlest.server.git_pull': True, 'nbgitpuller': False}",
            "--allow-root",
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            env={**os.environ, "HOME": str(self.home), "GIT_CONFIG_GLOBAL": "/dev/null", **environment},
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
        )
        for _ in range(300):
            if self.socket.exists() or self.process.poll() is not None:
                break
            time.sleep(0.1)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        connection = Connection(str(self.socket), timeout=60)
        said = {"Host": "localhost", "Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, said)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies += f"{value.split(';')[0]}; "
        return answer.status, answer.read().decode()

    def open(self, path: str = "/git-pull", **words: str) -> tuple[int, str]:
        return self.ask("GET", f"{path}?{urlencode(words)}")

    def agree(self, **words: str) -> int:
        _, page = self.open(**words)
        found = re.search('name="_xsrf" value="([^"]+)"', page)
        assert found, page
        return self.ask("POST", f"/git-pull?{urlencode(words)}", urlencode({"_xsrf": found[1]}))[0]

    def fetch(self, **words: str) -> str:
        return self.open("/git-pull/api", **words)[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder)
    server.ask("GET", f"/api?token={TOKEN}")
    assert server.cookies, (folder / "log").read_text()
    yield server
    server.process.terminate()
    server.process.wait()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of eve's web server, with a repository of one file."""
    folder = tmp_path_factory.mktemp("web")
    git(folder, "init", "--initial-branch=main", "work")
    (folder / "work/00-evil.py").write_text("print('eve')\n")
    git(folder, "clone", "--bare", "work", "course")
    publish(folder)
    return folder


def git(folder: Path, *words: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **own})


def publish(folder: Path) -> None:
    git(folder, "-C", "work", "add", "--all")
    git(folder, "-C", "work", "-c", "user.name=eve", "-c", "user.email=eve@example.org", "commit", "-m", "new")
    git(folder, "-C", "work", "push", "../course", "main")
    git(folder, "-C", "course", "update-server-info")


@pytest.fixture(scope="module")
def repository(web: Path) -> Iterator[str]:
    """The address of the repository."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(web)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/course"
    server.shutdown()


def test_a_link_asks_before_it_fetches_and_only_once(server: Server, repository: str) -> None:
    link = {"repo": repository, "targetpath": "a b", "depth": "0", "urlpath": "tree/a b"}
    status, page = server.open(**link)
    assert status == 200
    assert repository in page
    assert "a b" in page
    assert "bundle.js" not in page
    assert "not agreed" in server.fetch(**link)
    assert not (server.home / "a b").exists()

    assert server.agree(**link) == 302
    assert "bundle.js" in server.open(**link)[1]
    assert '"phase": "finished"' in server.fetch(**link)
    assert (server.home / "a b/00-evil.py").exists()
    # a second time it fetches what is new
    assert '"phase": "finished"' in server.fetch(**link)
    assert '"phase": "finished"' not in server.fetch(**{**link, "targetpath": "c"})


def test_agreeing_needs_the_word_of_the_page(server: Server, repository: str) -> None:
    link = {"repo": repository, "targetpath": "new", "depth": "0"}
    server.open(**link)
    assert server.ask("POST", f"/git-pull?{urlencode(link)}")[0] == 403
    assert server.ask("POST", f"/git-pull?{urlencode(link)}", urlencode({"_xsrf": "x"}))[0] == 403
    assert "not agreed" in server.fetch(**link)
    # and a page that frames it or reads it cannot press the button
    for kind in ("iframe", "empty", "object"):
        assert server.ask("GET", f"/git-pull?{urlencode(link)}", Sec_Fetch_Dest=kind)[0] == 403


@pytest.mark.parametrize("folder", [".ipython/profile_default/startup", ".jupyter", "..", "a/../.jupyter", "out/x"])
def test_nothing_is_moved_or_written_where_programs_look_for_settings(
    server: Server, repository: str, tmp_path: Path, folder: str
) -> None:
    (server.home / ".jupyter").mkdir(exist_ok=True)
    (server.home / ".jupyter/mine").touch()
    (server.home / "out").unlink(missing_ok=True)
    (server.home / "out").symlink_to(tmp_path)
    link = {"repo": repository, "targetpath": folder, "backup": "true", "depth": "0"}
    status, page = server.open(**link)
    assert (status, "may not write" in page) == (400, True)
    assert "may not write" in server.fetch(**link)
    # the same when the arguments come twice or otherwise spelt
    for query in (f"targetpath=ok&{urlencode(link)}", f"{urlencode(link)}&targetPath=ok"):
        assert "may not write" in server.ask("GET", f"/git-pull/api?{query}")[1]
    assert (server.home / ".jupyter/mine").exists()
    hidden = (server.home / ".jupyter", server.home / ".ipython", tmp_path)
    assert not [path for place in hidden for path in place.rglob("*evil*")]
    assert not [*server.home.glob(".*_backup_*"), *server.home.parent.glob("*_backup_*"), *tmp_path.iterdir()]


def test_a_folder_that_is_renamed_stays_where_it_is(server: Server, repository: str) -> None:
    (server.home / "mine").mkdir()
    (server.home / "mine/notes.txt").touch()
    link = {"repo": repository, "targetpath": "mine", "backup": "true", "depth": "0"}
    assert "renamed first" in server.open(**link)[1]
    server.agree(**link)
    assert '"phase": "finished"' in server.fetch(**link)
    (kept,) = server.home.glob("mine_backup_*")
    assert (kept / "notes.txt").exists()
    assert (server.home / "mine/00-evil.py").exists()


@pytest.mark.parametrize(
    "address", ["ext::sh -c 'touch {home}/ran'", "file://{web}", "{web}", "--upload-pack=touch {home}/ran"]
)
def test_git_starts_no_other_program(server: Server, address: str, tmp_path: Path) -> None:
    words = {"repo": address.format(home=server.home, web=tmp_path), "targetpath": "x"}
    assert server.open(**words)[0] == 400
    assert '"phase": "error"' in server.fetch(**words)
    assert not (server.home / "ran").exists()
    assert not (server.home / "x").exists()


def test_the_page_shows_the_words_of_a_link_as_text(server: Server, repository: str) -> None:
    words = {"repo": repository, "branch": "main", "depth": "0", "urlpath": "tree/<script>alert(1)</script>"}
    assert "<script>alert(1)" not in server.open(**words)[1]
    server.agree(**words)
    page = server.open(**words)[1]
    assert "bundle.js" in page
    assert "<script>alert(1)" not in page
    for name in ("repo", "targetpath", "branch"):
        assert "<script>alert(1)" not in server.open(**{**words, name: '"><script>alert(1)</script>'})[1]


def test_a_link_in_the_repository_moves_nothing_elsewhere(server: Server, repository: str, web: Path) -> None:
    (server.home / ".config").mkdir()
    (server.home / ".config/mine").touch()
    link = {"repo": repository, "targetpath": "twice", "depth": "0"}
    (web / "work/way").symlink_to("../.config")
    publish(web)
    server.agree(**link)
    assert '"phase": "finished"' in server.fetch(**link)
    assert (server.home / "twice/way").is_symlink()
    # the next version has a folder there, whose file nbgitpuller makes room for
    (web / "work/way").unlink()
    (web / "work/way").mkdir()
    (web / "work/way/mine").touch()
    publish(web)
    assert '"phase": "finished"' in server.fetch(**link)
    assert [path.name for path in (server.home / ".config").iterdir()] == ["mine"]


def test_old_addresses_lead_to_the_page(server: Server, repository: str) -> None:
    status, _ = server.open("/git-sync", repo=repository)
    assert status == 302


def test_without_git_the_page_says_what_to_do(tmp_path: Path, repository: str) -> None:
    server = Server(tmp_path, PATH=str(tmp_path / "empty"))
    try:
        server.ask("GET", f"/api?token={TOKEN}")
        status, page = server.open(repo=repository)
        assert status == 503
        assert "sudo apt-get install git" in page
        said = server.fetch(repo=repository)
        assert "sudo apt-get install git" in said
        assert "Traceback" not in said
    finally:
        server.process.terminate()
        server.process.wait()
