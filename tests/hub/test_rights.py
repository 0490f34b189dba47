"""Rights that end in the running hub, whoever ends them: all that came with them ends as well."""

import subprocess
from pathlib import Path
from typing import Any

from littlest import paths
from tests.hub.running_hub import PASSWORD, URL, ask, find_refusal, reload_hub
from tests.hub.world import World, wait_until
from tests.support.hub_client import HubClient

Calls = tuple[tuple[str, str, Any], ...]


def as_user(world: World, user: str, *calls: tuple[str, str, Any]) -> list[tuple[int, Any]]:
    """Log in as a user, and ask the hub's API these things."""

    async def ask_all() -> list[tuple[int, Any]]:
        async with HubClient(URL, user, PASSWORD) as client:
            await client.login()
            return [await client.api(*call) for call in calls]

    return world.network.run(ask_all())


def make_accounts(world: World, *users: str) -> None:
    """Make the Unix accounts of these users, as a start of their servers does when they are admins."""
    commands = [
        "groupadd littlest-admins; groupadd littlest-users",
        *(
            f"useradd --comment 'littlest {user}' --groups littlest-admins,littlest-users jupyter-{user}"
            for user in users
        ),
    ]
    run_inside(world, "\n".join(commands))


def run_inside(world: World, script: str) -> str:
    return subprocess.run(
        ["nsenter", f"--target={world.holder.pid}", "--mount", "--net", "sh", "-ec", script],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def run_as(world: World, user: str, groups: str) -> "subprocess.Popen[bytes]":
    """Let the account of a user run something that is no server of theirs."""
    account = f"--reuid=jupyter-{user} --regid=jupyter-{user}"
    process = world.start(f"{user}{groups}", f"exec setpriv {account} {groups} sleep 300")
    wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
    return process


def list_shut(world: World) -> list[str]:
    lines = (line.split(":") for line in world.path("/etc/shadow").read_text().splitlines())
    return [fields[0] for fields in lines if fields[7] == "1"]


def list_admins(world: World) -> list[str]:
    lines = world.path("/etc/group").read_text().splitlines()
    found = next(line for line in lines if line.startswith("littlest-admins:"))
    return [name for name in found.rpartition(":")[2].split(",") if name]


def is_admin(world: World, user: str) -> bool:
    return bool(as_user(world, "teacher", ("GET", f"users/{user}", None))[0][1]["admin"])


def test_admin_removed_in_the_panel_leaves_the_unix_admins(world: World, start: Any) -> None:
    start("users: {admin: [teacher], allowed: [ada, ben, carol]}")
    make_accounts(world, "ada", "ben", "carol")
    made = [("PATCH", f"users/{user}", {"admin": True}) for user in ("ada", "ben", "carol")]
    assert {status for status, _ in as_user(world, "teacher", *made)} == {200}
    # nothing but the start of a server makes somebody a Unix admin, and nothing takes them out without reason
    assert list_admins(world) == ["jupyter-ada", "jupyter-ben", "jupyter-carol"]
    with_groups = {user: run_as(world, user, "--init-groups") for user in ("ada", "ben", "carol")}
    without = {user: run_as(world, user, "--clear-groups") for user in ("ada", "ben", "carol")}
    lost = as_user(world, "teacher", ("PATCH", "users/ada", {"admin": False}), ("DELETE", "users/ben", None))
    assert [status for status, _ in lost] == [200, 204]
    wait_until(lambda: list_admins(world) == ["jupyter-carol"])
    # what runs with the rights of an admin ends, and all that runs of a user who is no more
    wait_until(
        lambda: all(one.poll() is not None for one in (with_groups["ada"], with_groups["ben"], without["ben"]))
    )
    assert [one.poll() for one in (without["ada"], with_groups["carol"], without["carol"])] == [None] * 3
    assert list_shut(world) == ["jupyter-ben"]
    # one who comes back begins as everybody does
    added = as_user(world, "teacher", ("POST", "users/ben", None), ("GET", "users/ben", None))
    assert [added[0][0], added[1][1]["admin"]] == [201, False]
    reload_hub(world, "users: {admin: [teacher], allowed: [ada, ben, carol]}")
    assert list_shut(world) == []


def test_a_user_who_is_edited_keeps_the_name(world: World, start: Any) -> None:
    hub = start("users: {admin: [teacher], allowed: [ada, ben]}")
    edited, renamed, nameless, seen = as_user(
        world,
        "teacher",
        # what the admin panel sends when somebody clicks Edit User, Admin, Apply
        ("PATCH", "users/ada", {"name": "ada", "admin": True}),
        ("PATCH", "users/ben", {"name": "benjamin", "admin": False}),
        ("PATCH", "users/ben", {"name": None}),
        ("GET", "users", None),
    )
    assert edited == (200, edited[1] | {"name": "ada", "admin": True})
    assert (renamed[0], nameless[0]) == (400, 400)
    assert "cannot be renamed" in renamed[1]["message"]
    assert {user["name"] for user in seen[1]} == {"ada", "ben", "teacher"}
    world.stop(hub)
    world.start_hub()
    assert as_user(world, "teacher", ("GET", "users/ada", None))[0][1]["admin"] is True


def test_removed_panel_admin_is_no_admin_after_returning(world: World, start: Any) -> None:
    hub = start("users: {admin: [teacher], allowed: [ada, ben]}")
    made = [("PATCH", f"users/{user}", {"admin": True}) for user in ("ada", "ben")]
    assert {status for status, _ in as_user(world, "teacher", *made)} == {200}
    reload_hub(world, "users: {admin: [teacher], allowed: [ben]}")
    world.stop(hub)
    world.path(paths.CONFIG_FILE).write_text("users: {admin: [teacher]}")
    world.start_hub()
    reload_hub(world, "users: {admin: [teacher], allowed: [ada, ben]}")
    assert [is_admin(world, user) for user in ("ada", "ben")] == [False, False]
    assert as_user(world, "ada", ("GET", "users", None))[0][0] == 403


def test_an_admin_makes_nothing_that_outlasts_being_one(world: World, start: Any) -> None:
    start("users: {admin: [teacher, deputy], allowed: [ada]}")
    assert find_refusal_of(world, "ada") == ""
    mine, theirs, shared, code, own_share = as_user(
        world,
        "deputy",
        ("POST", "users/deputy/tokens", {}),
        ("POST", "users/teacher/tokens", {}),
        ("POST", "shares/ada/", {"user": "deputy"}),
        ("POST", "share-codes/ada/", {}),
        ("GET", "users/ada/shared", None),
    )
    assert mine[0] == 201
    assert [theirs[0], shared[0], code[0]] == [403, 404, 404] or [theirs[0], shared[0], code[0]] == [403, 403, 403]
    # and still does what an admin is there for
    assert own_share[0] == 200
    assert world.network.run(ask("GET", "users", str(mine[1]["token"])))[0] == 200


def test_damaged_list_of_removed_users_admits_only_named_users(
    world: World,
    start: Any,
) -> None:
    hub = start("users: {admin: [teacher, deputy], allowed: [ada, bob]}")
    reload_hub(world, "users: {admin: [teacher], allowed: [ada]}")
    assert as_user(world, "teacher", ("POST", "users/guest", None))[0][0] == 201
    memory = world.path(paths.LISTED_USERS_FILE)
    whole = memory.read_text()
    # a running hub needs no file to know
    memory.write_text(whole[:20])
    assert reload_hub(world, "users: {admin: [teacher], allowed: [ada]}")["warnings"] == []
    assert [find_refusal_of(world, user) == "" for user in ("ada", "bob", "guest")] == [True, False, True]
    assert memory.read_text() == whole
    world.stop(hub)
    memory.write_text(whole[:20])
    world.start_hub()
    status, answer = world.network.run(ask("GET", "littlest/settings"))
    assert (status, "listed-users.json was damaged" in answer["warnings"][-1]) == (200, True)
    for user, comes_in in (("ada", True), ("bob", False), ("deputy", False), ("guest", False)):
        assert (find_refusal_of(world, user) == "") is comes_in, user
    # who is named, or deleted and added again, comes in; the latter with a password that somebody made
    assert [
        status
        for status, _ in as_user(world, "teacher", ("DELETE", "users/guest", None), ("POST", "users/guest", None))
    ] == [204, 201]
    assert reload_hub(world, "users: {admin: [teacher], allowed: [ada, bob]}")["warnings"] == []
    assert [find_refusal_of(world, user) for user in ("ada", "bob")] == ["", ""]
    assert "Invalid username or password" in find_refusal_of(world, "guest")
    assert world.network.run(ask("POST", "littlest/passwords", body={"name": "guest"}))[0] == 200


def find_refusal_of(world: World, user: str) -> str:
    return world.network.run(find_refusal(user))
