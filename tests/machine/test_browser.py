"""A student with a real browser."""

from pathlib import Path

from tests.machine.conftest import REPOSITORY
from tests.support.browser import NEEDED, Browser, open_browser, try_notebook
from tests.support.debian import ensure_system_packages
from tests.support.server import ADMIN, PASSWORD, Server


def test_a_student_logs_in_opens_a_notebook_and_runs_a_cell(server: Server) -> None:
    ensure_system_packages(*NEEDED)
    server.add_users(["browsing"])
    pictures: Path = REPOSITORY / "build/screenshots"
    try:
        # no notice either: JupyterLab would ask everybody whether it may fetch news from the network
        assert server.network.call(try_notebook, server.url, "browsing", PASSWORD, pictures) == ("42", [])
    finally:
        server.stop_servers()
    assert (pictures / "notebook.png").stat().st_size > 10_000


def test_the_panel_says_which_name_cannot_be_added_and_why(server: Server) -> None:
    ensure_system_packages(*NEEDED)

    def add(browser: Browser) -> str:
        browser.log_in(server.url, ADMIN, server.admin_password())
        browser.driver.get(f"{server.url}hub/admin#/add-users")
        browser.find("textarea").send_keys("new-one\nstudent06,student07\na/b")
        browser.find("#submit").click()
        said = browser.find("#panel-message").text
        browser.keep_screenshot("panel-message")
        return said

    def play() -> str:
        with open_browser(REPOSITORY / "build/screenshots") as browser:
            return add(browser)

    try:
        said = server.network.call(play)
    finally:
        server.stop_servers()
    assert '"a/b" contains a slash' in said
    assert '"student06,student07" looks like several names' in said
