"""A server extension: JupyterLab speaks the languages that an admin installed into the user environment.

JupyterLab looks for them where its own Python has its packages. Here that is the release, which nobody changes.
"""

import os
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

ENTRY_POINT = "jupyterlab.languagepack"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "littlest.server.language_packs"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyterlab_server import translation_utils  # noqa: PLC0415

    # the first folder is the user environment's
    environment = Path(os.environ.get("JUPYTER_PATH", "").split(os.pathsep)[0]).parent.parent
    original = translation_utils._get_installed_language_pack_locales

    def find_all() -> tuple[dict[str, Any], str]:
        found, message = original()
        return {**find_language_packs(environment), **found}, message

    translation_utils._get_installed_language_pack_locales = find_all


def find_language_packs(environment: Path) -> dict[str, str]:
    """Return the folder of each language pack in a Python environment, by its language, such as `de_DE`.

    Nothing is imported: the packages belong to another Python.
    """
    found = {}
    for packages in environment.glob("lib/python3*/site-packages"):
        for distribution in distributions(path=[str(packages)]):
            try:
                points = distribution.entry_points
            except (OSError, ValueError):
                continue
            for point in points:
                folder = packages / point.value.split(":")[0].strip().replace(".", "/")
                if point.group == ENTRY_POINT and folder.is_dir():
                    found[point.name] = str(folder)
    return found
