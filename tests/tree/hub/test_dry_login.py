"""Classes for logging in that we do not know, and those that we know better under a name of our own."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from traitlets.config import Config as TraitConfig

from littlest import paths
from littlest.config.text.load import load_located_config
from littlest.hub.check.dry_load import TOKENS, DryLoad
from littlest.hub.live import live
from littlest.hub.merge import restore_classes
from littlest.machine.machine import Machine
from littlest.system.hub.dry_run import make_hub_problem

CLASSES = """
import os
from pathlib import Path

from firstuse_again import Again as FromElsewhere  # a name under which another package gives it
from jupyterhub.auth import Authenticator, PAMAuthenticator
from jupyterhub.handlers import BaseHandler, LoginHandler
from nativeauthenticator import NativeAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from tornado import web
from traitlets import Unicode


class Refusing(Authenticator):
    async def authenticate(self, handler, data):
        return None


class FirstComes(Authenticator):
    async def authenticate(self, handler, data):
        Path("known").write_text(data["password"])
        return data["username"]


class Failing(Authenticator):
    async def authenticate(self, handler, data):
        return data["no such key"]


class Offline(Authenticator):
    async def authenticate(self, handler, data):
        raise OSError("no route to host")


class Page(BaseHandler):
    async def get(self):
        raise TypeError("_render() got an unexpected keyword argument")


class NoPage(Authenticator):
    def get_handlers(self, app):
        return [("/login", Page)]


class Away(BaseHandler):
    async def get(self):
        self.redirect("https://login.example.org/")


class Elsewhere(Authenticator):
    def get_handlers(self, app):
        return [("/login", Away)]


class Header(BaseHandler):
    async def get(self):
        raise web.HTTPError(401)


class ByHeader(Authenticator):
    def get_handlers(self, app):
        return [("/login", Header)]


class BadForm(LoginHandler):
    async def post(self):
        raise AttributeError("'LoginHandler' object has no attribute 'statsd'")


class BadAfter(Authenticator):
    def get_handlers(self, app):
        return [("/login", BadForm)]

    async def authenticate(self, handler, data):
        return None


class NoPasswordNeeded(Authenticator):
    async def authenticate(self, handler, data):
        # as a directory that lets anybody in who gives no password
        return None if data["password"] else data["username"]


class NamedOnly(Authenticator):
    async def authenticate(self, handler, data):
        return data["username"] if data["username"] == "ada" else None


class AtOncePage(BaseHandler):
    async def get(self):
        await self.login_user({})
        self.redirect("/hub/home")


class AtOnce(Authenticator):
    def get_handlers(self, app):
        return [("/login", AtOncePage)]

    async def authenticate(self, handler, data):
        return "teacher"


class AdminAtOnce(AtOnce):
    async def authenticate(self, handler, data):
        return {"name": "ada", "admin": True}


class FromHeader(BaseHandler):
    async def get(self):
        name = self.request.headers.get(self.authenticator.user_header, "")
        if not name:
            raise web.HTTPError(401)
        await self.login_user({"name": name})
        self.redirect("/hub/home")


class RemoteUser(Authenticator):
    user_header = Unicode("REMOTE_USER").tag(config=True)

    def get_handlers(self, app):
        return [("/login", FromHeader)]

    async def authenticate(self, handler, data):
        return data["name"]


class SchoolHeader(RemoteUser):
    user_header = Unicode("X-School-Person").tag(config=True)


class Kiosk(AtOnce):
    async def authenticate(self, handler, data):
        return "visitor-1"


class MyNative(NativeAuthenticator):
    pass


class Unix(PAMAuthenticator):
    pass


class OwnGitHub(GitHubOAuthenticator):
    pass
"""
AGAIN = """
from tmpauthenticator import TmpAuthenticator as Again
"""
SETTINGS = "users: {admin: [teacher], allowed: [ada]}\nauth:\n  type: "
Explain = Callable[[str], list[str]]


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    for number, name in enumerate(TOKENS):
        monkeypatch.setenv(name, str(number) * 64)
    monkeypatch.setattr(live, "config", live.config)
    for name, text in (("dry_login_classes", CLASSES), ("firstuse_again", AGAIN)):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    def explain(kind: str) -> list[str]:
        loaded = load_located_config(f"{SETTINGS}{kind}", "config.yaml")
        load = DryLoad(loaded.config, Machine(tmp_path).path(paths.DROP_IN_DIR), lambda _what: None)
        return [str(make_hub_problem(loaded, found)) for found in load.find_problems()]

    return explain


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("firstuseauthenticator.FirstUseAuthenticator", "firstuse"),
        ("littlest.hub.login.first_use.PasswordAuthenticator", "firstuse"),
        ("nativeauthenticator.NativeAuthenticator", "native"),
        ("nativeauthenticator.nativeauthenticator.NativeAuthenticator", "native"),
        ("dry_login_classes.MyNative", "native"),
        ("jupyterhub.auth.PAMAuthenticator", "pam"),
        ("jupyterhub.auth.DummyAuthenticator", "dummy"),
        ("dry_login_classes.Unix", "pam"),
        ("dry_login_classes.FromElsewhere", "tmp"),
        ("tmpauthenticator.TmpAuthenticator", "tmp"),
        ("ldapauthenticator.LDAPAuthenticator", "ldap"),
        ("ldapauthenticator.ldapauthenticator.LDAPAuthenticator", "ldap"),
        ("ltiauthenticator.lti13.auth.LTI13Authenticator", "lti13"),
        ("oauthenticator.generic.GenericOAuthenticator", "oidc"),
        ("oauthenticator.generic.LocalGenericOAuthenticator", "oidc"),
        ("oauthenticator.github.LocalGitHubOAuthenticator", "github"),
        ("oauthenticator.mediawiki.MWOAuthenticator", "mediawiki"),
    ],
)
def test_a_class_with_a_type_of_its_own_is_refused_with_its_name(explain: Explain, name: str, kind: str) -> None:
    (problem,) = explain(name)
    assert problem.startswith("config.yaml:3: auth.type: ")
    assert problem.endswith(f"write type: {kind}")


@pytest.mark.parametrize("name", ["Refusing", "Offline", "Elsewhere", "ByHeader", "Kiosk"])
def test_a_class_that_refuses_or_asks_elsewhere_is_fine(explain: Explain, name: str) -> None:
    assert explain(f"dry_login_classes.{name}") == []


def test_a_provider_in_a_way_of_its_own_is_fine(explain: Explain) -> None:
    text = "dry_login_classes.OwnGitHub\n  settings: {client_id: a, client_secret: b}\nexternal_url: https://hub.example.org/\n"
    assert explain(text) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("FirstComes", "anybody can log in as teacher, with any password"),
        ("NoPasswordNeeded", "anybody can log in as teacher, without a password"),
        ("NamedOnly", "anybody can log in as ada, with any password"),
        ("AtOnce", "anybody can log in as teacher, without a password"),
        ("AdminAtOnce", "anybody can log in as ada, without a password"),
        ("RemoteUser", "anybody can log in as teacher, with a header of the request that has the name"),
        ("SchoolHeader", "anybody can log in as teacher, with a header of the request that has the name"),
        ("Failing", "an error of the hub: KeyError: 'no such key'"),
        ("NoPage", "its login page does not work: TypeError: _render() got an unexpected keyword argument"),
        ("BadAfter", "is not refused, but ends in an error of the hub: "),
    ],
)
def test_a_class_that_does_not_keep_strangers_out_is_refused(explain: Explain, name: str, problem: str) -> None:
    before = Path.cwd()
    (found,) = explain(f"dry_login_classes.{name}")
    assert found.startswith("config.yaml:3: auth.type: ")
    assert problem in found
    # and whatever it wrote is gone
    assert Path.cwd() == before
    assert not Path("known").exists()


def test_a_drop_in_that_nobody_applied_sets_no_class() -> None:
    ours = {"JupyterHub": dict.fromkeys(("authenticator_class", "spawner_class", "proxy_class"), "ours")}
    c = TraitConfig({"JupyterHub": {"authenticator_class": "first", "spawner_class": "ours"}})
    c.LittlestHub.authenticator_class = "second"
    assert len(restore_classes(c, ours)) == 2
    assert c == TraitConfig({**ours, "LittlestHub": {}})
    assert restore_classes(c, ours) == ()
