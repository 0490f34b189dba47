"""The Record: what we put on this machine, so that it can be removed again. Pure.

Homes and what users keep are never in it. Of shared folders it has the paths, to close them, never to remove them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath as Path
from typing import Any

from littlest import paths
from littlest.errors import LittlestError
from littlest.plan.steps import CloseSharedFolder, Plan, RemovePath, RemoveSystemUser, RemoveUnits, Step

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What is ours."""

    release: str = ""
    """Version that was applied last."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Path and what we put there: `sha256:…` of a file, a `copy`, a `directory`, or `link:` and its target."""
    accounts: tuple[str, ...] = ()
    """System accounts; users' accounts and the groups they are in are theirs, and kept."""
    started: Mapping[str, str] = field(default_factory=dict)
    """Unit and the digest of the inputs it was last started with."""
    made: tuple[str, ...] = ()
    """What an install that has not finished yet makes, in order, as `list_made` names it."""
    folders: tuple[str, ...] = ()
    """Shared folders: their content is people's and kept; they are closed once they are not shared any more."""
    proved: bool = True
    """Whether the hub was seen to be healthy since a unit was last started."""

    @property
    def units(self) -> tuple[str, ...]:
        """The names of our units, in the order in which their files were written."""
        return tuple(path.name for path in map(Path, self.paths) if path.parent == paths.SYSTEMD_DIR)


def make_record(plan: Plan, release: str) -> Record:
    """Return what is ours once this plan has been carried out."""
    owned = [step.list_owned() for step in plan.steps]
    return Record(
        release,
        {path: kind for one in owned for path, kind in one.paths},
        tuple(name for one in owned for name in one.accounts),
        folders=tuple(path for one in owned for path in one.folders),
    )


def list_made(plan: Plan) -> Iterator[str]:
    """Name what a plan makes, ours and people's, in order: `path:…`, `account:…`, and the words of `Owned.kept`."""
    for step in plan.steps:
        owned = step.list_owned()
        yield from (f"path:{path}" for path, _ in owned.paths)
        yield from (f"account:{name}" for name in owned.accounts)
        yield from owned.kept


def widen(record: Record, planned: Record) -> Record:
    """Return the record before the first change: all that was ours and all that will be."""
    return replace(
        record,
        paths={**record.paths, **planned.paths},
        accounts=tuple(dict.fromkeys((*record.accounts, *planned.accounts))),
        folders=tuple(dict.fromkeys((*record.folders, *planned.folders))),
    )


def narrow(record: Record, planned: Record) -> Record:
    """Return the record after the last change: the plan's, and what the running units were started with."""
    started = {unit: digest for unit, digest in record.started.items() if unit in planned.units}
    return replace(planned, started=started, proved=record.proved)


def make_removals(record: Record, planned: Record) -> tuple[Step, ...]:
    """Return the steps that remove what is ours and no longer planned, in order; directories from within."""
    units = tuple(unit for unit in record.units if unit not in planned.units)
    gone = [Path(path) for path in record.paths if path not in planned.paths]
    directories = [path for path in gone if record.paths[str(path)] == "directory"]
    deepest_first = sorted(directories, key=lambda path: (-len(path.parts), path))
    return (
        *((RemoveUnits(units),) if units else ()),
        *(CloseSharedFolder(Path(path)) for path in record.folders if path not in planned.folders),
        *(RemovePath(path) for path in gone if path not in directories),
        *(RemovePath(path) for path in deepest_first),
        *(RemoveSystemUser(name) for name in record.accounts if name not in planned.accounts),
    )


def order_steps(removals: tuple[Step, ...], plan: Plan) -> tuple[Step, ...]:
    """Return removals and plan in order. What a unit needs until the plan restarts it is removed last: accounts, and
    the certificate with which the proxy would start after a power cut."""
    last = tuple(
        step for step in removals if isinstance(step, RemoveSystemUser) or step == RemovePath(paths.HTTPS_FILE)
    )
    return (*(step for step in removals if step not in last), *plan.steps, *last)


def render_record(record: Record) -> str:
    """Return the record as it is in its file. Version 0.1.0 reads the units there."""
    return json.dumps({"format": FORMAT, "units": record.units, **asdict(record)}, indent=1) + "\n"


def parse_record(text: str, name: str) -> Record:
    """Return the record that is in a file. Raises LittlestError when it is damaged or of a newer release."""
    try:
        content: dict[str, Any] = json.loads(text)
        if content["format"] > FORMAT:
            raise LittlestError(
                f"{name} was written by a newer version of littlest ({content['release']})",
                "Use that version's command, or run its installer again.",
            )
        return Record(
            str(content["release"]),
            {str(path): str(kind) for path, kind in content["paths"].items()},
            tuple(content["accounts"]),
            {str(unit): str(digest) for unit, digest in content["started"].items()},
            tuple(content["made"]),
            # the first records had neither
            tuple(content.get("folders", ())),
            content.get("proved", True) is True,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LittlestError(
            f"{name} is damaged: {error}",
            f"Move it away (sudo mv {name} {name}.damaged) and run: sudo littlest apply",
        ) from error
