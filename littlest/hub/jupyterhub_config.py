"""JupyterHub's configuration file: the settings of config.yaml, then its section `jupyterhub`, then the drop-ins."""

import os

from littlest.config.model import Config
from littlest.hub.drop_ins import load_drop_ins
from littlest.hub.live import live
from littlest.hub.login.classes import put_in_authenticator
from littlest.hub.merge import add_trait_values, read_trait_secrets, restore_classes
from littlest.hub.scopes import check_scopes
from littlest.hub.start import TEMPLATES_DIR, find_refusal, read_config_or_last_good
from littlest.hub.traits import Settings, make_hub_settings, read_secret
from littlest.machine.machine import Machine
from littlest.plan.effects import make_restart_digest
from littlest.system.settings.drop_in_copies import make_drop_in_digest, read_drop_ins

c = get_config()  # type: ignore[name-defined]  # noqa: F821  # JupyterHub puts it here


def make_settings(config: Config) -> Settings:
    """Raise LittlestError for settings that this hub cannot use, so that the last known good ones replace them."""
    made = make_hub_settings(config, os.environ, os.cpu_count() or 1, str(TEMPLATES_DIR))
    put_in_authenticator(made, config)
    settings = add_trait_values(made, read_trait_secrets(config.jupyterhub, read_secret))
    check_scopes(settings["JupyterHub"]["load_roles"], settings["JupyterHub"].get("custom_scopes", {}))
    return settings


machine = Machine()
refusal = find_refusal(machine)
live.refused = bool(refusal)
found, settings = read_config_or_last_good(make_settings, machine, refusal)
for section, values in settings.items():
    for name, value in values.items():
        setattr(c[section], name, value)
live.started_drop_ins = make_drop_in_digest(read_drop_ins(machine))
live.drop_in_problems = (*load_drop_ins(c, machine, refusal), *restore_classes(c, settings))
live.config, live.file, live.problems = found.config, found.file, found.problems
live.started = make_restart_digest(found.config)
