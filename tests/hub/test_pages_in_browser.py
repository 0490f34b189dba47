"""The hub's pages in a real browser: people can read them, also at night and on a telephone, and are asked first."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from littlest import paths
from littlest.plan.proxy_pages import PROXY_PAGES, render_proxy_page
from tests.hub.running_hub import PASSWORD, URL, ask
from tests.hub.world import REPOSITORY, World, wait_until
from tests.support.browser import NEEDED, Browser, open_browser
from tests.support.debian import ensure_system_packages
from tests.support.hub_client import HubClient
from tests.support.images import make_svg
from tests.support.looks import PHONE, choose_scheme, choose_width, find_faint_texts, find_wide_parts

SETTINGS = f"""\
users: {{admin: [teacher], allowed: [{", ".join(f"student-{number}" for number in range(12))}, ada]}}
branding: {{title: Physics 101 at the Ada Lovelace School, logo: /etc/littlest/logo.svg, help_url: "https://example.org/"}}
announcement: The exam starts at 10.
"""
OF_EVERYBODY = ("hub/login", "hub/nowhere", "hub/logout")
OF_ADMINS = (
    *("hub/home", "hub/token", "hub/passwords", "hub/usage", "hub/auth/change-password", "hub/confirm"),
    *("hub/admin", "hub/admin#/add-users", "hub/admin#/groups", "hub/admin#/create-group"),
    *("hub/nowhere", "hub/gate?user=ada&next=/"),
)
OF_STUDENTS = ("hub/home", "hub/token", "hub/admin")
LOOKS = (("light", 1280), ("dark", 1280), ("light", PHONE), ("dark", PHONE))


@pytest.fixture
def hub(world: World, start: Any) -> World:
    """A hub with a class, a group and tokens."""
    ensure_system_packages(*NEEDED)
    world.path(paths.PAGES_DIR).mkdir(exist_ok=True)
    world.path(paths.LOGO_FILE).write_bytes(make_svg())
    start(SETTINGS)
    return world


def log_in(browser: Browser, user: str) -> None:
    browser.log_in(f"{URL}hub/login?next=/hub/home", user, PASSWORD)
    browser.find("#welcome")


def open_page(browser: Browser, page: str) -> None:
    browser.driver.get("about:blank")
    browser.driver.get(f"{URL}{page}")
    if "admin" in page:
        browser.find("#react-admin-hook button, #react-admin-hook table, #explained")


def look(browser: Browser, pages: tuple[str, ...], name: str) -> Iterator[str]:
    """Look at pages in every way; gives what people cannot read, or see only by scrolling to the side."""
    for scheme, width in LOOKS:
        choose_scheme(browser, scheme)
        choose_width(browser, width)
        for page in pages:
            open_page(browser, page)
            shown = page.replace("/", "-").replace("#", "").partition("?")[0]
            browser.keep_screenshot(f"{name}-{shown}-{scheme}-{width}")
            problems = [*find_faint_texts(browser), *find_wide_parts(browser)]
            yield from (f"{page} {scheme} {width}: {problem}" for problem in problems)


def test_people_can_read_every_page_by_day_and_night_and_on_a_telephone(hub: World) -> None:
    def play() -> list[str]:
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            found = [*look(browser, OF_EVERYBODY, "anybody")]
            log_in(browser, "ada")
            found += look(browser, OF_STUDENTS, "student")
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            log_in(browser, "teacher")
            return [*found, *look(browser, OF_ADMINS, "admin")]

    found = hub.network.call(play)
    assert not found, "\n".join(found)


def test_the_proxys_own_pages_can_be_read_too(tmp_path: Path) -> None:
    ensure_system_packages(*NEEDED)
    logo = f"data:image/svg+xml;base64,{b64encode(make_svg()).decode()}"
    for name in PROXY_PAGES:
        (tmp_path / name).write_text(render_proxy_page(name, "Physics 101", "https://example.org/", logo))
    found = []
    with open_browser(REPOSITORY / "build/screenshots") as browser:
        for scheme, width in LOOKS:
            choose_scheme(browser, scheme)
            choose_width(browser, width)
            for name in PROXY_PAGES:
                browser.driver.get(f"file://{tmp_path / name}")
                assert browser.driver.find_element(By.TAG_NAME, "h1").text == PROXY_PAGES[name].heading
                browser.keep_screenshot(f"proxy-{name}-{scheme}-{width}")
                found += [*find_faint_texts(browser), *find_wide_parts(browser)]
    assert not found


async def fill(_hub: World) -> None:
    """Make a group and a token."""
    async with HubClient(URL, "teacher", PASSWORD) as client:
        await client.login()
        made = [await client.api("POST", "groups/biology", {"users": ["ada"]})]
        made.append(await client.api("POST", "users/teacher/tokens", {"note": "for a script"}))
        assert [status for status, _answer in made] == [201, 201]


QUESTIONS = (
    ("hub/token", ".revoke-token-btn", "Revoke “for a script”?", "cannot be restored"),
    ("hub/admin#/edit-user", "#delete-user", "Delete the user ada?", "files in the home stay"),
    ("hub/admin", ".stop-all", "Stop all servers", "variables are lost"),
    ("hub/admin", "#shutdown-button", "Shut the hub down?", "nobody can log in"),
    ("hub/admin#/groups", "#delete-group", "Delete the group biology?", "Users and files stay"),
    ("hub/passwords", "form[method=post] .btn-jupyter", "Make a one-time password for ada?", "will not work"),
)


def press(browser: Browser, wanted: str | WebElement) -> None:
    """Click something; bootstrap scrolls there slowly, which would take it away from under the mouse."""
    control = browser.find(wanted) if isinstance(wanted, str) else wanted
    browser.driver.execute_script("arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})", control)
    control.click()


def reach(browser: Browser, page: str) -> None:
    """Open a page of the panel as people do: its own addresses need what the page before knows."""
    open_page(browser, page.replace("#/edit-user", ""))
    if page == "hub/token":
        # JupyterHub's own script, without which its buttons do nothing
        wait_until(lambda: browser.driver.execute_script("return window._jupyterhub_page_loaded === true"))
    if page.endswith("#/edit-user"):
        browser.find("#react-admin-hook table")
        row = "//tr[.//*[@data-testid='user-name-div-ada']]"
        press(browser, browser.driver.find_element(By.XPATH, f"{row}//button[contains(., 'Edit User')]"))
    elif page.endswith("#/groups"):
        press(browser, browser.driver.find_element(By.LINK_TEXT, "biology"))


def test_before_something_is_lost_people_are_asked_and_no_means_no(hub: World) -> None:
    hub.network.run(fill(hub), 60)

    def play() -> None:
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            log_in(browser, "teacher")
            for number, (page, selector, question, lost) in enumerate(QUESTIONS):
                reach(browser, page)
                press(browser, selector)
                assert browser.find("#question-heading").text.startswith(question)
                assert lost in browser.find("#question-text").text
                browser.keep_screenshot(f"question-{number}")
                # Cancel has the focus: pressing Enter by habit loses nothing
                assert browser.driver.switch_to.active_element.text == "Cancel"
                browser.find("#question-no").click()
                wait_until(lambda: not browser.driver.find_element(By.ID, "question").is_displayed())

    hub.network.call(play)
    users = hub.network.run(ask("GET", "users"))[1]
    assert "ada" in [user["name"] for user in users]

    def agree() -> str:
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            log_in(browser, "teacher")
            for page, selector, _question, _lost in (QUESTIONS[0], QUESTIONS[4], QUESTIONS[1]):
                reach(browser, page)
                press(browser, selector)
                browser.find("#question-yes").click()
                wait_until(lambda sought=selector: not is_there(browser, sought), 60)
            reach(browser, "hub/passwords")
            press(browser, "form[method=post] .btn-jupyter")
            browser.find("#question-yes").click()
            return browser.find("#one-time-password").text

    assert hub.network.call(agree)
    users = hub.network.run(ask("GET", "users"))[1]
    assert "ada" not in [user["name"] for user in users]


def is_there(browser: Browser, selector: str) -> bool:
    try:
        return bool(browser.driver.find_element(By.CSS_SELECTOR, selector).is_displayed())
    except WebDriverException:
        # none, or one that went a moment ago
        return False
