"""The address of a server on a socket, as the proxy and as JupyterHub write it."""

import pytest

from littlest.hub.socket_proxy import put_port_back, remove_port

SOCKET = "http+unix://%2frun%2flittlest%2fservers%2fjupyter-ada%2fserver.sock"


def test_the_proxy_would_look_for_a_file_whose_name_ends_in_80() -> None:
    assert remove_port(f"{SOCKET}:80") == SOCKET


def test_jupyterhub_would_take_the_route_for_a_wrong_one_and_add_it_again() -> None:
    assert put_port_back(SOCKET) == f"{SOCKET}:80"
    assert put_port_back(f"{SOCKET}:80") == f"{SOCKET}:80"


@pytest.mark.parametrize("target", ["http://127.0.0.1:15081", "http://10.0.0.1:80"])
def test_other_addresses_stay_as_they_are(target: str) -> None:
    assert remove_port(target) == put_port_back(target) == target
