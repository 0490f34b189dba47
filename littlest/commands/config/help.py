"""`littlest config help` and `littlest config schema`: what can be set."""

from textwrap import wrap

from littlest.config.reference.completion import SCHEMA_FILE
from littlest.config.reference.keys import UnknownKey, parse_key, render_key
from littlest.config.reference.unknown_key import explain_unknown_key
from littlest.config.text.explain import render_help
from littlest.errors import LittlestError, UsageError
from littlest.machine.machine import Machine
from littlest.report import Report
from littlest.system.hub.dry_run import read_trait_help
from littlest.system.settings.active import find_active_settings

_WIDTH = 88


def run_help(machine: Machine, key: str | None) -> Report:
    """Describe a setting; without a key, list every group. Raises UsageError for an unknown key."""
    try:
        match parse_key(key) if key else ():
            case ("jupyterhub", class_name, trait) if lines := _explain_trait(machine, class_name, trait):
                return Report(lines=lines)
        text = render_help(key or "")
    except UnknownKey as unknown:
        raise explain_unknown_key(unknown, unknown.key, "`littlest config help` lists every group.") from None
    return Report(tuple(text.splitlines()), {"key": key or "", "help": text})


def _explain_trait(machine: Machine, class_name: str, trait: str) -> tuple[str, ...]:
    """Return the description of a JupyterHub trait; nothing where the hub's software cannot be asked.

    Raises UsageError for a trait that is unknown, or that you may not set.
    """
    found = read_trait_help(machine, _read_settings(machine), class_name, trait)
    if found is None:
        return ()
    key = render_key(("jupyterhub", class_name, trait))
    if "problem" in found:
        hint = found["hint"]
        raise UsageError(f"{key}: {found['problem']}.", f"{hint[0].upper()}{hint[1:]}" if hint else None)
    about = [
        line for part in found["about"].strip().split("\n\n") for line in ("", *wrap(" ".join(part.split()), _WIDTH))
    ]
    facts = [
        line
        for name in ("takes", "default")
        for line in wrap(f"{name.capitalize() + ':':<9} {found[name]}", _WIDTH, subsequent_indent=" " * 10)
    ]
    return (key, *about, "", *facts)


def _read_settings(machine: Machine) -> str:
    """Return the settings, which say what the authenticator is; nothing where this person may not read them."""
    try:
        return find_active_settings(machine, must_be_safe=False).text
    except LittlestError:
        return ""


def run_schema() -> Report:
    """The JSON schema of the file."""
    return Report(lines=tuple(SCHEMA_FILE.read_text("utf-8").splitlines()))
