"""What a user finds on the own server: arguments, environment variables, the page that opens."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from littlest.config.model import UserEnvironment
from littlest.config.text.load import load_config
from littlest.hub.servers.user_environment import make_default_url, make_server_arguments, make_server_environment
from littlest.system.accounts.user_accounts import UserAccount

ACCOUNT = UserAccount("jupyter-ada", 1001, 1001, PurePosixPath("/home/jupyter-ada"))


def make(text: str = "", account: UserAccount = ACCOUNT) -> dict[str, str]:
    own = load_config(f"user_environment: {{{text}}}", "config.yaml").user_environment
    return make_server_environment(account, own)


def test_servers_and_kernels_listen_on_sockets_only() -> None:
    arguments = make_server_arguments("/run/x/server.sock", ["/bin/bash"])
    assert "--ServerApp.sock=/run/x/server.sock" in arguments
    assert "--ServerApp.sock_mode=0660" in arguments
    assert "--KernelManager.transport=ipc" in arguments


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Hub.example.org/class/", "https://hub.example.org"),
        ("https://hub.example.org:443/", "https://hub.example.org"),
        ("http://hub.example.org:80/", "http://hub.example.org"),
        ("https://127.0.0.1:8443/", "https://127.0.0.1:8443"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]"),
    ],
)
def test_pages_from_the_external_address_may_open_websockets(address: str, origin: str) -> None:
    # a web server in front of the hub may send another Host
    assert f"--ServerApp.allow_origin={origin}" in make_server_arguments("/s", ["/bin/sh"], address)
    assert not [word for word in make_server_arguments("/s", ["/bin/sh"]) if "allow_origin" in word]


def test_folders_that_are_not_empty_can_be_deleted() -> None:
    assert "--FileContentsManager.always_delete_dir=True" in make_server_arguments("/s", ["/bin/sh"])


def test_a_server_asks_the_network_for_nothing_at_its_start() -> None:
    arguments = make_server_arguments("/run/x/server.sock", ["/bin/bash"])
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in arguments
    assert "--LabApp.news_url=None" in arguments


def test_the_shared_environment_comes_first_and_nothing_of_the_hubs_own_is_passed_on() -> None:
    environment = make()
    path = environment["PATH"].split(":")
    assert path[:2] == ["/opt/littlest/user/bin", "/home/jupyter-ada/.local/bin"]
    assert {"/usr/local/bin", "/usr/sbin", "/usr/bin"} <= set(path)
    assert environment["JUPYTER_PATH"] == "/opt/littlest/user/share/jupyter"
    assert not [name for name in environment if "TOKEN" in name or "KEY" in name]


def test_kernels_sockets_fit_into_a_sockets_name() -> None:
    # sun_path holds 107 characters; below ~/.local/share/jupyter/runtime kernels would not start
    folder = make_server_environment(ACCOUNT, UserEnvironment())["JUPYTER_RUNTIME_DIR"]
    assert len(f"{folder}/kernel-{'0' * 36}-ipc-5") <= 107


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("default_app: jupyterlab", "/lab"),
        ("default_app: notebook", "/tree"),
        ("default_app: notebook, working_directory: my work", "/tree/my%20work"),
        ("default_app: notebook, working_directory: /srv/class", "/tree"),
    ],
)
def test_the_application_that_opens(text: str, url: str) -> None:
    config = load_config(f"user_environment: {{{text}}}", "config.yaml")
    assert make_default_url(config, "ada") == url


def test_a_group_may_have_an_application_of_its_own() -> None:
    config = load_config(
        "users: {allowed: [ada, ben], groups: {beginners: {members: [ada], default_app: notebook}}}", "config.yaml"
    )
    assert (make_default_url(config, "ada"), make_default_url(config, "ben")) == ("/tree", "/lab")


def test_variables_and_folders_of_programs_come_from_the_settings() -> None:
    found = make("environment: {COURSE: 'a $b', LANG: de_DE.UTF-8}, path: [/opt/matlab/bin, /opt/r/bin]")
    assert found["COURSE"] == "a $b"
    assert found["LANG"] == "de_DE.UTF-8"
    assert found["PATH"].startswith("/opt/matlab/bin:/opt/r/bin:/opt/littlest/user/bin:")


def test_an_account_keeps_its_own_shell() -> None:
    account = replace(ACCOUNT, shell="/usr/bin/zsh")
    assert make(account=account)["SHELL"] == "/usr/bin/zsh"
    arguments = make_server_arguments("/run/x/server.sock", [account.shell])
    assert "--ServerApp.terminado_settings={'shell_command': ['/usr/bin/zsh']}" in arguments


@pytest.mark.parametrize(
    ("folder", "path"), [("notebooks", "/home/jupyter-ada/notebooks"), ("/srv/class", "/srv/class")]
)
def test_a_server_is_told_where_to_open(folder: str, path: str) -> None:
    assert make(f"working_directory: {folder}")["LITTLEST_WORKING_DIRECTORY"] == path
    assert "LITTLEST_WORKING_DIRECTORY" not in make()
