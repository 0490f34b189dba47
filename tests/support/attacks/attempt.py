"""What an attempt of the attack list is: what somebody tries, and what shows that it could have succeeded.

Each has a name of its own, and in `what` the end of a sentence: "A student …".
"""

from dataclasses import dataclass, field

PRELUDE = """
py=/opt/littlest/current/bin/python
connect() { $py -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1"; }
packages() { echo /opt/littlest/user/lib/python3*/site-packages; }
"""
"""What the commands of all attempts may use."""


@dataclass(frozen=True)
class Command:
    """A shell command in the attacker's server. It ends with 0 where the attempt succeeds.

    Where that shows only afterwards, `seen` is a command of root's that ends with 0 if the attempt has succeeded.
    `control` is a command of root's that ends with 0: it does the same, or sees the same, where nothing forbids it.
    Without one, root runs the command itself.
    """

    name: str
    what: str
    command: str
    control: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Request:
    """A request to the public port. It succeeds with a status below 300 and `text` in the answer.

    `control` is who gets an answer, by default the admin. It is "none" where the answer would end the test's server,
    or where nobody may get one.
    """

    name: str
    what: str
    method: str
    target: str
    body: object = None
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    control: str = "admin"
    control_target: str = ""
    """Where the control asks, if that is not the target of the attempt."""
    by: str = ""
    """Whose browser sends it for another site, in attempts of that kind."""


@dataclass(frozen=True)
class Stream:
    """Bytes that are sent to the public port. It succeeds if `hidden` is in what comes back.

    COOKIES stands for what the student's browser sends to her own server, to which connections stay open.
    """

    name: str
    what: str
    sent: bytes
    hidden: bytes
    control: bytes
    """What brings `hidden` in a regular way."""


@dataclass(frozen=True)
class Login:
    """A form at the login page. It succeeds if it leads to the hub, or where it must not lead."""

    name: str
    what: str
    user: str
    password: str
    with_xsrf: bool = True
    lead: str = ""
    """Where it must not lead."""


Attempt = Command | Request | Stream | Login
