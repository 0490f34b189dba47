"""The folder in which a user's server opens. Runs as the user, with the user's rights."""

import os
import sys
from pathlib import Path

WORKING_DIRECTORY_VARIABLE = "LITTLEST_WORKING_DIRECTORY"
"""The variable with the folder; the server removes it before a kernel or terminal starts."""


def enter_working_directory() -> tuple[str, ...]:
    """Make the folder of `user_environment.working_directory` if it is missing, enter it, and return its arguments.

    When the folder cannot be used the server opens in the home: else a user who has a file of that name could never
    log in to remove it.
    """
    wanted = os.environ.pop(WORKING_DIRECTORY_VARIABLE, "")
    if not wanted:
        return ()
    home, folder = Path.home(), Path(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
    except OSError as error:
        sys.stderr.write(f"The working directory {folder} cannot be used ({error.strerror}); opening {home}\n")
        return (f"--ServerApp.root_dir={home}",)
    if not folder.is_relative_to(home):
        return (f"--ServerApp.root_dir={folder}",)
    if not folder.resolve().is_relative_to(home.resolve()):
        return (f"--ServerApp.root_dir={home}",)  # a link of the user's own, in which no page can open
    # the rest of the home, with its links to shared folders, stays in reach
    return (f"--ServerApp.root_dir={home}", f"--ServerApp.preferred_dir={folder}")
