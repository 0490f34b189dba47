"""What a running hub reloads of config.yaml, and that rights which are taken away are gone at once."""

import asyncio
import json
import subprocess
from typing import Any

from aiohttp import ClientSession

from littlest import paths
from littlest.config.text.load import load_config
from littlest.plan.effects import make_restart_digest
from tests.hub.running_hub import (
    CULLER,
    PASSWORD,
    URL,
    ask,
    find_refusal,
    reload_hub,
    take_up,
    write_config,
)
from tests.hub.world import World
from tests.support.hub_client import HubClient


async def read_page(path: str = "hub/login") -> str:
    async with ClientSession() as session, session.get(URL + path) as answer:
        return await answer.text()


def test_only_littlest_may_ask_for_the_settings(world: World, start: Any) -> None:
    start("users: {admin: [teacher], allowed: [ada]}")
    run = world.network.run

    async def ask_as_admin() -> list[int]:
        async with HubClient(URL, "teacher", PASSWORD) as client:
            await client.login()
            with_cookie = [(await client.api(method, "littlest/settings"))[0] for method in ("GET", "POST")]
            _status, made = await client.api("POST", "users/teacher/tokens", {})
            return [*with_cookie, (await ask("POST", "littlest/settings", made["token"]))[0]]

    assert run(ask_as_admin()) == [403, 403, 403]
    for token in ("", CULLER, "f" * 64):
        assert [run(ask(method, "littlest/settings", token))[0] for method in ("GET", "POST")] == [403, 403], token
    status, answer = run(ask("GET", "littlest/settings"))
    assert (status, answer["file"], answer["problems"]) == (200, str(paths.CONFIG_FILE), [])


def test_the_announcement_is_on_every_page_at_once_as_text(world: World, start: Any) -> None:
    start("users: {allowed: [ada]}")
    run = world.network.run
    assert "announcement" not in run(read_page())
    reload_hub(world, "users: {allowed: [ada]}\nannouncement: The <b>exam</b> starts at 10.")
    # also where nobody has logged in, and where something went wrong
    for path in ("hub/login", "hub/nowhere"):
        assert "The &lt;b&gt;exam&lt;/b&gt; starts at 10." in run(read_page(path)), path

    async def read_home() -> str:
        async with HubClient(URL, "ada", PASSWORD) as client:
            await client.login()
            return (await client.get("hub/home"))[1]

    assert "The &lt;b&gt;exam&lt;/b&gt; starts at 10." in run(read_home())
    reload_hub(world, "users: {allowed: [ada]}")
    assert "announcement" not in run(read_page())


def test_invalid_settings_are_refused_and_nothing_changes(world: World, start: Any) -> None:
    start("announcement: good")
    run = world.network.run
    before = run(ask("GET", "littlest/settings"))
    write_config(world, "announcement: bad\nlimits: {memry: 1G}\n")
    status, answer = run(ask("POST", "littlest/settings"))
    assert status == 409
    assert [line for line in answer["problems"] if "config.yaml:2: limits.memry: unknown key" in line]
    assert run(ask("GET", "littlest/settings")) == before
    page = run(read_page())
    assert "good" in page
    assert "bad" not in page


def test_who_is_taken_out_is_out_at_once(world: World, start: Any) -> None:
    start("users: {allowed: [ada, bob, carol]}")
    run = world.network.run

    async def lose_rights() -> dict[str, list[int]]:
        answers: dict[str, list[int]] = {}
        async with (
            HubClient(URL, "ada", PASSWORD) as ada,
            HubClient(URL, "bob", PASSWORD) as bob,
            HubClient(URL, "carol", PASSWORD) as carol,
        ):
            people = (ada, bob, carol)
            tokens = {}
            for person in people:
                await person.login()
                tokens[person.user] = (await person.api("POST", f"users/{person.user}/tokens", {}))[1]["token"]
                assert (await ask("GET", "user", tokens[person.user]))[0] == 200
            text = "users: {allowed: [ada], banned: [bob]}"
            await asyncio.to_thread(write_config, world, text)
            assert (await take_up(text))[0] == 200
            for person in people:
                with_cookie, _ = await person.api("GET", "user")
                with_token, _ = await ask("GET", "user", tokens[person.user])
                home = await person.where("hub/home")
                answers[person.user] = [with_cookie, with_token, 200 if home == "hub/home" else 302]
        return answers

    answers = run(lose_rights())
    assert answers["ada"] == [200, 200, 200]
    assert answers["bob"] == answers["carol"] == [403, 403, 302]
    assert run(find_refusal("ada")) == ""
    for name in ("bob", "carol"):
        assert "HTTP 403" in run(find_refusal(name)), name
    # and back in
    reload_hub(world, "users: {allowed: [ada, bob, carol]}")
    assert [run(find_refusal(name)) for name in ("bob", "carol")] == ["", ""]


def test_admins_come_and_go_without_a_restart(world: World, start: Any) -> None:
    start("users: {admin: [teacher, deputy]}")
    run = world.network.run

    async def change() -> list[int]:
        async with HubClient(URL, "deputy", PASSWORD) as deputy:
            await deputy.login()
            token = (await deputy.api("POST", "users/deputy/tokens", {}))[1]["token"]
            statuses = [(await deputy.api("GET", "users"))[0], (await ask("GET", "users", token))[0]]
            # still a user, and no longer an admin: the session goes on without the rights
            fewer, as_before = "users: {admin: [teacher], allowed: [deputy]}", "users: {admin: [teacher, deputy]}"
            write_config(world, fewer)
            assert (await take_up(fewer))[0] == 200
            statuses += [(await deputy.api("GET", "users"))[0], (await ask("GET", "users", token))[0]]
            assert not (await deputy.api("GET", "user"))[1]["admin"]
            write_config(world, as_before)
            assert (await take_up(as_before))[0] == 200
            assert (await deputy.api("GET", "user"))[1]["admin"]
            return [*statuses, (await deputy.api("GET", "users"))[0]]

    assert run(change()) == [200, 200, 403, 403, 200]


def test_groups_are_kept_equal_to_the_file_and_those_of_the_panel_stay(world: World, start: Any) -> None:
    start(
        "users: {admin: [teacher], allowed: [ada], groups: {biology: {members: [ada, late]}, gone: {members: [ada]}}}"
    )
    run = world.network.run

    async def use_panel() -> None:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            for path, body in (
                ("groups/club", None),
                ("groups/club/users", {"users": ["ada"]}),
                # one of whom only the group knew until now, and to whom that gave nothing
                ("users/late", None),
            ):
                status, said = await teacher.api("POST", path, body)
                assert status in (200, 201), said

    async def list_groups() -> dict[str, list[str]]:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            found = (await teacher.api("GET", "groups"))[1]
            return {group["name"]: sorted(group["users"]) for group in found}

    assert run(list_groups()) == {"biology": ["ada"], "gone": ["ada"]}
    assert "HTTP 403" in run(find_refusal("late"))
    run(use_panel())
    assert run(list_groups()) == {"biology": ["ada", "late"], "gone": ["ada"], "club": ["ada"]}
    reload_hub(world, "users: {admin: [teacher], allowed: [ada, bob], groups: {biology: {members: [bob]}}}")
    assert run(list_groups()) == {"biology": ["bob"], "club": ["ada"]}


def test_who_was_added_in_the_panel_stays_allowed_and_a_ban_wins(world: World, start: Any) -> None:
    hub = start("users: {admin: [teacher]}")
    run = world.network.run

    async def add() -> None:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            assert (await teacher.api("POST", "users/guest"))[0] == 201

    run(add())
    assert run(find_refusal("guest")) == ""
    reload_hub(world, "users: {admin: [teacher], allowed: [ada]}")
    assert run(find_refusal("guest")) == ""
    reload_hub(world, "users: {admin: [teacher], banned: [guest]}")
    assert "HTTP 403" in run(find_refusal("guest"))
    world.stop(hub)
    world.start_hub()
    assert "HTTP 403" in run(find_refusal("guest"))
    reload_hub(world, "users: {admin: [teacher]}")
    assert run(find_refusal("guest")) == ""


def test_two_reloads_at_once_and_one_cut_short_end_with_what_the_file_says(world: World, start: Any) -> None:
    hub = start("users: {allowed: [ada, bob, carol]}")
    run = world.network.run
    text = "users: {allowed: [ada, carol]}\nannouncement: both"
    write_config(world, text)

    async def twice() -> list[int]:
        return [status for status, _ in await asyncio.gather(*(take_up(text) for _ in range(4)))]

    assert run(find_refusal("bob")) == ""
    assert run(twice()) == [200] * 4
    assert "HTTP 403" in run(find_refusal("bob"))
    write_config(world, "users: {allowed: [ada]}")

    async def cut_short() -> None:
        asking = asyncio.create_task(take_up("users: {allowed: [ada]}"))
        await asyncio.sleep(0)
        hub.kill()
        await asyncio.to_thread(hub.wait)
        asking.cancel()

    run(cut_short())
    world.start_hub()
    assert "HTTP 403" in run(find_refusal("carol"))
    assert run(find_refusal("ada")) == ""


def test_only_admins_see_why_settings_are_not_applied(world: World, start: Any) -> None:
    good = "users: {admin: [teacher], allowed: [ada]}\n"
    hub = start(good)
    run = world.network.run
    world.path(paths.LAST_GOOD_CONFIG_FILE).write_text(good)
    world.stop(hub)
    write_config(world, good + "limits: {memry: 1G}\n")
    (world.path(paths.DROP_IN_DIR) / "10-bad.py").write_text("nonsense()\n")
    hub = world.start_hub()

    async def read(user: str, path: str) -> str:
        async with HubClient(URL, user, PASSWORD) as client:
            await client.login()
            return (await client.get(path))[1]

    for path in ("hub/home", "hub/admin"):
        page = run(read("teacher", path))
        assert "config.yaml:2: limits.memry: unknown key" in page, path
        assert "10-bad.py:1: NameError" in page, path
    assert "memry" not in run(read("ada", "hub/home")) + run(read_page())
    status, answer = run(ask("GET", "littlest/settings"))
    assert (status, answer["file"]) == (200, str(paths.LAST_GOOD_CONFIG_FILE))
    assert "limits.memry" in answer["problems"][0]
    # the settings are right again without a restart; the drop-in needs one
    reload_hub(world, good)
    page = run(read("teacher", "hub/home"))
    assert "memry" not in page
    assert "10-bad.py:1: NameError" in page
    (world.path(paths.DROP_IN_DIR) / "10-bad.py").unlink()
    world.stop(hub)
    world.start_hub()
    assert "settings-problem" not in run(read("teacher", "hub/home"))


def test_hub_reports_the_settings_it_was_started_with(world: World, start: Any) -> None:
    text = "users: {allowed: [ada]}\nmetrics: {public: true}\n"
    start(text)
    started = make_restart_digest(load_config(text, "config.yaml"))
    assert world.network.run(ask("GET", "littlest/settings"))[1]["started"] == started
    # nothing of a file is reloaded that needs a restart
    other = "users: {allowed: [ada]}\nannouncement: xylophone\n"
    write_config(world, other)
    status, answer = world.network.run(take_up(other))
    assert (status, "started with other settings" in answer["problems"][0]) == (409, True)
    assert world.network.run(ask("GET", "littlest/settings"))[1]["started"] == started
    assert "xylophone" not in world.network.run(read_page())


def test_a_file_that_was_changed_again_is_not_taken_up(world: World, start: Any) -> None:
    start("announcement: one")
    # what nobody has checked: between the look of `littlest` and its request
    write_config(world, "announcement: two\nmetrics: {public: true}")
    status, answer = world.network.run(take_up("announcement: one"))
    assert (status, "was changed again" in answer["problems"][0]) == (409, True)
    assert ">one<" in world.network.run(read_page())
    write_config(world, "announcement: two")
    assert world.network.run(take_up("announcement: three"))[0] == 409
    assert world.network.run(ask("POST", "littlest/settings"))[0] == 409
    assert ">one<" in world.network.run(read_page())


def test_a_unix_group_that_could_not_be_taken_away_is_told_until_it_is(world: World, start: Any) -> None:
    command = "groupadd littlest-admins; useradd --comment 'littlest deputy' --groups littlest-admins jupyter-deputy"
    subprocess.run(["nsenter", f"--target={world.holder.pid}", "--mount", "sh", "-ec", command], check=True)

    def is_in_admins() -> bool:
        lines = world.path("/etc/group").read_text().splitlines()
        return any(line.startswith("littlest-admins:") and line.endswith(":jupyter-deputy") for line in lines)

    def ask_for_warnings() -> list[str]:
        return list(world.network.run(ask("GET", "littlest/settings"))[1]["warnings"])

    hub = start("users: {admin: [teacher, deputy]}")
    assert (is_in_admins(), ask_for_warnings()) == (True, [])
    # the copy of the group file that gpasswd keeps cannot be written
    backup = world.path("/etc/group-")
    backup.unlink(missing_ok=True)
    backup.mkdir()
    after = "users: {admin: [teacher], allowed: [deputy]}"
    warnings = reload_hub(world, after)["warnings"]
    assert "the account jupyter-deputy is still in the Unix group littlest-admins" in warnings[0]
    assert ask_for_warnings() == warnings
    world.stop(hub)
    hub = world.start_hub()
    assert is_in_admins()
    # there is no systemd here, which a hub that starts asks about servers
    assert ask_for_warnings()[-len(warnings) :] == warnings
    backup.rmdir()
    assert reload_hub(world, after)["warnings"] == []
    assert not is_in_admins()


def test_what_a_rule_gave_is_gone_when_the_hub_starts_without_it(world: World, start: Any) -> None:
    hub = start("auth: {type: firstuse, allow_all: true}\nusers: {admin: [teacher], allowed: [ada]}")
    run = world.network.run

    async def make_token(user: str) -> str:
        async with HubClient(URL, user, PASSWORD) as client:
            await client.login()
            return str((await client.api("POST", f"users/{user}/tokens", {}))[1]["token"])

    async def make_admin(user: str) -> None:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            assert (await teacher.api("PATCH", f"users/{user}", {"admin": True}))[0] == 200

    tokens = [run(make_token(user)) for user in ("eve", "ada")]
    run(make_admin("eve"))
    world.stop(hub)
    # eve became an admin by a group, as the hub remembers it
    guests = json.loads(world.path(paths.GUESTS_FILE).read_text())
    world.path(paths.GUESTS_FILE).write_text(json.dumps(guests | {"admins": {"eve": guests["guests"]["eve"]}}))
    write_config(world, "users: {admin: [teacher], allowed: [ada]}")
    world.start_hub()
    assert [run(ask("GET", "user", token))[0] for token in tokens] == [403, 200]
    assert "HTTP 403" in run(find_refusal("eve"))

    async def is_admin(user: str) -> bool:
        async with HubClient(URL, "teacher", PASSWORD) as teacher:
            await teacher.login()
            return bool((await teacher.api("GET", f"users/{user}"))[1]["admin"])

    assert not run(is_admin("eve"))
    assert run(is_admin("teacher"))
