"""`littlest user passwd`: make a one-time password for a user."""

from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.build import make_probe_url
from littlest.report import Report
from littlest.system.config_checks import load_active_config
from littlest.system.hub.api import HubApi
from littlest.system.hub.one_time_passwords import make_one_time_password
from littlest.system.settings.active import read_good_config


def run_passwd(machine: Machine, name: str) -> Report:
    """Make a one-time password for a user, and report it; it ends the user's sessions and tokens.

    Raises LittlestError when the hub does not answer, keeps no passwords, or lets nobody in under this name.
    """
    check_root(machine)
    password = make_one_time_password(
        HubApi(machine, make_probe_url(read_good_config(machine) or load_active_config(machine))), name
    )
    return Report(
        (
            f"The one-time password of {name} is: {password}",
            f"At the next login, {name} must choose another one. Whoever was logged in as {name} is logged out.",
        ),
        {"name": name, "password": password},
    )
