"""What `auth` becomes in the words of the authenticators that are installed, every one of them."""

import importlib
import sqlite3
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jupyterhub import orm
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from traitlets.config import Config as Traits

from littlest import paths
from littlest.config.model import Config
from littlest.config.sections.auth import CUSTOM, Auth
from littlest.config.sections.section import Secret
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.errors import LittlestError
from littlest.hub.login import courses, directories, native
from littlest.hub.login.authenticators import find_authenticator_class, make_login_settings
from littlest.hub.login.classes import make_authenticator_class, put_in_authenticator
from littlest.hub.login.people import FollowsSettings
from littlest.hub.login.trait_names import explain_login_traits
from littlest.machine.machine import Machine
from littlest.plan.build import make_plan
from littlest.plan.login import list_login_addresses
from littlest.plan.steps import Release, SetInitialPassword
from littlest.system.accounts.passwords import is_initial_password_set

WITHOUT_SETTING = {
    *("authorize_url", "token_url", "userdata_url", "scope", "login_service", "idps"),
    *("check_common_password", "valid_username_regex"),
}
"""Traits that we set without a setting of their own; `auth.settings` may override them."""

EXTERNAL = "external_url: https://hub.example.org/jupyter/\nbase_url: /jupyter/\n"
CLIENT = "client_id: id, client_secret: {file: /etc/secret}"
EXAMPLES = {
    "firstuse": "{}",
    "native": "{type: native, open_signup: true, ask_email_address: true, failed_logins: 3}",
    "pam": "{type: pam, service: sshd}",
    "dummy": "{type: dummy, i_know_this_is_insecure: true, password: {file: /etc/secret}}",
    "tmp": "{type: tmp}",
    "ldap": (
        "{type: ldap, server: ldap.example.org, search_base: 'ou=people,dc=example', search_user: cn=reader,"
        " search_password: {file: /etc/secret}, groups: ['cn=class,dc=example'], tls: on_connect}"
    ),
    "oidc": (
        f"{{type: oidc, {CLIENT}, authorize_url: https://idp.example/a, token_url: https://idp.example/t,"
        " userdata_url: https://idp.example/u, groups_claim: groups, allowed_groups: [students],"
        " admin_groups: [staff], logout_url: https://idp.example/l}"
    ),
    "github": f"{{type: github, {CLIENT}, organizations: ['school:physics']}}",
    "google": f"{{type: google, {CLIENT}, hosted_domains: [school.example.org]}}",
    "gitlab": f"{{type: gitlab, {CLIENT}, url: https://gitlab.example.org, groups: [school]}}",
    "azuread": f"{{type: azuread, {CLIENT}, tenant_id: tenant}}",
    "globus": f"{{type: globus, {CLIENT}, groups: [one], identity_provider: example.org}}",
    "cilogon": f"{{type: cilogon, {CLIENT}, identity_providers: ['https://idp.example.org/idp/shibboleth']}}",
    "auth0": f"{{type: auth0, {CLIENT}, domain: school.eu.auth0.com}}",
    "okta": f"{{type: okta, {CLIENT}, domain: school.okta.com}}",
    "bitbucket": f"{{type: bitbucket, {CLIENT}, workspaces: [school]}}",
    "mediawiki": f"{{type: mediawiki, {CLIENT}}}",
    "lti13": (
        "{type: lti13, issuer: https://moodle.example.org, client_ids: [one, two],"
        " authorize_url: https://moodle.example.org/auth, jwks_url: https://moodle.example.org/certs}"
    ),
    CUSTOM: (
        "{type: jupyterhub.authenticators.shared.SharedPasswordAuthenticator,"
        " settings: {user_password: abcdefgh-abcdefgh}}"
    ),
}
AUTHORIZE = {
    "oidc": "https://idp.example/a",
    "github": "https://github.com/login/oauth/authorize",
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
    "gitlab": "https://gitlab.example.org/oauth/authorize",
    "azuread": "https://login.microsoftonline.com/tenant/oauth2/authorize",
    "globus": "https://auth.globus.org/v2/oauth2/authorize",
    "cilogon": "https://cilogon.org/authorize",
    "auth0": "https://school.eu.auth0.com/authorize",
    "okta": "https://school.okta.com/oauth2/v1/authorize",
    "bitbucket": "https://bitbucket.org/site/oauth2/authorize",
}
# imported before the tests begin: what they import looks whether this machine has IPv6
OWN = (courses.CourseAuthenticator, directories.DirectoryAuthenticator, native.SignUpAuthenticator)
every_type = pytest.mark.parametrize("kind", EXAMPLES)
every_provider = pytest.mark.parametrize("kind", AUTHORIZE)


def load(kind: str) -> Config:
    return load_config(f"{EXTERNAL}auth: {EXAMPLES[kind]}\n", "config.yaml")


def read(secret: Secret) -> str:
    return "the-secret-that-stands-in-a-file" if secret.file else secret.value


def make(config: Config, folder: Path, **further: Any) -> Any:
    """The authenticator as the hub makes it, with a database of its own."""
    settings = make_login_settings(config, read)
    cls = put_in_authenticator(settings, config)
    traits = Traits()
    for section, values in settings.items():
        for name, value in values.items():
            setattr(traits[section], name, value)
    database = Session(create_engine(f"sqlite:///{folder / 'hub.sqlite'}"))
    return cls(config=traits, db=database, **further)


def test_there_is_an_example_of_every_type() -> None:
    assert set(EXAMPLES) == set(Auth.variants)


@every_type
def test_every_trait_that_is_set_is_one_of_the_class(kind: str) -> None:
    config = load(kind)
    module, _, name = find_authenticator_class(config.auth).rpartition(".")
    known = getattr(importlib.import_module(module), name).class_traits(config=True)
    for trait in make_login_settings(config, read)[name]:
        assert trait in known, f"{name} has no trait {trait}"


@every_type
def test_the_class_takes_every_value_and_keeps_it(kind: str, tmp_path: Path) -> None:
    config = load(kind)
    authenticator = make(config, tmp_path)
    assert isinstance(authenticator, FollowsSettings)
    name = find_authenticator_class(config.auth).rpartition(".")[2]
    for trait, value in make_login_settings(config, read)[name].items():
        kept = getattr(authenticator, trait)
        if trait == "idps":
            # the class adds what it has by default
            kept = {provider: {"username_derivation": kept[provider]["username_derivation"]} for provider in kept}
        wanted = set(value) if isinstance(kept, set) else value
        assert kept == wanted or getattr(kept, "name", None) == wanted, trait


def test_settings_reach_a_class_that_has_another_name_than_the_one_it_is_imported_by(tmp_path: Path) -> None:
    # this one calls itself LTI11Authenticator
    kind = "type: ltiauthenticator.LTIAuthenticator"
    text = f"{EXTERNAL}auth: {{{kind}, settings: {{username_key: lis_person_name_full}}}}\n"
    assert make(load_config(text, "config.yaml"), tmp_path).username_key == "lis_person_name_full"


@every_type
def test_nobody_is_let_in_who_was_not_named(kind: str, tmp_path: Path) -> None:
    # several classes let everybody in by themselves
    config = load(kind)
    assert make(config, tmp_path).allow_all is (kind == "tmp")
    if kind != "tmp":
        everybody = load_config(f"{EXTERNAL}auth: {EXAMPLES[kind].replace('{', '{allow_all: true, ', 1)}\n", "x")
        folder = tmp_path / "everybody"
        folder.mkdir()
        assert make(everybody, folder).allow_all is True


@every_type
def test_names_are_what_config_yaml_has(kind: str, tmp_path: Path) -> None:
    # MediaWiki's keeps capitals, so that users.admin would never match
    assert make(load(kind), tmp_path).normalize_username("Ada") == "ada"


@every_provider
def test_a_provider_is_asked_with_this_hubs_address(kind: str, tmp_path: Path) -> None:
    authenticator = make(load(kind), tmp_path)
    assert authenticator.authorize_url == AUTHORIZE[kind]
    assert authenticator.get_callback_url() == "https://hub.example.org/jupyter/hub/oauth_callback"
    assert (authenticator.client_id, authenticator.client_secret) == ("id", "the-secret-that-stands-in-a-file")


def test_the_addresses_for_the_provider_are_told() -> None:
    assert list_login_addresses(load("github")) == {
        "callback URL": "https://hub.example.org/jupyter/hub/oauth_callback"
    }
    assert list_login_addresses(load("lti13")) == {
        "tool URL": "https://hub.example.org/jupyter/hub",
        "login initiation URL": "https://hub.example.org/jupyter/hub/lti13/oauth_login",
        "redirection URI": "https://hub.example.org/jupyter/hub/lti13/oauth_callback",
        "settings as JSON (Canvas)": "https://hub.example.org/jupyter/hub/lti13/config",
    }
    assert list_login_addresses(load("native")) == {}


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_servers_address_may_end_in_a_slash(kind: str, tmp_path: Path) -> None:
    text = f"{EXTERNAL}auth: {{type: {kind}, {CLIENT}, url: 'https://git.example.org/'}}"
    authenticator = make(load_config(text, "config.yaml"), tmp_path)
    assert authenticator.authorize_url.startswith(
        ("https://git.example.org/login/", "https://git.example.org/oauth/")
    )


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("oauthenticator.github.GitHubOAuthenticator", "oauth_callback"),
        ("ltiauthenticator.lti13.auth.LTI13Authenticator", "lti13/oauth_callback"),
    ],
)
def test_a_class_that_sends_people_to_a_provider_is_told_this_hubs_address(kind: str, path: str) -> None:
    further = ", jwks_endpoint: 'https://i/jwks'" if "lti13" in path else ""
    config = load_config(f"{EXTERNAL}auth: {{type: {kind}, settings: {{client_id: a{further}}}}}", "config.yaml")
    address = f"https://hub.example.org/jupyter/hub/{path}"
    assert address in list_login_addresses(config).values()
    settings = make_login_settings(config, read)
    put_in_authenticator(settings, config)
    if not further:
        assert settings["GitHubOAuthenticator"]["oauth_callback_url"] == address


def test_further_traits_have_the_last_word_about_what_no_setting_says(tmp_path: Path) -> None:
    text = f"{EXTERNAL}auth: {EXAMPLES['github'][:-1]}, settings: {{scope: [user], authorize_url: 'http://x/'}}}}"
    authenticator = make(load_config(text, "config.yaml"), tmp_path)
    assert (authenticator.scope, authenticator.authorize_url) == (["user"], "http://x/")


def test_further_facts_of_an_identity_provider_are_put_together_with_ours(tmp_path: Path) -> None:
    entity = "https://idp.example.org/idp/shibboleth"
    strip = f"idps: {{'{entity}': {{username_derivation: {{action: strip_idp_domain, domain: example.org}}}}}}"
    text = f"{EXTERNAL}auth: {EXAMPLES['cilogon'][:-1]}, settings: {{{strip}}}}}"
    authenticator = make(load_config(text, "config.yaml"), tmp_path)
    assert authenticator.idps[entity]["username_derivation"] == {
        "username_claim": "eppn",
        "action": "strip_idp_domain",
        "domain": "example.org",
    }


OF_NOBODY = {
    "type",
    "settings",
    "allow_all",
    "tls",
    "i_know_this_is_insecure",
    "domain",
    "identity_providers",
    "username_claim",
}
"""Settings of `auth` that are no trait, or part of several."""


@every_type
def test_every_trait_of_a_setting_is_known_as_that_settings(kind: str) -> None:
    config = load(kind)
    name = find_authenticator_class(config.auth).rpartition(".")[2]
    owned = explain_login_traits(config.auth)
    given = make_login_settings(config, read)[name].keys() - config.auth.settings.keys()
    assert given - owned.keys() - {"passwords_file"} <= WITHOUT_SETTING
    fields = {key.removeprefix("auth.") for key in owned.values() if key.startswith("auth.")}
    assert fields <= set(type(config.auth).model_fields)
    assert set(type(config.auth).model_fields) - fields <= OF_NOBODY


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("github", "organizations: [school]"),
        ("gitlab", "groups: [school]"),
        ("globus", "groups: [one]"),
        ("bitbucket", "workspaces: [school]"),
        ("oidc", "groups_claim: groups, allowed_groups: [students]"),
        ("oidc", "groups_claim: groups, admin_groups: [staff]"),
        ("oidc", "allow_all: true"),
        ("native", "open_signup: true"),
    ],
)
def test_nobody_chooses_the_name_of_an_account(kind: str, rule: str) -> None:
    needs = "" if kind == "native" else f", {CLIENT}"
    if kind == "oidc":
        needs += ", authorize_url: https://i/a, token_url: https://i/t, userdata_url: https://i/u"
    text = f'{EXTERNAL}users: {{unix_name: "{{name}}"}}\nauth: {{type: {kind}{needs}'
    load_config(f"{text}}}", "config.yaml")
    with pytest.raises(InvalidConfig, match=r"users\.unix_name: with this auth, anybody could choose"):
        load_config(f"{text}, {rule}}}", "config.yaml")


def test_a_directorys_certificate_is_checked(tmp_path: Path) -> None:
    # the class by itself takes any
    text = "auth: {type: ldap, server: x, user_dns: ['uid={username}'], certificate_authority: /etc/ssl/ca.pem}"
    traits = make_login_settings(load_config(text, "config.yaml"), read)["DirectoryAuthenticator"]
    assert traits["tls_kwargs"] == {"validate": 2, "ca_certs_file": "/etc/ssl/ca.pem"}


def test_a_directory_needs_one_way_to_find_users() -> None:
    text = "auth: {type: ldap, server: x, user_dns: ['uid={username}'], search_base: dc=example}"
    with pytest.raises(InvalidConfig, match=r"auth\.search_base: is not needed with user_dns"):
        load_config(text, "config.yaml")


def test_lti_needs_the_hubs_own_address() -> None:
    with pytest.raises(InvalidConfig, match="lti13 needs external_url"):
        load_config(f"auth: {EXAMPLES['lti13']}", "config.yaml")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no.such.Class", "cannot be imported"),
        ("jupyterhub.auth.NoSuchClass", "cannot be imported"),
        ("collections.OrderedDict", "is no authenticator class"),
    ],
)
def test_a_class_that_is_none_is_a_sentence(name: str, problem: str) -> None:
    with pytest.raises(LittlestError, match=problem):
        make_authenticator_class(name)


def test_sign_ups_stand_in_the_hubs_database(tmp_path: Path) -> None:
    authenticator = make(load("native"), tmp_path)
    orm.Base.metadata.create_all(authenticator.db.bind)
    authenticator.create_user("Ada", "correct horse battery")
    with sqlite3.connect(tmp_path / "hub.sqlite") as database:
        assert database.execute("SELECT username, is_authorized FROM users_info").fetchall() == [("ada", 0)]


@pytest.mark.parametrize(("kind", "count"), [("firstuse", 1), ("native", 1), ("pam", 0), ("github", 0)])
def test_first_passwords_are_made_only_where_the_hub_keeps_passwords(kind: str, count: int) -> None:
    text = f"{EXTERNAL}auth: {EXAMPLES[kind]}\nusers: {{admin: [chief]}}"
    plan = make_plan(load_config(text, "config.yaml"), Release("1", PurePosixPath("/opt/littlest/releases/1")))
    assert sum(isinstance(step, SetInitialPassword) for step in plan.steps) == count


def test_an_admin_whose_sign_up_was_approved_needs_no_first_password(tmp_path: Path) -> None:
    step = SetInitialPassword("chief")
    machine = Machine(tmp_path)
    machine.path(paths.STATE_DIR).mkdir(parents=True)
    with sqlite3.connect(machine.path(paths.DATABASE_FILE)) as database:
        assert not is_initial_password_set(machine, step)
        database.execute("CREATE TABLE users_info (username TEXT, is_authorized BOOLEAN)")
        database.execute("INSERT INTO users_info VALUES ('chief', 0)")
    # anybody could have signed up under that name
    assert not is_initial_password_set(machine, step)
    with sqlite3.connect(machine.path(paths.DATABASE_FILE)) as database:
        database.execute("UPDATE users_info SET is_authorized = 1")
    assert is_initial_password_set(machine, step)
