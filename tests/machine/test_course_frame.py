"""A course on another site shows the hub in a frame: a student works there, in a browser that blocks such cookies."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.machine.conftest import REPOSITORY
from tests.support.browser import NEEDED, Browser, open_browser
from tests.support.certificates import TestCertificate, make_certificate
from tests.support.debian import ensure_system_packages
from tests.support.server import PASSWORD, Server

HUB, COURSE, EVIL = "https://hub.school.test/", "https://moodle.other.test:8443", "https://evil.test:8443"
FOLDER = "/etc/ssl/hub"
SETTINGS = f"""
users: {{admin: [admin], allowed: [ada]}}
external_url: {HUB}
https: {{enabled: true, certificate: {FOLDER}/certificate.pem, key: {FOLDER}/key.pem}}
frame_ancestors: [{COURSE}]
"""
WORDS = (
    "--ignore-certificate-errors",
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP evil.test 127.0.0.1",
    # what browsers do, or will do, by themselves
    "--test-third-party-cookie-phaseout",
)
PAGE = f'<html><body><iframe id="hub" src="{HUB}hub/home" width="1200" height="780"></iframe></body></html>'


@contextmanager
def serve_course(certificate: TestCertificate) -> Iterator[None]:
    """Serve a page with the hub in a frame, at every name."""

    class Course(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        pem = Path(folder) / "course.pem"
        pem.write_text(certificate.certificate + certificate.key)
        context.load_cert_chain(pem)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Course)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def enter_frame(browser: Browser, site: str) -> None:
    browser.driver.get(f"{site}/course")
    browser.driver.switch_to.frame(browser.find("#hub"))


def log_in(browser: Browser) -> None:
    browser.find("#username_input").send_keys("ada")
    browser.find("#password_input").send_keys(PASSWORD)
    browser.find("#login_submit").click()


def work(browser: Browser) -> str:
    enter_frame(browser, COURSE)
    log_in(browser)
    browser.find("#start").click()
    said = browser.run_cell_in_new_notebook("6*7")
    browser.keep_screenshot("course")
    # a window of its own knows nothing of that login
    browser.driver.get(f"{HUB}hub/home")
    browser.find("#username_input")
    log_in(browser)
    browser.find("#logout")
    # and with that login, the frame is as it was
    enter_frame(browser, COURSE)
    browser.find("#logout")
    return said


def is_refused(browser: Browser) -> bool:
    enter_frame(browser, EVIL)
    WebDriverWait(browser.driver, 20).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "body"))
    return not browser.driver.find_elements(By.ID, "logout")


def test_a_student_works_in_the_page_of_a_course(own_server: Server) -> None:
    server = own_server
    ensure_system_packages(*NEEDED)
    certificate = make_certificate(names=("localhost", "hub.school.test"))
    server.machine.run(f"mkdir -p -m 700 {FOLDER}")
    server.machine.write(f"{FOLDER}/certificate.pem", certificate.certificate, 0o600)
    server.machine.write(f"{FOLDER}/key.pem", certificate.key, 0o600)
    server.configure(SETTINGS.replace(f"frame_ancestors: [{COURSE}]", ""))
    hub = server.unit_property("jupyterhub.service", "InvocationID")
    server.configure(SETTINGS)
    assert server.unit_property("jupyterhub.service", "InvocationID") == hub

    def play() -> tuple[str, bool]:
        with serve_course(certificate), open_browser(REPOSITORY / "build/screenshots", *WORDS) as browser:
            try:
                return work(browser), is_refused(browser)
            finally:
                browser.keep_screenshot("course-end")

    assert server.network.call(play) == ("42", True)
