"""The Record: what we put on this machine, so that it can be taken away again. Pure.

Homes and what users keep are never in it; of shared folders it has the places, to close them, never to remove them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    units: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """System accounts; users' accounts and the groups they are in are theirs, and kept."""
    started: Mapping[str, str] = field(default_factory=dict)
    """Unit and the digest of the inputs it was last started with."""
    made: tuple[str, ...] = ()
    """What an install that has not ended yet made, in order: `path:…`, `group:…`, `account:…`, `password:…` of a hub
    user, or `user:…`, a hub user's account."""
    folders: tuple[str, ...] = ()
    """Shared folders: what is in them is people's and kept, and they are closed once they are shared no longer."""
    proved: bool = True
    """Whether the hub was seen to be healthy since a unit was last started."""


def make_record(plan: Plan, release: str) -> Record:
    """What is ours once this plan has been carried out."""
    owned = [step.list_owned() for step in plan.steps]
    return Record(
        release,
        {path: kind for one in owned for path, kind in one.paths},
        tuple(dict.fromkeys(unit for one in owned for unit in one.units)),
        tuple(name for one in owned for name in one.accounts),
        folders=tuple(path for one in owned for path in one.folders),
    )


def widen(record: Record, planned: Record) -> Record:
    """The record before the first change: all that was ours and all that will be."""
    return replace(
        record,
        paths={**record.paths, **planned.paths},
        units=_join(record.units, planned.units),
        accounts=_join(record.accounts, planned.accounts),
        folders=_join(record.folders, planned.folders),
    )


def narrow(record: Record, planned: Record) -> Record:
    """The record after the last change: what the plan says, and what the running units were started with."""
    started = {unit: digest for unit, digest in record.started.items() if unit in planned.units}
    return replace(planned, started=started, proved=record.proved)


def make_removals(record: Record, planned: Record) -> tuple[Step, ...]:
    """Steps that take away what is ours and no longer planned: units, rights to folders, files, directories, system
    accounts.
    """
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
    """All that is to be done: what is removed first, but last what a unit needs until the plan restarts it: accounts
    that it may run something under, and the certificate that it would start with after a power cut."""
    last = tuple(
        step for step in removals if isinstance(step, RemoveSystemUser) or step == RemovePath(paths.HTTPS_FILE)
    )
    return (*(step for step in removals if step not in last), *plan.steps, *last)


def render_record(record: Record) -> str:
    """The record as it is in its file."""
    content = {
        "format": FORMAT,
        "release": record.release,
        "paths": dict(record.paths),
        "units": list(record.units),
        "accounts": list(record.accounts),
        "started": dict(record.started),
        "proved": record.proved,
        "made": list(record.made),
        "folders": list(record.folders),
    }
    return json.dumps(content, indent=1) + "\n"


def parse_record(text: str, name: str) -> Record:
    """The record that is in a file. Raises LittlestError when it is damaged or of a newer release."""
    try:
        content: dict[str, Any] = json.loads(text)
        if content["format"] > FORMAT:
            raise LittlestError(
                f"{name} was written by a newer version of littlest ({content['release']})",
                "Use that version's command, or run its installer again.",
            )
        return Record(
            release=str(content["release"]),
            paths={str(path): str(kind) for path, kind in content["paths"].items()},
            units=tuple(content["units"]),
            accounts=tuple(content["accounts"]),
            # earlier versions remembered none
            folders=tuple(content.get("folders", ())),
            started={str(unit): str(digest) for unit, digest in content["started"].items()},
            # a record of an earlier version lacks it
            proved=content.get("proved", True) is True,
            made=tuple(content["made"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LittlestError(
            f"{name} is damaged: {error}",
            f"Move it away (sudo mv {name} {name}.damaged) and run: sudo littlest apply",
        ) from error


def _join(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
