"""Settings with which the hub would answer, but nobody could log in, are refused."""

from pathlib import PurePosixPath as Path

import pytest

from littlest.config.text.problems import InvalidConfig
from littlest.machine.machine import Machine
from littlest.plan.steps import Plan
from littlest.situation import Situation, find_warnings
from littlest.system.config_checks import load_checked_config
from tests.support.certificates import make_certificate

LDAP = "auth:\n  type: ldap\n  server: ldap.example.org\n  user_dns: ['uid={username},dc=x']\n"


def explain(machine: Machine, text: str) -> str:
    try:
        load_checked_config(machine, text, "config.yaml")
    except InvalidConfig as error:
        return error.message
    return ""


def test_a_pam_service_that_there_is_not_is_refused(machine: Machine) -> None:
    machine.write_file(Path("/etc/pam.d/login"), "auth required pam_unix.so\n")
    machine.write_file(Path("/usr/lib/pam.d/vendor"), "auth required pam_unix.so\n")
    assert explain(machine, "auth: {type: pam}") == ""
    assert explain(machine, "auth: {type: pam, service: vendor}") == ""
    assert "config.yaml:3: auth.service: there is no PAM service nosuch" in explain(
        machine, "auth:\n  type: pam\n  service: nosuch\n"
    )


def test_a_certificate_authority_must_be_a_certificate(machine: Machine) -> None:
    text = LDAP + "  certificate_authority: /etc/ssl/ca.pem\n"
    assert explain(machine, text) == "config.yaml:5: auth.certificate_authority: there is no file /etc/ssl/ca.pem"
    machine.write_file(Path("/etc/ssl/ca.pem"), "none\n")
    assert "no certificate in PEM form" in explain(machine, text)
    machine.write_file(Path("/etc/ssl/ca.pem"), make_certificate().certificate)
    assert explain(machine, text) == ""


@pytest.mark.parametrize("token", ["a", "1234567"])
def test_a_token_that_jupyterhub_does_not_take_is_refused(token: str, machine: Machine) -> None:
    text = f"metrics:\n  token: '{token}'\n"
    assert "config.yaml:2: metrics.token: is shorter than 8 characters" in explain(machine, text)
    assert explain(machine, f"metrics: {{token: '{token}-enough'}}") == ""


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("five words of a token", "holds a space or another character that no token can have"),
        ("schlüssel-schlüssel", "holds a space or another character that no token can have"),
        ("x" * 65, "is longer than 64 characters"),
        ("brief", "is shorter than 8 characters"),
    ],
)
def test_every_token_is_looked_at_where_it_stands(token: str, problem: str, machine: Machine) -> None:
    machine.write_file(Path("/etc/token"), f"{token}\n", mode=0o600)
    text = f"services:\n  managed:\n    gg:\n      api_token: '{token}'\nmetrics:\n  token: {{file: /etc/token}}\n"
    service, metrics = explain(machine, text).splitlines()
    assert service.startswith(f"config.yaml:4: services.managed.gg.api_token: {problem}")
    assert metrics.startswith(f"config.yaml:6: metrics.token: {problem}")
    assert token not in f"{service}{metrics}"


def test_each_service_has_a_token_of_its_own(machine: Machine) -> None:
    text = "services:\n  managed:\n    aa: {api_token: the-same-token}\n    bb: {api_token: the-same-token}\n"
    message = explain(machine, f"{text}metrics: {{token: the-same-token}}\n")
    assert message.splitlines() == [
        "config.yaml:4: services.managed.bb.api_token: is the token of services.managed.aa.api_token, too; "
        "make one with: openssl rand -hex 32",
        "config.yaml:5: metrics.token: is the token of services.managed.aa.api_token, too; "
        "make one with: openssl rand -hex 32",
    ]


@pytest.mark.parametrize("template", ["uid={username}{x}", "uid={username}{", "uid={username}}", "uid={username[0]}"])
def test_a_template_with_another_field_is_refused(template: str, machine: Machine) -> None:
    text = f"auth:\n  type: ldap\n  server: ldap.example.org\n  user_dns: ['{template}']\n"
    assert "config.yaml:4: auth.user_dns:" in explain(machine, text)


def test_a_directory_with_its_port_in_the_name_is_refused(machine: Machine) -> None:
    for server in ("a:b:c", "ldap.example.org:636"):
        assert "config.yaml:3: auth.server:" in explain(machine, LDAP.replace("ldap.example.org", f"'{server}'"))
    assert explain(machine, LDAP.replace("ldap.example.org", "'2001:db8::1'")) == ""


def test_an_admin_without_an_account_to_log_in_with_is_told(machine: Machine) -> None:
    config = load_checked_config(machine, "auth: {type: pam}\nusers: {admin: [root, teacher]}\n", "config.yaml")
    assert find_warnings(machine, Situation(config, None, Plan(), (), (), 0)) == (
        "Note: teacher is an admin, but this machine has no account teacher to log in with.",
    )
