"""What the command does not import: together that is half of the time of `littlest config show`."""

import subprocess
import sys

SPARED = {
    "asyncio",
    "email",
    "http",
    "importlib.metadata",
    "jupyterhub",
    "littlest.commands.apply",
    "littlest.hub",
    "littlest.plan",
    "littlest.server",
    "rich",
    "sqlalchemy",
    "tornado",
    "urllib.request",
    "zipfile",
}


def list_imports(*words: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "littlest", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_config_show_imports_only_what_it_needs() -> None:
    imported = list_imports("config", "show", "--defaults")
    assert "littlest.commands.config.show" in imported
    assert imported & SPARED == set()


def test_the_version_is_told_without_the_settings() -> None:
    imported = list_imports("--version")
    assert "littlest.cli.main" in imported
    assert not {name for name in imported if name.split(".")[0] == "pydantic" or name == "littlest.config.model"}
