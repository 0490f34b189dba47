"""Settings that other ways to install JupyterHub have in their files, and ours in their place. Pure."""

from collections.abc import Mapping

from littlest.config.reference.catalog import list_variants
from littlest.config.sections.auth import Auth

_OURS: Mapping[str, str] = {
    "users.extra_user_groups": "groups of the hub are users.groups.NAME.members; put an account into a group of the"
    " machine with: sudo usermod -aG GROUP ACCOUNT",
    "https.tls": "write https.key and https.certificate",
    "https.tls.key": "write https.key",
    "https.tls.cert": "write https.certificate",
    "services.cull.users": "delete it: accounts and homes of users are kept",
    "services.cull.remove_named_servers": "delete it: named servers stay in the list",
    "services.cull.concurrency": "delete it: the culler needs no such bound",
    "services.configurator": "delete it: admins change this file, or use littlest config",
    "https.letsencrypt.staging": "delete it",
    "auth.admin_users": "write users.admin",
    "auth.allowed_users": "write users.allowed",
    "traefik_api": "delete it: the proxy is another one",
    "traefik": "delete it: the proxy is another one",
}
_OURS_OF_CLASSES: Mapping[str, str] = {
    "create_users": "write auth.allow_all: true, or name people in users.allowed",
    "min_password_length": "delete it: passwords need 7 characters",
    "admin_users": "write users.admin",
    "allowed_users": "write users.allowed",
    "open_signup": "write auth.type: native and auth.open_signup",
}
APPS: Mapping[str, str] = {"classic": "notebook", "nbclassic": "notebook", "retro": "notebook", "lab": "jupyterlab"}
"""Other names of what `user_environment.default_app` takes."""


def find_peer_hint(key: str) -> str | None:
    """Return what to write in the place of a key, or of the group that it is in; None for a key of no other."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if hint := _OURS.get(".".join(parts[:length])):
            return hint
    if len(parts) > 1 and parts[0] == "auth" and parts[1].endswith("Authenticator"):
        return _explain_trait(parts[2] if len(parts) > 2 else "")
    return None


def _explain_trait(name: str) -> str:
    if hint := _OURS_OF_CLASSES.get(name):
        return hint
    if name and (name in Auth.model_fields or any(name in one.model_fields for _, one in list_variants(Auth))):
        return f"write auth.{name}"
    return f"write auth.settings.{name or 'NAME'}, below auth: itself"
