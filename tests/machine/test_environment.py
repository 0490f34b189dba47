"""The shared user environment may be ruined entirely: everybody still logs in, and it is brought back."""

from tests.support.server import Server


def test_apply_restores_a_missing_user_environment(own_server: Server) -> None:
    server = own_server
    server.add_users(["survivor"])
    server.machine.run("rm -rf /opt/littlest/user")

    async def open_and_leave() -> str:
        async with server.client("survivor") as client:
            await client.login()
            await client.start_server()
            await client.open_lab()
            said = await client.run_in_terminal("echo the terminal works")
            await client.stop_server()
            return said

    assert server.run(open_and_leave()) == "the terminal works"
    assert server.littlest("plan", check=False)["steps"]
    server.machine.run("littlest apply", timeout=200)
    assert server.use("survivor") == "42"
    server.stop_servers()


def test_a_ruined_interpreter_of_the_user_environment_stops_no_server(own_server: Server) -> None:
    own_server.machine.run(
        "rm -rf /opt/littlest/user/lib/python3*/encodings /opt/littlest/user/lib/python3*/site-packages"
    )
    own_server.add_users(["still-here"])

    async def look() -> str:
        async with own_server.client("still-here") as client:
            await client.login()
            await client.start_server()
            return await client.open_lab()

    assert "jupyter-config-data" in own_server.run(look())
