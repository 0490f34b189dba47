"""A user's server: its arguments, its environment, and the page that opens. Pure."""

from urllib.parse import quote, urlsplit

from littlest import paths
from littlest.config.model import Config, UserEnvironment
from littlest.config.resolve import resolve_default_app
from littlest.machine.commands import COMMAND_PATH
from littlest.server.working_directory import WORKING_DIRECTORY_VARIABLE
from littlest.system.accounts.user_accounts import UserAccount


def make_server_arguments(socket: str, shell: list[str], external_url: str = "") -> tuple[str, ...]:
    """Return the command-line arguments of a user's notebook server; they go before the user's own files.

    The server listens on `socket` only, and its kernels on sockets in its runtime directory: every other user can
    connect to a loopback port. `shell` is the command of terminals.
    Websockets from `external_url` are accepted whatever Host a web server in front of the hub sends.
    """
    return (
        *((f"--ServerApp.allow_origin={_make_origin(external_url)}",) if external_url else ()),
        # a server on a socket needs a port argument with the default value
        "--ServerApp.port=8888",
        f"--ServerApp.sock={socket}",
        "--ServerApp.sock_mode=0660",
        "--KernelManager.transport=ipc",
        "--ServerApp.kernel_spec_manager_class=littlest.server.kernels.PrefixKernelSpecManager",
        "--ServerApp.kernel_websocket_connection_class=littlest.server.kernel_connection.WatchedConnection",
        # not a login shell: /etc/profile would set PATH again
        f"--ServerApp.terminado_settings={{'shell_command': {shell!r}}}",
        # JupyterHub switches the trash off, and without it only empty folders could be deleted
        "--FileContentsManager.always_delete_dir=True",
        "--ServerApp.tornado_settings={'compress_response': True}",
        # Lab would ask the network for news and newer versions of itself, which only the server's admin can install
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    )


def _make_origin(url: str) -> str:
    """Return what browsers send as Origin from this address."""
    parts = urlsplit(url.lower())
    is_usual = parts.port == {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.netloc.rpartition(':')[0] if is_usual else parts.netloc}"


def make_server_environment(account: UserAccount, own: UserEnvironment) -> dict[str, str]:
    """Return the environment of a user's server, its kernels and terminals, without JupyterHub's own variables.

    It has nothing of the hub's own environment.
    """
    environment = {
        # the model refuses those that are set below
        **own.environment,
        "HOME": str(account.home),
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": account.shell,
        # python and pip are the shared environment's; without it the rest still works
        "PATH": ":".join(
            (*own.path, f"{paths.USER_ENVIRONMENT_DIR}/bin", f"{account.home}/.local/bin", COMMAND_PATH)
        ),
        "JUPYTER_PATH": f"{paths.USER_ENVIRONMENT_DIR}/share/jupyter",
        # for the kernels' sockets, whose names would be too long below a long home
        "JUPYTER_RUNTIME_DIR": str(paths.KERNELS_RUNTIME_DIR),
    }
    environment.setdefault("LANG", "C.UTF-8")
    if own.working_directory:
        environment[WORKING_DIRECTORY_VARIABLE] = str(account.home / own.working_directory)
    return environment


def make_default_url(config: Config, user: str) -> str:
    """Return the page that opens after login, below the server's own address."""
    if resolve_default_app(config, user) == "jupyterlab":
        return "/lab"  # which opens the working directory by itself
    folder = config.user_environment.working_directory
    return f"/tree/{quote(folder)}" if folder and not folder.startswith("/") else "/tree"
