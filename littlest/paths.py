"""Every path, account, unit and loopback address that is ours, each with its name.

Pure values: only `littlest.machine.machine.Machine` turns one of these paths into a real file under its root.
"""

from pathlib import PurePosixPath as Path

# What the release brings (root's, read-only to others)
OPT_DIR = Path("/opt/littlest")
RELEASES_DIR = OPT_DIR / "releases"
CURRENT_LINK = OPT_DIR / "current"
COMPLETE_MARKER = ".littlest-complete"
"""Below a release: the installer writes it when everything is done."""
USER_ENVIRONMENT_DIR = OPT_DIR / "user"
PACKAGES_LINK = OPT_DIR / "packages"
"""The conda channel that the current release brought: a link to `current/share/littlest/packages`."""

SCHEMA_FILE = CURRENT_LINK / "share/littlest/config.schema.json"
"""Editors use it to complete and check config.yaml."""

# What the admin says
ETC_DIR = Path("/etc/littlest")
CONFIG_FILE = ETC_DIR / "config.yaml"
REJECTED_CONFIG_FILE = ETC_DIR / "config.yaml.rejected"
"""The settings with which the hub did not start last, kept for the admin to correct."""
DROP_IN_DIR = ETC_DIR / "jupyterhub_config.d"

# What we remember
STATE_DIR = Path("/var/lib/littlest")
RECORD_FILE = STATE_DIR / "record.json"
DATABASE_FILE = STATE_DIR / "jupyterhub.sqlite"
DATABASE_NOTE_FILE = STATE_DIR / "database.json"
"""By what the hub knows its database again, and what happened to it."""
DATABASE_BACKUP_DIR = STATE_DIR / "database-backups"
PASSWORDS_FILE = STATE_DIR / "passwords.sqlite"
GUESTS_FILE = STATE_DIR / "guests.json"
"""Who was let in, or made an admin, by a rule and not by name."""
LISTED_USERS_FILE = STATE_DIR / "listed-users.json"
"""Who was named in the settings, and who no longer is."""
HOME_SIZES_FILE = STATE_DIR / "home-sizes.json"
"""How much disk each home took when it was last measured."""
HOME_SIZES_OUTPUT = STATE_DIR / "home-sizes.new"
"""What a measuring that goes on has found."""
LAST_GOOD_CONFIG_FILE = STATE_DIR / "last-good-config.yaml"
LAST_GOOD_DROP_IN_DIR = STATE_DIR / "last-good-jupyterhub_config.d"
HUB_TRIAL_FILE = STATE_DIR / "hub-trial.json"
"""How often the hub began to start with settings or drop-ins with which it was never healthy."""
GOING_BACK_FILE = STATE_DIR / "going-back.txt"
"""Exists while an apply rolls back: it says where the copies are of what the admin wrote."""
HISTORY_DIR = STATE_DIR / "history"
"""Every text of config.yaml that was applied."""
SECRETS_DIR = STATE_DIR / "secrets"
PROXY_TOKEN_FILE = SECRETS_DIR / "proxy-token"
CRYPT_KEY_FILE = SECRETS_DIR / "crypt-key"
CULLER_TOKEN_FILE = SECRETS_DIR / "culler-token"
COOKIE_SECRET_FILE = SECRETS_DIR / "cookie_secret"
HUB_ENVIRONMENT_FILE = SECRETS_DIR / "hub.env"
PROXY_ENVIRONMENT_FILE = SECRETS_DIR / "proxy.env"
CULLER_ENVIRONMENT_FILE = SECRETS_DIR / "culler.env"
HTTPS_FILE = SECRETS_DIR / "https.pem"
"""The proxy's copy of the admin's certificate and key."""
COMMAND_TOKEN_FILE = SECRETS_DIR / "command-token"
"""The JupyterHub API token of the `littlest` command itself (service `littlest`)."""
INITIAL_PASSWORD_DIR = SECRETS_DIR / "initial-passwords"
LOG_DIR = Path("/var/log/littlest")
LOCK_FILE = Path("/run/littlest.lock")
ACCOUNTS_LOCK_FILE = Path("/run/littlest-accounts.lock")
"""Both are 0600 in a folder of root's, because anyone who can open a lock can hold it. construct/header.sh also names
the first."""
COMMAND_FILE = Path("/usr/bin/littlest")
"""Not in /usr/local/bin, which the secure_path of sudo leaves out on Debian 14 and Fedora."""
SUDOERS_FILE = Path("/etc/sudoers.d/littlest-admins")
SSHD_FILE = Path("/etc/ssh/sshd_config.d/littlest.conf")
POLKIT_FILE = Path("/etc/polkit-1/rules.d/10-littlest.rules")

# Sockets and addresses. Only the proxy's public port is reachable from outside the loopback interface.
PROXY_STATE_DIR = Path("/var/lib/littlest-proxy")
PAGES_DIR = Path("/var/lib/littlest-pages")
"""What the proxy shows by itself."""
LOGO_FILE = PAGES_DIR / "logo"
PROXY_RUNTIME_DIR = Path("/run/littlest-proxy")
PROXY_API_SOCKET = PROXY_RUNTIME_DIR / "api.sock"
SERVERS_RUNTIME_DIR = Path("/run/littlest/servers")
"""A file system of its own.

One folder per user server, `USER:littlest-proxy` 02710, with its `server.sock` (0660)."""
SERVERS_ENVIRONMENT_DIR = Path("/run/littlest-environment")
"""Root's own: the environment of a server while its unit is being started."""
KERNELS_RUNTIME_DIR = Path("/run/littlest-kernels")
"""Empty. Each server sees a file system of its own there, with the sockets of its kernels."""
HUB_ADDRESS = "127.0.0.1"
HUB_PORT = 15081

# Units
SYSTEMD_DIR = Path("/etc/systemd/system")
HUB_UNIT = "jupyterhub.service"
HUB_SOCKET_UNIT = "jupyterhub.socket"
PROXY_UNIT = "jupyterhub-proxy.service"
PROXY_SOCKET_UNIT = "jupyterhub-proxy.socket"
"""Holds the public ports, also while the proxy restarts."""
CULLER_UNIT = "jupyterhub-idle-culler.service"
LOGGED_UNITS = {
    "hub": (HUB_UNIT, HUB_SOCKET_UNIT),
    "proxy": (PROXY_UNIT, PROXY_SOCKET_UNIT),
    "culler": (CULLER_UNIT,),
}
"""The units whose logs a person asks for, by the name of their subject."""
SERVERS_MOUNT_UNIT = "run-littlest-servers.mount"
"""Mounts `SERVERS_RUNTIME_DIR`, after which systemd names it. The hub starts it."""
USERS_SLICE = "jupyterhub-users.slice"
HUB_SLICE = "littlest.slice"
"""Of hub, proxy and culler. It is in no other slice: systemd keeps memory for a unit only if its slice keeps it."""
SERVER_DESCRIPTION = "JupyterHub server of"
"""How the description of a user's server begins, before the user's name."""

# Accounts
ADMINS_GROUP = "littlest-admins"
SUDO_GROUP = "littlest-sudo"
USERS_GROUP = "littlest-users"
HUB_ONLY_GROUP = "littlest-hub-only"
"""Of accounts that we made and that only the hub may use: sshd(8) refuses them."""
PROXY_USER = "littlest-proxy"
SHARING_GROUP_PREFIX = "littlest-g-"
"""Of the Unix groups of `users.groups`, by which their members share files."""
UNIT_PREFIX = "jupyter-"
"""Of the units of users' servers."""
SERVER_UNITS = f"{UNIT_PREFIX}*.service"
"""The pattern of all of them, for systemctl(1)."""
SERVICES_USER = "littlest-services"
SERVICES_DIR = Path("/var/lib/littlest-services")
"""Account and folder of the programs of `services.managed`."""
CANARY_USER = "littlest-canary"
"""The hub user with whom an install tries out a server. Nobody can log in under this name."""
SHARED_DIR = Path("/srv/littlest")
"""Where shared folders without a path of their own are. Their content belongs to people, and is never removed."""
LINKED_FOLDERS_FILE = STATE_DIR / "linked-folders.json"
"""Every shared folder that homes ever had a link to: this is how we know our links."""
