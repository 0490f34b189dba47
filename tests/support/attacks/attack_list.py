"""The attack list: all attempts by who makes them, and the page of the documentation that shows them."""

from collections.abc import Mapping

from tests.support.attacks.attempt import Attempt, Command, Request
from tests.support.attacks.group_member import GROUP_MEMBER
from tests.support.attacks.network_requests import NETWORK
from tests.support.attacks.streams import SMUGGLING
from tests.support.attacks.student_commands import STUDENT_COMMANDS
from tests.support.attacks.student_requests import ASTRAY, STUDENT_REQUESTS

ATTACKS: Mapping[str, tuple[Attempt, ...]] = {
    "A student": STUDENT_COMMANDS + STUDENT_REQUESTS + SMUGGLING + ASTRAY,
    "A member of a group who may write to its shared folder": GROUP_MEMBER,
    "Somebody on the network without a login": NETWORK,
}
FEWEST = (60, 10, 20)
"""How many there must be of each."""
HEAD = """\
# The attack list

`tests/machine/test_attack_list.py` tries everything below on an installed server, and nothing may succeed. So that no
attempt tests nothing, the last column names who may do the same: the test sees that root, the admin, the owner, or
a regular request succeeds. Attempts without it would end the test's server, or nobody may do that; they do not count.
"""


def count_attempts(attempts: tuple[Attempt, ...]) -> int:
    """Count those of which the test sees that they could succeed."""
    return sum(name_entitled(one) != "" for one in attempts)


def name_entitled(attempt: Attempt) -> str:
    """Say who may do what an attempt tries; nothing where nobody is seen to."""
    match attempt:
        case Command():
            return "root"
        case Request():
            return {"none": ""}.get(attempt.control, attempt.control)
        case _:
            return "a regular request"


def render_attack_page() -> str:
    """Return the page, without a line that says where it comes from."""
    lines = [HEAD]
    for who, attempts in ATTACKS.items():
        count = count_attempts(attempts)
        lines += [f"## {who}: {count} attempts", "", "| Attempt | What is tried | Who may |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.what} | {name_entitled(one)} |" for one in attempts]
        lines.append("")
    return "\n".join(lines)
