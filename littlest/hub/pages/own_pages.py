"""Every page and API handler of ours, with its path below the hub's address. Of two for one path the first counts."""

from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import PrefixRedirectHandler, UserUrlHandler
from jupyterhub.handlers.static import LogoHandler

from littlest.hub.login.fresh_login import ask_for_password
from littlest.hub.login.kept_passwords import KeepsPasswords
from littlest.hub.login.people import FollowsSettings
from littlest.hub.pages.change_password import CHANGE_PASSWORD_PAGES, log_out_everywhere
from littlest.hub.pages.confirm import CONFIRM_PAGES
from littlest.hub.pages.few_logins import end_oldest_logins_at
from littlest.hub.pages.gate import GATE_PAGES
from littlest.hub.pages.logo_page import OwnLogoHandler
from littlest.hub.pages.old_address import OLD_ADDRESS_PAGES, MovedServerHandler, OldAddressHandler
from littlest.hub.pages.one_time_page import PASSWORD_API, PASSWORD_PAGES
from littlest.hub.pages.plain_bodies import take_plain_bodies
from littlest.hub.pages.settings_api import SETTINGS_PAGES
from littlest.hub.pages.token_api import TOKEN_PAGES
from littlest.hub.pages.usage_page import USAGE_PAGES
from littlest.hub.pages.user_api import USER_PAGES

_IN_THE_PLACE_OF: dict[type, type] = {
    PrefixRedirectHandler: OldAddressHandler,
    UserUrlHandler: MovedServerHandler,
    LogoHandler: OwnLogoHandler,
}
Pages = tuple[tuple[str, type], ...]


def list_own_pages(authenticator: Authenticator) -> Pages:
    """Return what the hub serves with this way to log in."""
    always = (*SETTINGS_PAGES, *USER_PAGES, *TOKEN_PAGES, *GATE_PAGES, *CONFIRM_PAGES, *PASSWORD_API)
    always = (*always, *OLD_ADDRESS_PAGES, *USAGE_PAGES)
    kept = (*CHANGE_PASSWORD_PAGES, *PASSWORD_PAGES) if isinstance(authenticator, KeepsPasswords) else ()
    return (*always, *kept, *_list_sign_up_pages(authenticator))


def adapt_page(path: str, page: type) -> type:
    """Return the handler of a path below the hub's with what we add to it, whether it is ours or JupyterHub's."""
    ours = _IN_THE_PLACE_OF.get(page, page)
    if ours in {OldAddressHandler, OwnLogoHandler}:
        return ours
    return log_out_everywhere(ask_for_password(path, take_plain_bodies(path, end_oldest_logins_at(path, ours))))


def _list_sign_up_pages(authenticator: Authenticator) -> Pages:
    """Return the pages for signing up; only where people sign up, because their import is slow."""
    if not (isinstance(authenticator, FollowsSettings) and authenticator.has_sign_up_pages):
        return ()
    from littlest.hub.pages.sign_up import SIGN_UP_PAGES  # noqa: PLC0415  # only where people sign up

    return SIGN_UP_PAGES
