"""JupyterHub's configuration file: /etc/littlest/config.yaml in JupyterHub's own words, then the admin's drop-ins."""

import os

from littlest.config.model import Config
from littlest.hub.drop_ins import load_drop_ins
from littlest.hub.settings import make_hub_settings
from littlest.hub.start import TEMPLATES_DIR, read_config_or_last_good

c = get_config()  # type: ignore[name-defined]  # noqa: F821  # JupyterHub puts it here

found = read_config_or_last_good()
config = found or Config()
for section, values in make_hub_settings(config, os.environ, os.cpu_count() or 1, str(TEMPLATES_DIR)).items():
    for name, value in values.items():
        setattr(c[section], name, value)
c.LittlestHub.users_listed = found.users if found else None
c.LittlestHub.drop_ins = load_drop_ins(c)
