"""`littlest plan`: what `littlest apply` would do."""

from littlest.errors import ExitCode
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.describe import make_step_data
from littlest.plan.impact import render_impact
from littlest.report import Report
from littlest.situation import find_impact, find_warnings, read_situation
from littlest.system.config_checks import load_checked_config
from littlest.system.releases.current import read_current_release
from littlest.system.settings.active import find_active_settings, read_good_text


def run_plan(machine: Machine) -> Report:
    """Report what would change, what it means to people, and the steps to do; exit code 4 if there are any.

    Changes nothing. Raises ConfigError when the configuration is not valid.
    """
    check_root(machine)
    settings = find_active_settings(machine)
    config = load_checked_config(machine, settings.text, str(settings.file))
    found = read_situation(machine, config, read_good_text(machine), read_current_release(machine))
    warnings = find_warnings(machine, found)
    steps, impact = found.pending, find_impact(machine, found)
    data = {**impact.make_data(), "steps": make_step_data(steps), "warnings": list(warnings)}
    if not steps and not impact.changes:
        return Report(("Everything is as the settings say; there is nothing to do.", *warnings), data)
    sentences = (*render_impact(impact), *(step.describe() for step in steps))
    lines = ("sudo littlest apply would:", *(f"  {line}" for line in sentences), *warnings)
    return Report(lines, data, ExitCode.DRIFT)
