"""Which links to a repository are followed, whatever they are spelt like."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest

from littlest.server.git_links import AgreedLinks, Link, LinkRefused, check_address, check_folder, read_link

REPO = "https://git.example.org/course.git"


def read(query: str, root: Path, parent: str = "") -> Link:
    arguments = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    return read_link(arguments.get, root, parent)


@pytest.mark.parametrize(
    "address",
    [
        REPO,
        "http://git.example.org:8080/~ada/course",
        "https://ada@git.example.org/course",
        "https://ada:secret@git.example.org/course",
        "ssh://git@git.example.org:2222/course.git",
        "git://git.example.org/course",
        "git@git.example.org:class/course.git",
        "HTTPS://git.example.org/a%20b",
        "https://[2001:db8::1]/course",
    ],
)
def test_addresses_of_repositories_on_other_machines(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "-u./run.sh",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c id",
        "ext::sh",
        "EXT::sh",
        "https::http://git.example.org/",
        "fd::17",
        "file:///srv/littlest/exchange/course",
        "FILE:///srv/course",
        "/srv/littlest/exchange/course",
        "./course",
        "~/course",
        "course",
        "ftp://git.example.org/course",
        "rsync://git.example.org/course",
        "https:///course",
        "https:git.example.org/course",
        "https://",
        "https://git.example.org:99999/course",
        "https://git.example.org:0/course",
        "https://git.example.org/a b",
        "https://git.example.org/\x00",
        "https://git.example.org/\nhelper",
        'https://git.example.org/"><script>alert(1)</script>',
        "https://git.example.org/'onclick='x",
        "https://git.example.org\\@evil.example/",
        "https://g\u0131t.example.org/course",
        "ssh://-oProxyCommand=id/course",
        "ssh://-oProxyCommand=id@git.example.org/course",
        "-oProxyCommand=id@git.example.org:course",
        "git@-oProxyCommand=id:course",
        "git@git.example.org:-course",
        "ext::ssh@git.example.org:x",
        "javascript://git.example.org/%0aalert(1)",
        "https://git.example.org/" + "a" * 3000,
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(LinkRefused, match="https://"):
        check_address(address)


@pytest.mark.parametrize(
    ("folder", "kept"),
    [
        ("course", "course"),
        ("course.git", "course.git"),
        ("2026/Übung 1", "2026/Übung 1"),
        ("./a//b/", "a/b"),
        ("a/./b", "a/b"),
    ],
)
def test_folders_of_the_home(tmp_path: Path, folder: str, kept: str) -> None:
    assert check_folder(folder, tmp_path) == kept


@pytest.mark.parametrize(
    "folder",
    [
        "",
        ".",
        "./",
        "/",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "a/../.jupyter",
        "/etc",
        "//etc",
        "~",
        "~/x",
        "~root/x",
        ".jupyter",
        "./.jupyter",
        ".ipython/profile_default/startup",
        "a/.git/hooks",
        "a/.hidden/b",
        "..\\x",
        "a\\..\\.jupyter",
        "%2e%2e/x",
        "%2ejupyter",
        "a%2f..%2f.jupyter",
        "%252e%252e",
        "\uff0e\uff0e/x",
        "\uff0ejupyter",
        "\u2025/x",
        "\u2024jupyter",
        "a\uff0f\uff0e\uff0e\uff0f.jupyter",
        "\u200b.jupyter",
        "\u202e.jupyter",
        "a\x00b",
        "a\nb",
        "\t.jupyter",
        " .jupyter",
        "-rf",
        "bin",
        "./bin//x",
        "Bin",
        "R/x86_64-pc-linux-gnu-library/4.4",
        "node_modules",
        "a<b",
        'a"b',
        "a" * 300,
        "a/" * 1500,
    ],
)
def test_other_folders_are_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(LinkRefused, match="folder"):
        check_folder(folder, tmp_path)


def test_links_on_the_disk_count_as_what_they_lead_to(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home / ".jupyter", home / "work", other / "inner", home / "deep/.hidden"):
        folder.mkdir(parents=True)
    links = {
        "out": other,
        "hidden": home / ".jupyter",
        "top": home,
        "programs": home / "bin",
        "below": home / "deep/.hidden",
        "loop": home / "loop",
    }
    for name, target in links.items():
        (home / name).symlink_to(target)
    (other / "back").symlink_to(home / "work")
    (home / "mine").symlink_to(home / "work")
    for folder in (
        *links,
        "out/inner",
        "out/new",
        "hidden/new",
        "below/x",
        "out/back",
        "top/.jupyter",
        "out/back/new",
    ):
        with pytest.raises(LinkRefused):
            check_folder(folder, home)
    assert check_folder("mine/course", home) == "mine/course"
    # a home that is itself reached through a link
    (tmp_path / "link").symlink_to(home)
    assert check_folder("course", tmp_path / "link") == "course"


@pytest.mark.parametrize("parent", ["..", "/etc", "../other", ".jupyter", "/"])
def test_the_folder_of_all_links_stays_inside_too(tmp_path: Path, parent: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(LinkRefused):
        read(f"repo={REPO}", home, parent)
    assert read(f"repo={REPO}", home, "class").folder == "course.git"


@pytest.mark.parametrize(
    ("query", "link"),
    [
        (f"repo={REPO}", Link(REPO, "course.git")),
        (f"repo={REPO}/", Link(f"{REPO}/", "course.git")),
        (f"repo={REPO}&targetpath=a&branch=main&depth=3", Link(REPO, "a", "main", 3)),
        (f"repo={REPO}&targetPath=a&depth=0&backup=true", Link(REPO, "a", None, 0, True)),
        (f"repo={REPO}&backup=false", Link(REPO, "course.git")),
        (
            f"repo={REPO}&urlpath=lab/tree/a%20b.ipynb%3Freset",
            Link(REPO, "course.git", page="lab/tree/a b.ipynb?reset"),
        ),
        (f"repo={REPO}&subPath=week1/a.ipynb", Link(REPO, "course.git", part="week1/a.ipynb")),
        (f"repo=ext::sh&repo={REPO}", Link(REPO, "course.git")),
        ("repo=git@git.example.org:course", Link("git@git.example.org:course", "course")),
    ],
)
def test_what_a_link_asks_for(tmp_path: Path, query: str, link: Link) -> None:
    assert read(query, tmp_path) == link


@pytest.mark.parametrize(
    "rest",
    [
        "branch=--upload-pack%3Did",
        "branch=a..b",
        "branch=a%20b",
        "branch=a%0ab",
        "branch=%22><script>",
        "branch=@%7B-1%7D",
        "depth=-1",
        "depth=--no",
        "depth=1e9",
        "depth=99999999",
        "urlpath=../../hub/logout",
        "urlpath=lab/%252e%252e/x",
        "urlpath=//evil.example/",
        "urlpath=a%5C..%5Cx",
        "subpath=../../../eve/",
        "urlpath=.%09./.%09./hub/logout",
        "urlpath=.%0D./eve/",
        "subpath=.%0A./.%0A./eve/",
        "targetpath=ok&targetpath=.jupyter",
        "repo=ext::sh",
    ],
)
def test_other_words_of_a_link_are_refused(tmp_path: Path, rest: str) -> None:
    with pytest.raises(LinkRefused):
        read(f"repo={REPO}&{rest}", tmp_path)


def test_what_a_person_made_is_not_fetched_into(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").touch()
    (tmp_path / "fetched/.git").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for folder in ("file", "mine"):
        with pytest.raises(LinkRefused, match="Rename it"):
            read(f"repo={REPO}&targetpath={folder}", tmp_path)
    for folder in ("fetched", "empty"):
        assert read(f"repo={REPO}&targetpath={folder}", tmp_path).folder == folder
    assert read(f"repo={REPO}&targetpath=mine&backup=true", tmp_path).backup


def test_a_password_in_an_address_is_not_shown() -> None:
    assert Link("https://ada:secret@git.example.org/a", "a").shown_address == "https://ada:…@git.example.org/a"
    assert Link(REPO, "a").shown_address == REPO


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (REPO, "git.example.org"),
        ("https://github.com@evil.example/course", "evil.example"),
        ("https://github.com%2fteacher%2fcourse:443@evil.example/x", "evil.example"),
        ("ssh://github.com@evil.example:2222/x", "evil.example"),
        ("github.com@evil.example:teacher/course", "evil.example"),
        ("HTTPS://[2001:db8::1]:8080/course", "2001:db8::1"),
    ],
)
def test_the_page_names_the_computer_whatever_stands_before_it(address: str, host: str) -> None:
    assert Link(check_address(address), "a").host == host


def test_a_folder_that_cannot_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()

    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(LinkRefused, match="cannot be read"):
        read(f"repo={REPO}&targetpath=closed", tmp_path)


def test_agreed_links_are_remembered_by_address_folder_and_renaming(tmp_path: Path) -> None:
    file = tmp_path / "a/agreed.json"
    link = Link(REPO, "course", "main")
    AgreedLinks(file).add(link)
    agreed = AgreedLinks(file)
    assert link in agreed
    assert Link(REPO, "course", "other") in agreed
    for other in (Link(f"{REPO}x", "course"), Link(REPO, "work"), Link(REPO, "course", backup=True)):
        assert other not in agreed
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_memory_or_a_full_home_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "agreed.json"
    for text in ("", "{", "7", '{"a": 1}', "[1, null]"):
        file.write_text(text)
        assert Link(REPO, "course") not in AgreedLinks(file)
    agreed = AgreedLinks(tmp_path / "agreed.json/below-a-file")
    agreed.add(Link(REPO, "course"))
    assert Link(REPO, "course") in agreed
