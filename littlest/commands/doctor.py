"""`littlest doctor`: what is wrong with this server, and what mends it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from littlest.errors import LittlestError, UsageError
from littlest.health.checks import CHECKS, find_findings
from littlest.health.finding import Check, Examined, Finding, Level
from littlest.health.status_checks import APPLY
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.steps import Release
from littlest.report import Report
from littlest.system.apply_plan import Progress, ignore_progress
from littlest.system.record_file import read_record
from littlest.system.releases.current import read_current_release

CLEAN, WARNINGS, FAILURES, COULD_NOT_LOOK = range(4)
"""The exit codes of this command alone."""
FIX_SECONDS = 600.0


def list_checks() -> Report:
    """Return a line for each check."""
    width = max(len(check.id) for check in CHECKS)
    lines = (f"{check.id:<{width}}  {check.title}{' (--deep)' if check.is_deep else ''}" for check in CHECKS)
    data = [{"id": check.id, "title": check.title, "level": check.level, "deep": check.is_deep} for check in CHECKS]
    return Report(tuple(lines), {"checks": data})


def run_doctor(
    machine: Machine,
    deep: bool = False,
    only: Sequence[str] = (),
    *,
    release: Release | None = None,
    progress: Progress = ignore_progress,
) -> Report:
    """Look for everything that is wrong; the exit code says how bad the worst finding is. Changes nothing.

    Without `only`, all checks look; those that take long look only if it is `deep`. Raises UsageError for an unknown
    check.
    """
    checks = choose_checks(deep, only)
    return _report(_examine(machine, checks, release, progress), checks)


def run_fixes(
    machine: Machine,
    deep: bool,
    only: Sequence[str],
    fixes: Sequence[str],
    *,
    release: Release | None = None,
    progress: Progress = ignore_progress,
) -> Report:
    """Run these fixes, which `run_doctor` has found to be safe, and look again."""
    checks = choose_checks(deep, only)
    failed = [line for fix in fixes for line in _run_fix(machine, fix, progress)]
    return _report(_examine(machine, checks, release, progress), checks, fixes, tuple(failed))


def choose_checks(deep: bool, only: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks that shall look. Raises UsageError for an unknown one."""
    known = {check.id: check for check in CHECKS}
    for name in only:
        if name not in known:
            raise UsageError(f"there is no check {name}", "To see all: littlest doctor --list")
    return tuple(check for check in CHECKS if (check.id in only if only else deep or not check.is_deep))


def _examine(
    machine: Machine, checks: Iterable[Check], release: Release | None, progress: Progress
) -> tuple[Finding, ...]:
    check_root(machine)
    record = read_record(machine)
    if not record.units:
        raise LittlestError("The Littlest JupyterHub is not installed on this machine", "Run its installer.")
    examined = Examined(machine, record, release or read_current_release(machine))
    found: list[Finding] = []
    for check in checks:
        if check.is_deep:
            progress(check.title.rstrip("."))
        found += find_findings(examined, (check,))
    return tuple(found)


def _run_fix(machine: Machine, fix: str, progress: Progress) -> tuple[str, ...]:
    """Run a fix; return a line when it failed."""
    progress(fix)
    done = machine.run(["sh", "-c", fix.replace("sudo ", "")], check=False, timeout=FIX_SECONDS)
    if not done.status:
        return ()
    said = (done.stderr.strip() or done.stdout.strip() or f"status {done.status}").splitlines()
    return (f"{fix} failed: {said[-1]}",)


def _report(
    found: Sequence[Finding], checks: Sequence[Check], fixes: Sequence[str] = (), notes: tuple[str, ...] = ()
) -> Report:
    lines = [line for finding in found for line in _render(finding)]
    data = {
        "findings": [{**asdict(finding), "page": finding.page} for finding in found],
        "checks": [check.id for check in checks],
        "safe_fixes": _list_safe_fixes(found),
        "fixes": list(fixes),
        "failed_fixes": list(notes),
    }
    levels = [finding.level for finding in found]
    return Report((*lines, _summarize(levels, len(checks))), data, _choose_exit_code(levels), notes)


def _list_safe_fixes(found: Sequence[Finding]) -> list[str]:
    """Return the fixes that may run without a person; an apply comes last, because it may need the others."""
    fixes = dict.fromkeys(finding.fix for finding in found if finding.is_safe)
    return sorted(fixes, key=lambda fix: fix == APPLY)


def _render(finding: Finding) -> tuple[str, ...]:
    first, *more = finding.problem.splitlines()
    return (
        f"{finding.level}: {finding.check}: {first}",
        *(f"  {line}" for line in more),
        *((f"  To fix: {finding.fix}",) if finding.fix else ()),
        f"  Why it matters: {finding.reason}",
    )


def _summarize(levels: Sequence[Level], checks: int) -> str:
    looked = "One check was" if checks == 1 else f"{checks} checks were"
    if not levels:
        return f"{looked} made, and nothing is wrong."
    counts = (
        f"{levels.count(level)} {level}{'s' if levels.count(level) > 1 else ''}" for level in Level if level in levels
    )
    return f"{looked} made: {', '.join(counts)}."


def _choose_exit_code(levels: Sequence[Level]) -> int:
    if Level.FAILURE in levels:
        return FAILURES
    if Level.UNKNOWN in levels:
        return COULD_NOT_LOOK
    return WARNINGS if levels else CLEAN
