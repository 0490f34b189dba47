"""Who may log in, in which groups, and how much of the machine each may use."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from littlest.config.sections.kinds import GroupName, HomesPath, UnixName, UserName, text
from littlest.config.sections.section import Section, UserNames
from littlest.config.sections.values import (
    AMOUNT,
    LEAST_MEMORY,
    parse_bytes,
    parse_share_or_bytes,
    render_bytes,
)

_MOST_MEMORY = "1024T"


def _check_memory(memory: str) -> str:
    count = parse_bytes(memory)
    if count < parse_bytes(LEAST_MEMORY):
        raise ValueError(f"is too little for a server to start; give at least {LEAST_MEMORY}")
    if count > parse_bytes(_MOST_MEMORY):
        raise ValueError(f"is more than any machine has; give at most {_MOST_MEMORY}")
    return render_bytes(count)


def _check_reserve(reserve: str) -> str:
    reserve = parse_share_or_bytes(reserve)
    if reserve.endswith("%") and float(reserve[:-1]) > 90:
        raise ValueError("leaves nothing to the users; give at most 90%")
    return reserve


def _check_total(total: str) -> str:
    total = parse_share_or_bytes(total)
    if float(total[:-1]) == 0 if total.endswith("%") else parse_bytes(total) < parse_bytes(LEAST_MEMORY):
        raise ValueError(f"is too little for a server to start; give at least {LEAST_MEMORY}")
    return total


# amounts below 128M, in each unit up to a sensible number of digits
_ENOUGH = (
    r"(?!\s*0*(?:[0-9]{1,2}|1[01][0-9]|12[0-7])(?:\.[0-9]+)?\s*[Mm])(?!\s*[0-9]{1,5}(?:\.[0-9]+)?\s*[Kk])"
    r"(?!\s*[0-9]{1,8}(?:\.[0-9]+)?\s*(?:[Bb]|$))(?!\s*0+(?:\.(?:0[0-9]*|1(?:[01][0-9]*|2(?:[0-4][0-9]*)?)?))?\s*[Gg])"
    r"(?!\s*0+(?:\.0+)?\s*[Tt%])"
)
_SHARE = r"\s*0*(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)\s*%\s*"
_MOST_RESERVED = r"\s*0*(?:90(?:\.0+)?|[0-8]?[0-9](?:\.[0-9]+)?)\s*%\s*"
_AMOUNT_OR_SHARE = "an amount of memory or a share of the machine's"
_NUMBER = ("string", "number")
_BOUNDS = {"minimum": parse_bytes(LEAST_MEMORY), "maximum": parse_bytes(_MOST_MEMORY)}
Memory = (
    Annotated[str, text(_check_memory, "an amount of memory", f"{_ENOUGH}{AMOUNT}", types=_NUMBER, **_BOUNDS)] | None
)
TotalMemory = Annotated[
    str,
    text(
        _check_total, _AMOUNT_OR_SHARE, f"{_ENOUGH}(?:{AMOUNT}|{_SHARE})", types=_NUMBER, minimum=_BOUNDS["minimum"]
    ),
]
Reserve = Annotated[
    str, text(_check_reserve, _AMOUNT_OR_SHARE, f"{AMOUNT}|{_MOST_RESERVED}", types=_NUMBER, minimum=0)
]
Cores = Annotated[float, Field(ge=0.01, le=1024)] | None
Processes = Annotated[int, Field(ge=64, le=1_000_000)]
Servers = Annotated[int, Field(ge=1, le=100)]


class OwnLimits(Section):
    """Limits of some users, in the place of those for everybody; what is not given here stays as it is there."""

    memory: Annotated[Memory, Field(examples=["4G"])] = None
    """Memory, in bytes with K, M, G or T (powers of 1024), at least 128M; null for no limit."""
    cpu: Annotated[Cores, Field(examples=[2])] = None
    """CPU cores, such as 0.5 or 2; null for no limit."""
    processes: Annotated[Processes | None, Field(examples=[4096])] = None
    """Processes and threads; null for no limit."""
    open_servers: Annotated[Servers | None, Field(examples=[3])] = None
    """Servers that one user may have open at once; null for no limit."""


class Limits(Section):
    """What one user's server may use, and all servers together."""

    memory: Annotated[Memory, Field(examples=["512M"])] = "1G"
    """Memory, in bytes with K, M, G or T (powers of 1024), at least 128M; null for no limit."""
    cpu: Annotated[Cores, Field(examples=[0.5])] = None
    """CPU cores, such as 0.5 or 2; null for no limit."""
    processes: Annotated[Processes | None, Field(examples=[256])] = 1024
    """Processes and threads; null for no limit."""
    open_servers: Annotated[Servers | None, Field(examples=[2])] = 1
    """Servers that one user may have open at once: more than 1 lets users start named ones; null for no limit."""
    total_memory: Annotated[TotalMemory | None, Field(examples=["12G"])] = None
    """Memory of all user servers together: an amount, or a share of the machine such as 80%; null for all but the
    reserve."""
    reserve: Annotated[Reserve, Field(examples=["1G"])] = "10%"
    """Memory that users never get, so that the hub and those who repair it still have some: an amount, or a share."""
    users: Annotated[dict[UserName, OwnLimits], Field(examples=[{"ada": {"memory": "4G"}}])] = Field(
        default_factory=dict
    )
    """Limits of single users, instead of those of their groups and of everybody."""


class Group(Section):
    """Users who have something in common, such as a course."""

    members: Annotated[UserNames, Field(examples=[["ada", "grace"]])] = ()
    """Users in the group. Membership does not allow anyone to log in: see `users.allowed`."""
    limits: OwnLimits = Field(default_factory=OwnLimits)
    """Limits of the members. For a user in several groups, the most generous limit counts."""
    default_app: Annotated[Literal["jupyterlab", "notebook"] | None, Field(examples=["notebook"])] = None
    """The application that opens after login; null for `user_environment.default_app`."""
    shared_folder: bool = False
    """Whether the members have a folder in which all of them may change files, linked in each home under the group's
    name."""


class Users(Section):
    """Who may log in, and as what. Upper and lower case are the same in a name."""

    allowed: Annotated[UserNames, Field(examples=[["ada", "grace"]])] = ()
    """Users who may log in, in addition to the admins and those added in the hub's admin panel."""
    admin: Annotated[UserNames, Field(examples=[["teacher"]])] = ()
    """Users who may manage the hub and, in a terminal, the machine (sudo)."""
    sudo: Annotated[Literal["named-admins", "all-admins"], Field(examples=["all-admins"])] = "named-admins"
    """Admins who may use sudo in a terminal: those named in `users.admin`, or also those whom the hub's admin panel
    or the way to log in makes admins."""
    banned: Annotated[UserNames, Field(examples=[["mallory"]])] = ()
    """Users who may not log in, even if the hub's admin panel allows them."""
    groups: Annotated[
        dict[GroupName, Group],
        Field(examples=[{"biology": {"members": ["ada", "grace"], "limits": {"memory": "2G"}}}]),
    ] = Field(default_factory=dict)
    """Groups of users, by their names."""
    unix_name: Annotated[UnixName, Field(examples=["{name}"])] = "jupyter-{name}"
    """Name of a user's Unix account; with "{name}", accounts that exist already are used."""
    system_logins: bool = False
    """Whether users may also use their accounts without the hub, by ssh for example. Users who may use sudo always
    may."""
    homes: Annotated[HomesPath, Field(examples=["/mnt/homes"])] = "/home"
    """Folder in which new accounts get their homes, such as a mounted disk; existing homes stay where they are."""

    @field_validator("banned")
    @classmethod
    def _check_banned(cls, banned: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        clashes: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError("banned", "is also in users.{other}", {"other": other}),
                "loc": (index,),
                "input": name,
            }
            for index, name in enumerate(banned)
            for other in ("allowed", "admin")
            if name in info.data.get(other, ())
        ]
        if clashes:
            raise ValidationError.from_exception_data("users.banned", clashes)
        return banned
