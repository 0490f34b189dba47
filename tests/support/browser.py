"""Drives headless Chromium as a student would use the mouse and keyboard, and keeps what they would see."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

NEEDED = ("chromium", "chromium-driver")
"""Debian packages that the host needs."""

QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1280,860"
)


class Browser:
    """One window. Every wait is bounded and, when it expires, says what was waited for."""

    def __init__(self, driver: Chrome, screenshots: Path) -> None:
        self.driver = driver
        self.screenshots = screenshots

    def find(self, selector: str, seconds: float = 60.0) -> WebElement:
        """Wait for a visible element by its CSS selector; raises TimeoutException."""

        def visible(driver: Chrome) -> WebElement | None:
            shown = [element for element in driver.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]
            return shown[0] if shown else None

        waited = WebDriverWait(self.driver, seconds).until(visible, f"{selector} on {self.driver.current_url}")
        assert isinstance(waited, WebElement)
        return waited

    def keep_screenshot(self, name: str) -> Path:
        """Keep a picture of the window as NAME.png."""
        self.screenshots.mkdir(parents=True, exist_ok=True)
        path = self.screenshots / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path

    def log_in(self, url: str, user: str, password: str) -> None:
        """Fill in the login form and send it."""
        self.driver.get(url)
        self.find("#username_input").send_keys(user)
        self.find("#password_input").send_keys(password)
        self.keep_screenshot("login")
        self.find("#login_submit").click()

    def run_cell_in_new_notebook(self, code: str) -> str:
        """Open a notebook from JupyterLab's launcher, run code in its first cell, and give what it shows."""
        self.find(".jp-LauncherCard[data-category=Notebook]", 120).click()
        first_cell = ".jp-Notebook .jp-Cell .cm-content"
        self.find(first_cell).click()
        ActionChains(self.driver).send_keys(code).perform()
        # JupyterLab may change a new notebook's kernel once more and forget what ran meanwhile: people press it again
        for _turn in range(4):
            self.find(".jp-Notebook-ExecutionIndicator[data-status=idle]")
            self.find(first_cell).click()
            ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
            with suppress(TimeoutException):
                return self.find(".jp-OutputArea-output pre", 15).text
        raise TimeoutException("the cell showed nothing")


@contextmanager
def open_browser(screenshots: Path, *words: str) -> Iterator[Browser]:
    """Open Chromium, with further words on its command line, for as long as the context lasts.

    Call it inside the machine's network.
    """
    with TemporaryDirectory(prefix="littlest-browser-") as profile:
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for word in [*QUIET.split(), *words, f"--user-data-dir={profile}"]:
            options.add_argument(word)
        driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            yield Browser(driver, screenshots)
        finally:
            driver.quit()


def try_notebook(url: str, user: str, password: str, screenshots: Path) -> tuple[str, list[str]]:
    """Log in, open a notebook, run `6*7` in it, keep the pictures; gives what the cell and Lab's notices said."""
    with open_browser(screenshots) as browser:
        try:
            browser.log_in(url, user, password)
            said = browser.run_cell_in_new_notebook("6*7")
            return said, [notice.text for notice in browser.driver.find_elements(By.CSS_SELECTOR, ".Toastify__toast")]
        finally:
            browser.keep_screenshot("notebook")
