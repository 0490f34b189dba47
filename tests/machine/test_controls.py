"""Every control of every page of the hub is used once by a real browser, and the hub is still whole after it."""

from collections.abc import Iterator
from contextlib import suppress

from selenium.common.exceptions import NoAlertPresentException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.machine.conftest import REPOSITORY
from tests.support.browser import NEEDED, Browser, open_browser
from tests.support.debian import ensure_system_packages
from tests.support.server import ADMIN, Server

PAGES = (
    *("hub/home", "hub/token", "hub/admin", "hub/admin#/add-users", "hub/admin#/groups", "hub/admin#/create-group"),
    *("hub/passwords", "hub/auth/change-password", "hub/confirm", "hub/gate?user=ada&next=/user/ada/lab"),
    *("hub/usage", "hub/login", "hub/spawn", "hub/nowhere", "user/ada/lab"),
)
CONTROLS = "main button, main input, main select, main textarea, main a, .navbar a, .navbar button, .container a"
MOST_OF_A_PAGE = 40
LEAVES = ("javascript:", "http://", "https://jupyter", "https://github")
"""Of links that lead out of the hub."""


def list_controls(browser: Browser) -> list[WebElement]:
    shown = [one for one in browser.driver.find_elements(By.CSS_SELECTOR, CONTROLS) if one.is_displayed()]
    # a table has the same buttons in each row: those of the first users are enough
    return shown[:MOST_OF_A_PAGE]


def use(browser: Browser, control: WebElement) -> None:
    """Click a control, or type into it and press Enter; answer questions with yes."""
    kind = control.get_attribute("type")
    if control.tag_name == "textarea" or (control.tag_name == "input" and kind in {"text", "password", "search"}):
        control.send_keys("tried\n")
    else:
        control.click()
    with suppress(NoAlertPresentException):
        browser.driver.switch_to.alert.accept()
    for agree in browser.driver.find_elements(By.CSS_SELECTOR, "#question[open] #question-yes"):
        agree.click()


def try_page(browser: Browser, server: Server, page: str) -> Iterator[str]:
    """Use each control of a page, opened again for each; gives what was used."""
    number = 0
    while True:
        browser.driver.get(f"{server.url}{page}")
        if browser.driver.find_elements(By.CSS_SELECTOR, "#username_input") and page != "hub/login":
            browser.log_in(f"{server.url}hub/login?next=/hub/home", ADMIN, server.admin_password())
            browser.find("#logout")
            browser.driver.get(f"{server.url}{page}")
        browser.driver.implicitly_wait(0.3)
        controls = list_controls(browser)
        if number >= len(controls):
            return
        control = controls[number]
        number += 1
        label = " ".join(
            (control.text or control.get_attribute("value") or control.get_attribute("id") or "").split()
        )
        if (control.get_attribute("href") or "").startswith(LEAVES) and server.url not in str(
            control.get_attribute("href")
        ):
            continue
        # what cannot be clicked now (hidden behind something, or disabled) is no control
        with suppress(WebDriverException):
            use(browser, control)
        yield f"{page}: {label}"


async def ask_panel(server: Server) -> list[int]:
    """Give the statuses of what the admin panel asks, and of the login of somebody else."""
    async with server.admin() as admin:
        await admin.login()
        found = [(await admin.api("GET", path))[0] for path in ("users?state=active", "users", "groups", "info")]
        return [*found, (await admin.get("hub/admin"))[0]]


def test_no_control_of_a_page_breaks_the_hub(own_server: Server) -> None:
    server = own_server
    ensure_system_packages(*NEEDED)
    server.configure("users: {admin: [admin, deputy], allowed: [ada, ben, grace]}\n")
    server.use("ada")

    def play() -> list[str]:
        used: list[str] = []
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            browser.log_in(f"{server.url}hub/login?next=/hub/home", ADMIN, server.admin_password())
            browser.find("#logout")
            for page in PAGES:
                used += try_page(browser, server, page)
        return used

    used = server.network.call(play)
    assert len(used) > 60, used
    server.wait_until_ready()
    assert server.run(ask_panel(server)) == [200] * 5, used
    server.machine.run("systemctl restart jupyterhub.service")
    server.wait_until_ready()
    assert server.run(ask_panel(server)) == [200] * 5, used
    names = server.machine.run(["/opt/littlest/current/bin/python", "-c", COUNT_NAMELESS], check=False).stdout.strip()
    assert names == "0"
    # not one of those whose buttons were clicked: they may have one-time passwords by now
    server.add_users(["late"])
    assert server.use("late") == "42"


COUNT_NAMELESS = (
    "import sqlite3; print(sqlite3.connect('/var/lib/littlest/jupyterhub.sqlite')"
    ".execute(\"select count(*) from users where name is null or name = ''\").fetchone()[0])"
)
