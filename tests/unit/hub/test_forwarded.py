"""Forwarded headers: who is believed."""

import pytest

from littlest.hub.forwarded import clean_headers, parse_networks

TRUSTED = parse_networks(("127.0.0.1", "10.0.0.0/8", "2001:db8::1"))


@pytest.mark.parametrize(
    ("addresses", "protocols", "address", "protocol"),
    [
        pytest.param("203.0.113.9", "http", "203.0.113.9", "http", id="a visitor who comes straight"),
        pytest.param("198.51.100.1, 203.0.113.9", "https,http", "203.0.113.9", "http", id="a visitor who lies"),
        pytest.param("203.0.113.9,10.0.0.1", "https,http", "203.0.113.9", "https", id="through a trusted server"),
        pytest.param(
            "192.0.2.66, 203.0.113.9,10.0.0.1",
            "https,http",
            "203.0.113.9",
            "https",
            id="a liar through a trusted one",
        ),
        pytest.param("203.0.113.9,10.0.0.2,127.0.0.1", "https,http", "203.0.113.9", "https", id="through two"),
        pytest.param("203.0.113.9, ::ffff:10.0.0.1", "https,http", "203.0.113.9", "https", id="IPv4 seen by IPv6"),
        pytest.param("2001:db8::9, 2001:db8::1", "https,http", "2001:db8::9", "https", id="IPv6"),
        pytest.param("10.0.0.1", "http", "10.0.0.1", "http", id="the trusted server itself"),
        pytest.param("what, 10.0.0.1", "https,http", "what", "https", id="no address at all"),
    ],
)
def test_who_is_believed(addresses: str, protocols: str, address: str, protocol: str) -> None:
    headers = {"X-Forwarded-For": addresses, "X-Forwarded-Proto": protocols, "X-Real-Ip": "192.0.2.1"}
    clean_headers(headers, TRUSTED)
    assert headers == {"X-Forwarded-For": address, "X-Forwarded-Proto": protocol}


def test_a_program_on_this_machine_names_no_address() -> None:
    for given in ({}, {"X-Littlest-Proxy": "guessed"}):
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Real-Ip": "203.0.113.9", "Accept": "*/*", **given}
        clean_headers(headers, TRUSTED, "the-token")
        assert headers == {"Accept": "*/*"}
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Littlest-Proxy": "the-token"}
    clean_headers(headers, TRUSTED, "the-token")
    # and the token goes nowhere, not into the log either
    assert headers == {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}


def test_nobody_is_believed_by_default() -> None:
    headers = {
        "X-Forwarded-For": "198.51.100.1, 127.0.0.1",
        "X-Forwarded-Proto": "https,http",
        "X-Forwarded-Host": "evil.example.org",
        "X-Scheme": "https",
        "Forwarded": "proto=https",
    }
    clean_headers(headers, ())
    assert headers == {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"}


def test_a_request_that_did_not_pass_the_proxy_stays_as_it_is() -> None:
    headers = {"Host": "127.0.0.1:15081"}
    clean_headers(headers, TRUSTED)
    assert headers == {"Host": "127.0.0.1:15081"}
