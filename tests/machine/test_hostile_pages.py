"""A student's own pages attack the browsers of an admin and of a classmate, and get nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from tests.machine.conftest import REPOSITORY
from tests.support import hostile_program
from tests.support.browser import NEEDED, Browser, open_browser
from tests.support.debian import ensure_system_packages
from tests.support.server import ADMIN, PASSWORD, Server

CONFIG = """
import os, sys
(socket,) = [word.partition("=")[2] for word in sys.argv if word.startswith("--ServerApp.sock=")]
os.execv(sys.executable, [sys.executable, os.path.expanduser("~/hostile.py"), socket])
"""
TRIES = {
    "fetch": """fetch("/user/eve/x", {credentials: "include"}).then(a => a.text().then(t => done([a.status, t])))""",
    "no-cors": """fetch("/user/eve/x", {mode: "no-cors"}).then(a => a.text().then(t => done([a.status, t])))""",
    "post": """fetch("/user/eve/x", {method: "POST", body: "a"}).then(a => done([a.status, ""]))""",
    "socket": """const s = new WebSocket(`ws://${location.host}/user/eve/ws`);
        s.onopen = () => done(["open", ""]); s.onerror = () => done(["refused", ""]);""",
    "script": """const s = document.createElement("script"); s.src = "/user/eve/x.js";
        s.onload = () => done(["loaded", ""]); s.onerror = () => done(["refused", ""]); document.body.append(s);""",
    "worker": """navigator.serviceWorker.register("/user/eve/sw.js").then(
        () => done(["registered", ""]), (e) => done(["refused", e.name]));""",
    "frame": """const f = document.createElement("iframe"); f.src = "/user/eve/attack";
        f.onload = () => { let text = "refused"; try { text = f.contentDocument.body.innerText } catch (e) {};
        done(["frame", text]); }; document.body.append(f);""",
    "form": """const f = document.createElement("form"); f.method = "post"; f.action = "/user/eve/attack";
        f.target = "form-target"; document.body.append(f); f.submit(); setTimeout(() => done(["sent", ""]), 1500);""",
    "window": """const w = window.open("/user/eve/attack"); setTimeout(() => {
        done(["window", w.document.title + w.location.pathname]); w.close(); }, 3000);""",
}
"""Ways in which a page that somebody has open can reach eve's server; each calls `done` with what came of it."""


@pytest.fixture(scope="module")
def hostile(server: Server) -> Iterator[Server]:
    """The server, with eve's program in the place of her notebook server."""
    ensure_system_packages(*NEEDED)
    server.add_users(["ada", "eve"])
    program = Path(hostile_program.__file__).read_text()
    code = f"""
import json, os, pathlib
home = pathlib.Path.home()
(home / ".jupyter").mkdir(exist_ok=True)
(home / "hostile.py").write_text({program!r})
(home / ".jupyter/jupyter_server_config.py").write_text({CONFIG!r})
"""
    server.use("eve", code)
    server.use("ada")

    async def restart() -> None:
        async with server.client("eve") as eve:
            await eve.login()
            await eve.stop_server()
            await eve.start_server()

    server.run(restart())
    yield server
    server.stop_servers()
    server.machine.run("rm -rf ~jupyter-eve/.jupyter")


def read_seen(server: Server) -> list[str]:
    """What came to eve's server, but for the hub's own questions; and forget it."""
    seen = server.machine.run("cat ~jupyter-eve/seen; : >~jupyter-eve/seen").stdout.splitlines()
    return [line for line in seen if " /user/eve/api " not in line]


def browse(server: Server, story: Any) -> Any:
    def play() -> Any:
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            browser.driver.set_script_timeout(20)
            return story(browser)

    return server.network.call(play)


def log_in(browser: Browser, server: Server, user: str) -> None:
    password = server.admin_password() if user == ADMIN else PASSWORD
    browser.log_in(f"{server.url}hub/login?next=/hub/home", user, password)
    browser.find("#logout")


@pytest.mark.parametrize("victim", [ADMIN, "ada"])
def test_a_page_of_a_student_reaches_nobody(hostile: Server, victim: str) -> None:
    read_seen(hostile)

    def story(browser: Browser) -> dict[str, Any]:
        log_in(browser, hostile, victim)
        browser.driver.get(f"{hostile.url}user/eve/attack")
        browser.keep_screenshot(f"gate-{victim}")
        found: dict[str, Any] = {"link": [browser.driver.current_url, browser.driver.page_source]}
        # as from the own notebook, in which a link, a picture or a form of eve's is
        for name, script in TRIES.items():
            browser.driver.get(f"{hostile.url}hub/home")
            found[name] = browser.driver.execute_async_script(f"const done = arguments[0]; {script}")
        return found

    found = browse(hostile, story)
    assert read_seen(hostile) == [], found
    assert "/hub/gate?" in found["link"][0]
    wanted = "could act in your name" if victim == ADMIN else "You may not open the server of eve"
    assert wanted in found["link"][1]
    assert found["socket"][0] == found["script"][0] == found["worker"][0] == "refused", json.dumps(found)[:2000]
    assert found["post"][0] == 403
    assert "/hub/gate" in found["window"][1]


def test_in_her_own_browser_she_gets_only_what_is_hers(hostile: Server) -> None:
    read_seen(hostile)

    def story(browser: Browser) -> tuple[str, str]:
        log_in(browser, hostile, "eve")
        browser.driver.get(f"{hostile.url}user/eve/attack")
        WebDriverWait(browser.driver, 30).until(lambda driver: driver.title == "done")
        # the next user of the same browser
        browser.driver.get(f"{hostile.url}hub/logout")
        log_in(browser, hostile, ADMIN)
        browser.driver.get(f"{hostile.url}hub/login")
        return browser.driver.page_source, str(browser.driver.get_cookie("_xsrf"))

    page, cookie = browse(hostile, story)
    reports = [line for line in read_seen(hostile) if "report" in line]
    assert any("no%20worker%20" in line for line in reports), reports
    assert not any("worker%20http" in line for line in reports), reports
    assert any("ada" in line and "READ" not in line for line in reports), reports
    assert "a page of the worker" not in page
    assert "mine" not in cookie
