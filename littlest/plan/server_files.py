"""Directories, files, links, secrets and the user environment. The units' files are in `littlest.plan.unit_files`."""

from littlest import paths
from littlest.config.text.render import render_default_config
from littlest.plan.steps import (
    CreateEnvironment,
    EnsureSecret,
    MakeDirectory,
    MakeLink,
    Release,
    Step,
    WriteEnvironmentFile,
    WriteFile,
)

DROP_IN_README = """\
The hub reads the files in this directory whose names end in .py when it starts, in the order of their names, after
/etc/littlest/config.yaml. They hold settings of JupyterHub for which that file has no key, such as

    c.JupyterHub.logo_file = "/etc/littlest/logo.png"

After a change: sudo littlest apply
"""

COMMAND_SCRIPT = f"""\
#!/bin/sh
# Written by The Littlest JupyterHub. Runs the current release's command; where that release is damaged, the
# command of the newest other one that is complete, so that there is always a way to repair the server.
# Root's caller may bring an environment that is not root's: nothing of it stands for a command or is loaded.
unset -f cd echo ls pwd umask
unset IFS LD_AUDIT LD_LIBRARY_PATH LD_PRELOAD GCONV_PATH OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022

# run RELEASE ARG ...: end with its command's status; come back where the release is damaged
run() {{
    release=$1
    shift
    for main in "$release"/lib/python3*/site-packages/littlest/__main__.py; do
        [ -s "$main" ] || continue
        # a command that changes something replaces this shell if it can: then signals reach it, and it rolls back
        case " $* " in
        *" apply "* | *" --apply "* | *" rollback "* | *" uninstall "*)
            "$release/bin/python" -I -S -c "" 2>/dev/null && exec "$release/bin/python" -I -m littlest "$@" ;;
        esac
        "$release/bin/python" -I -m littlest "$@"
        status=$?
        # 126 and 127: the interpreter, or something it needs, could not be loaded
        case $status in 126 | 127) ;; *) exit $status ;; esac
    done
}}
current=$(cd -P {paths.CURRENT_LINK} 2>/dev/null && pwd)
run "${{current:-{paths.CURRENT_LINK}}}" "$@"
for other in $(ls -dt {paths.RELEASES_DIR}/*/ 2>/dev/null); do
    other=${{other%/}}
    [ "$other" != "$current" ] && [ -e "$other/{paths.COMPLETE_MARKER}" ] || continue
    echo "littlest: the current release is damaged; using $other" >&2
    run "$other" "$@"
done
echo "littlest: there is no intact release in {paths.RELEASES_DIR}. Run the installer again." >&2
exit 6
"""

SUDOERS = f"""\
# Written by The Littlest JupyterHub: some admins of the hub may administer this machine from a terminal (users.sudo).
%{paths.SUDO_GROUP} ALL=(ALL) NOPASSWD:ALL
"""


def make_directory_steps() -> tuple[Step, ...]:
    """Return the steps for every directory that is ours."""
    return (
        MakeDirectory(paths.OPT_DIR),
        MakeDirectory(paths.ETC_DIR),
        # drop-ins may hold the passwords of other services
        MakeDirectory(paths.DROP_IN_DIR, 0o700),
        MakeDirectory(paths.STATE_DIR, 0o700),
        MakeDirectory(paths.SECRETS_DIR, 0o700),
        MakeDirectory(paths.INITIAL_PASSWORD_DIR, 0o700),
        MakeDirectory(paths.HISTORY_DIR, 0o700),
        MakeDirectory(paths.LOG_DIR, 0o750),
        MakeDirectory(paths.PROXY_STATE_DIR, 0o700, paths.PROXY_USER, paths.PROXY_USER),
        MakeDirectory(paths.SUDOERS_FILE.parent, 0o755, shared=True),
    )


def make_secret_steps() -> tuple[Step, ...]:
    """Return the steps for the secrets of hub, proxy, culler and command, and for the files that units read."""
    proxy_token = ("CONFIGPROXY_AUTH_TOKEN", paths.PROXY_TOKEN_FILE)
    hub_tokens = (
        proxy_token,
        ("JUPYTERHUB_CRYPT_KEY", paths.CRYPT_KEY_FILE),
        ("LITTLEST_CULLER_TOKEN", paths.CULLER_TOKEN_FILE),
        ("LITTLEST_COMMAND_TOKEN", paths.COMMAND_TOKEN_FILE),
    )
    return (
        *(EnsureSecret(file) for _, file in hub_tokens),
        EnsureSecret(paths.COOKIE_SECRET_FILE),
        WriteEnvironmentFile(paths.HUB_ENVIRONMENT_FILE, hub_tokens),
        WriteEnvironmentFile(paths.PROXY_ENVIRONMENT_FILE, (proxy_token,)),
        WriteEnvironmentFile(paths.CULLER_ENVIRONMENT_FILE, (("JUPYTERHUB_API_TOKEN", paths.CULLER_TOKEN_FILE),)),
    )


def make_file_steps(release: Release, admins: tuple[str, ...]) -> tuple[Step, ...]:
    """Return the steps for config.yaml (once), the command, the sudo rule, and the links to this release."""
    return (
        WriteFile(paths.CONFIG_FILE, render_default_config(admins), mode=0o640, once=True),
        WriteFile(paths.DROP_IN_DIR / "README", DROP_IN_README),
        WriteFile(paths.SUDOERS_FILE, SUDOERS, mode=0o440),
        MakeLink(paths.CURRENT_LINK, release.directory),
        MakeLink(paths.PACKAGES_LINK, paths.CURRENT_LINK / "share/littlest/packages"),
        WriteFile(paths.COMMAND_FILE, COMMAND_SCRIPT, mode=0o755),
    )


def make_environment_steps() -> tuple[Step, ...]:
    """Return the step for the environment of kernels and libraries, from the packages that the release brought."""
    return (CreateEnvironment(paths.USER_ENVIRONMENT_DIR, paths.PACKAGES_LINK, paths.ADMINS_GROUP),)
