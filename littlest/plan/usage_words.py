"""What users' servers use, in words for a person. Pure."""

from datetime import datetime

_GIB, _MIB = 2**30, 2**20
_UNITS = ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))
"""Seconds, and the unit that they are one of."""


def render_size(size: int) -> str:
    """Return a number of bytes for a person to read; 1 GB has 1024 MB, as in `limits.memory: 1G`."""
    unit, name = _choose_unit(size)
    return f"{_render_number(size / unit)} {name}"


def render_size_of(size: int, limit: int | None) -> str:
    """Return how much of a limit is in use: `1.8 of 2 GB`; without a limit only the first."""
    if limit is None:
        return render_size(size)
    unit, name = _choose_unit(limit)
    return f"{_render_number(size / unit)} of {_render_number(limit / unit)} {name}"


def render_cores_of(cores: float, limit: float | None) -> str:
    """Return how many cores of a limit are in use: `0.4 of 2 cores`."""
    allowed = "" if limit is None else f" of {limit:g}"
    return f"{_render_number(cores)}{allowed} {'core' if limit == 1 else 'cores'}"


def render_ago(moment: str | None, now: datetime) -> str:
    """Return how long ago a moment was, given in ISO 8601; `now` has a time zone."""
    if moment is None:
        return "never"
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    for unit, name in _UNITS:
        if (count := int(seconds / unit)) > 0:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def render_duration(seconds: int) -> str:
    """Return a time in the largest unit that divides it: `an hour`, `90 minutes`, `2 days`."""
    unit, name = next(((unit, name) for unit, name in _UNITS if seconds % unit == 0 and seconds), (1, "second"))
    count = seconds // unit
    article = "an" if name == "hour" else "a"
    return f"{article} {name}" if count == 1 else f"{count} {name}s"


def _choose_unit(size: int) -> tuple[int, str]:
    return (_GIB, "GB") if size >= _GIB else (_MIB, "MB")


def _render_number(number: float) -> str:
    """Return a number with one digit behind the point where that says something."""
    return f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"
