"""The hub's own process: its start, its configuration, its end under load. User servers need systemd: see machine."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import Popen

from aiohttp import ClientSession, ClientTimeout

from littlest import paths
from littlest.system.accounts.passwords import set_password
from tests.hub.running_hub import URL, find_refusal
from tests.hub.world import World
from tests.support.hub_client import HubClient, find_error

CONFIG = "users: {admin: [teacher], allowed: [ada, bob]}\n"


def write_config(world: World, text: str = CONFIG) -> None:
    world.path(paths.CONFIG_FILE).write_text(text)


def restart_hub(world: World, hub: Popen[bytes]) -> Popen[bytes]:
    world.stop(hub)
    return world.start_hub()


def test_no_request_fails_while_the_hub_restarts(world: World) -> None:
    write_config(world)
    world.start_proxy()
    hub = world.start_hub()

    async def load() -> tuple[list[int], float]:
        waits = []
        clock = asyncio.get_running_loop().time

        async def ask() -> int:
            begin = clock()
            async with session.get(f"{URL}hub/login") as answer:
                await answer.read()
                waits.append(clock() - begin)
                return answer.status

        async def restart() -> None:
            hub.terminate()
            await asyncio.to_thread(hub.wait, 20)
            world.launch_hub()

        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            tasks, restarting = [], None
            for number in range(160):
                tasks.append(asyncio.create_task(ask()))
                if number == 40:
                    restarting = asyncio.create_task(restart())
                await asyncio.sleep(0.05)
            assert restarting is not None
            await restarting
            return list(await asyncio.gather(*tasks)), max(waits)

    statuses, longest = world.network.run(load(), 120)
    assert set(statuses) == {200}, statuses
    # some did wait: the hub really was away
    assert longest > 0.3


def test_a_hub_that_is_told_to_end_answers_what_it_was_asked(world: World) -> None:
    write_config(world)
    world.start_proxy()
    hub = world.start_hub()

    async def ask_while_it_ends() -> list[int]:
        async with ClientSession() as session:

            async def ask() -> int:
                async with session.get(f"{URL}hub/login") as answer:
                    await answer.read()
                    return answer.status

            tasks = [asyncio.create_task(ask()) for _ in range(10)]
            # some are being answered now, others have only been accepted
            await asyncio.sleep(0.05)
            hub.terminate()
            return [await task for task in tasks]

    # what the ending process did not accept any more, the next one finds in the kernel
    assert world.network.run(answer_after(ask_while_it_ends, world, hub)) == [200] * 10


async def answer_after(ask: Callable[[], Awaitable[list[int]]], world: World, hub: Popen[bytes]) -> list[int]:
    """Ask, and start the next hub as soon as this one has ended."""
    asking = asyncio.create_task(ask())
    await asyncio.to_thread(hub.wait, 20)
    world.launch_hub()
    return await asking


def test_first_passwords_are_checked_and_then_kept(world: World) -> None:
    write_config(world)
    world.start_proxy()
    world.start_hub()
    run = world.network.run
    assert "at least 7 characters" in run(find_refusal("ada", "short"))
    # bcrypt raises for these: the parent class answered with an error page
    assert "at most 72" in run(find_refusal("ada", "x" * 73))
    assert "at most 72" in run(find_refusal("ada", "ü" * 40))
    assert run(find_refusal("ada", "an-ample-password")) == ""
    assert run(find_refusal("Ada", "an-ample-password")) == ""
    assert "Invalid username or password" in run(find_refusal("ada", "another-password"))
    assert "Invalid username or password" in run(find_refusal("stranger", "an-ample-password"))
    assert "Invalid username or password" in run(find_refusal("ada", "x" * 100))


def test_of_two_first_logins_at_once_only_one_password_counts(world: World) -> None:
    write_config(world)
    world.start_proxy()
    world.start_hub()

    async def both() -> list[str]:
        return await asyncio.gather(*(find_refusal("ada", f"password-{number}") for number in range(2)))

    assert sorted(not said for said in world.network.run(both())) == [False, True]


def test_a_password_can_be_changed_by_who_knows_it(world: World) -> None:
    write_config(world)
    world.start_proxy()
    world.start_hub()

    async def change(current: str, new: str, again: str) -> tuple[int, str]:
        async with HubClient(URL, "ada", "the-first-one") as client:
            await client.login()
            form = {"current": current, "password": new, "again": again}
            form["_xsrf"] = next(iter(client.xsrf("/hub/").values()))
            async with client._session.post(client.at("hub/auth/change-password"), data=form) as answer:
                return answer.status, await answer.text()

    run = world.network.run
    for current, new, again, said in (
        ("wrong-password", "the-second-one", "the-second-one", "The current password is not right."),
        ("the-first-one", "the-second-one", "the-2nd-one", "The two new passwords are not the same."),
        ("the-first-one", "short", "short", "at least 7 characters"),
        ("the-first-one", "x" * 73, "x" * 73, "at most 72"),
    ):
        status, page = run(change(current, new, again))
        assert (status, said in page) == (400, True), find_error(page)
    status, page = run(change("the-first-one", "the-second-one", "the-second-one"))
    assert (status, "Your password is changed." in page) == (200, True)
    assert run(find_refusal("ada", "the-second-one")) == ""
    assert run(find_refusal("ada", "the-first-one"))


def test_taking_a_name_out_of_the_settings_takes_its_rights(world: World, tmp_path: Path) -> None:
    write_config(world, "users: {admin: [teacher, deputy], allowed: [ada, bob]}\n")
    world.start_proxy()
    hub = world.start_hub()
    run = world.network.run

    async def is_admin(user: str) -> bool:
        async with HubClient(URL, user, "a-password") as client:
            await client.login()
            return bool((await client.api("GET", "user"))[1]["admin"])

    # whoever came first under such a name would be root
    assert "is an admin and has no password yet" in run(find_refusal("deputy", "a-password"))
    store = tmp_path / "passwords.sqlite"
    for name in ("teacher", "deputy"):
        set_password(store, name, "a-password")
    shutil.copyfile(store, world.path(paths.PASSWORDS_FILE))
    assert run(is_admin("deputy"))
    assert run(find_refusal("bob", "a-password")) == ""
    write_config(world, "users: {admin: [teacher], allowed: [ada, deputy]}\n")
    restart_hub(world, hub)
    # JupyterHub only ever adds
    assert not run(is_admin("deputy"))
    assert run(is_admin("teacher"))
    assert "Invalid username or password" in run(find_refusal("bob", "a-password"))


def test_who_is_banned_cannot_log_in(world: World) -> None:
    write_config(world, "users: {allowed: [ada]}\n")
    world.start_proxy()
    hub = world.start_hub()
    assert world.network.run(find_refusal("ada", "a-password")) == ""
    write_config(world, "users: {banned: [ada]}\n")
    restart_hub(world, hub)
    assert "Invalid username or password" in world.network.run(find_refusal("ada", "a-password"))


def test_invalid_settings_leave_the_last_good_ones_in_force(world: World) -> None:
    write_config(world)
    # as `littlest apply` keeps them when the hub has answered with them
    world.path(paths.LAST_GOOD_CONFIG_FILE).write_text(CONFIG)
    world.start_proxy()
    hub = world.start_hub()
    write_config(world, "users: {allowed: [ada], admins: [mallory]}\nhttp: {port: eighty}\n")
    restart_hub(world, hub)
    log = world.read_log("hub")
    assert "users.admins" in log
    assert "http.port" in log
    assert "uses the last known good settings" in log
    assert world.network.run(find_refusal("bob", "a-password")) == ""


def test_settings_that_have_only_been_read_are_not_the_last_good_ones(world: World) -> None:
    write_config(world)
    world.path(paths.LAST_GOOD_CONFIG_FILE).write_text(CONFIG)
    world.start_proxy()
    world.start_hub()
    write_config(world, "http: {address: 192.0.2.1}\n")
    assert world.path(paths.LAST_GOOD_CONFIG_FILE).read_text() == CONFIG


def test_without_any_usable_settings_nobody_loses_rights(world: World) -> None:
    write_config(world)
    world.start_proxy()
    hub = world.start_hub()
    assert world.network.run(find_refusal("ada", "a-password")) == ""
    write_config(world, "users: [\n")
    restart_hub(world, hub)
    assert "the defaults are used" in world.read_log("hub")
    assert world.network.run(find_refusal("ada", "a-password")) == ""


def test_a_drop_in_that_fails_is_left_out_and_named(world: World) -> None:
    write_config(world)
    folder = world.path(paths.DROP_IN_DIR)
    (folder / "10-good.py").write_text("c.JupyterHub.template_vars = {'announcement': 'The exam starts at 10.'}\n")
    (folder / "20-bad.py").write_text("c.JupyterHub.template_vars = {'announcement': 'never'}\nnonsense()\n")
    world.start_proxy()
    hub = world.start_hub()

    async def read_page() -> str:
        async with ClientSession() as session, session.get(f"{URL}hub/login") as answer:
            return await answer.text()

    assert "The exam starts at 10." in world.network.run(read_page())
    assert "20-bad.py:2: NameError" in world.read_log("hub")
    # one that was applied before and is broken now stays so as it was
    good = world.path(paths.LAST_GOOD_DROP_IN_DIR)
    assert not good.exists()
    good.mkdir()
    shutil.copy(folder / "10-good.py", good)
    (folder / "10-good.py").write_text("c.JupyterHub.template_vars = {\n")
    restart_hub(world, hub)
    assert "The exam starts at 10." in world.network.run(read_page())
    assert "10-good.py:1: SyntaxError" in world.read_log("hub")


def test_what_the_hub_writes_can_be_read_by_root_only(world: World) -> None:
    # JupyterHub makes its database 0644
    write_config(world)
    world.start_proxy()
    world.start_hub()
    assert world.network.run(find_refusal("ada", "a-password")) == ""
    for name in (paths.DATABASE_FILE, paths.PASSWORDS_FILE, paths.LISTED_USERS_FILE):
        assert world.path(name).stat().st_mode & 0o077 == 0, name


def test_the_services_tokens_may_do_what_they_must_and_no_more(world: World) -> None:
    write_config(world)
    world.start_proxy()
    world.start_hub()

    async def ask(token: str, method: str, path: str) -> int:
        headers = {"Authorization": f"token {token}"}
        async with (
            ClientSession(headers=headers) as session,
            session.request(method, f"{URL}hub/api/{path}", data=json.dumps({})) as answer,
        ):
            return answer.status

    run = world.network.run
    culler, command = "1" * 64, "2" * 64
    assert run(ask(culler, "GET", "users?state=ready")) == 200
    assert run(ask(culler, "POST", "users/eve")) == 403
    assert run(ask(culler, "POST", "proxy")) == 403
    assert run(ask(command, "GET", "users")) == 200
    assert run(ask(command, "GET", "info")) == 200
    assert run(ask(command, "POST", "proxy")) == 200
    # 404: it cannot even see whether there is such a user
    assert run(ask(command, "POST", "users/eve")) == 404
    assert run(ask(command, "POST", "shutdown")) == 403
