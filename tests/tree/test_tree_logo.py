"""The logo: which files can be one, its copy, and the proxy's pages that show it."""

from base64 import b64encode
from pathlib import PurePosixPath as Path

import pytest
from fake_root import RELEASE

from littlest import paths
from littlest.config.text.load import load_config
from littlest.config.text.problems import InvalidConfig
from littlest.machine.machine import Machine
from littlest.plan.proxy_pages import PROXY_PAGES, make_page_steps
from littlest.plan.steps import Plan
from littlest.system.apply_plan import apply_plan
from littlest.system.config_checks import load_checked_config
from littlest.system.pages.logo import MOST_BYTES, find_type, read_copied_logo
from tests.support.images import make_png, make_svg

LOGO = Path("/etc/littlest/logo.svg")
TEXT = f'branding:\n  title: "A & B <i>"\n  logo: {LOGO}\n  help_url: https://example.org/help?a=1&b=2\n'
BOMB = "<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"


def explain(machine: Machine) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load_checked_config(machine, TEXT, "config.yaml")
    return caught.value.message


def apply(machine: Machine, text: str) -> None:
    apply_plan(machine, Plan(make_page_steps(load_config(text, "config.yaml"))), RELEASE.version)


def read_page(machine: Machine, name: str) -> str:
    return machine.read_text(paths.PAGES_DIR / name) or ""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (make_png(), "image/png"),
        (make_svg(), "image/svg+xml"),
        (make_svg(before='<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n'), "image/svg+xml"),
        (make_svg(inside="<style>circle { fill: red }</style>"), "image/svg+xml"),
        (
            b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:circle r="4"/></s:svg>',
            "image/svg+xml",
        ),
    ],
)
def test_an_image_is_known_by_its_content(machine: Machine, content: bytes, kind: str) -> None:
    assert find_type(content) == kind
    machine.write_file(LOGO, content)
    assert load_checked_config(machine, TEXT, "config.yaml").branding.logo == str(LOGO)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is neither a PNG nor an SVG image"),
        (b"\xff\xd8\xff\xe0 a photo", "is neither a PNG nor an SVG image"),
        (b"<html><body>no logo</body></html>", "is neither a PNG nor an SVG image"),
        (b"<html><svg></svg></html>", "is no SVG image"),
        (b"<svg><circle/></svg>", "is no SVG image"),
        (make_svg()[:-3], "is a damaged SVG image"),
        (make_png()[:-3], "is a damaged PNG image"),
        (make_png().replace(b"IDAT", b"IDAX"), "is a damaged PNG image"),
        (b"\x89PNG\r\n\x1a\n", "is a damaged PNG image"),
        (make_png(5000, 1), "has more than 4096 pixels"),
        (make_svg() + b" " * MOST_BYTES, "is larger than 256 KB"),
        (make_svg(inside="<script>alert(1)</script>"), "has a script in it (script)"),
        (make_svg(attributes='onload="alert(1)"'), "has a script in it (svg)"),
        (make_svg(inside="<foreignObject/>"), "has a script in it (foreignObject)"),
        (make_svg(inside='<a href="java&#10;script:alert(1)"/>'), "has a script in it (a)"),
        (make_svg(before=BOMB), "has entities in it"),
    ],
)
def test_what_cannot_be_a_logo_is_refused_with_its_line(machine: Machine, content: bytes, problem: str) -> None:
    machine.write_file(LOGO, content)
    assert explain(machine).startswith(f"config.yaml:3: branding.logo: {LOGO} {problem}"), explain(machine)


def test_a_file_that_is_not_there_is_named(machine: Machine) -> None:
    assert explain(machine) == f"config.yaml:3: branding.logo: there is no file {LOGO}"


def test_the_pages_carry_title_logo_and_help_as_text(machine: Machine) -> None:
    machine.write_file(LOGO, make_png(), mode=0o600)
    apply(machine, TEXT)
    assert machine.read_bytes(paths.LOGO_FILE) == make_png()
    for name in PROXY_PAGES:
        page = read_page(machine, name)
        assert "A &amp; B &lt;i&gt;" in page
        assert f"data:image/png;base64,{b64encode(make_png()).decode()}" in page
        assert '<a href="https://example.org/help?a=1&amp;b=2">' in page
        state = machine.read_state(paths.PAGES_DIR / name)
        assert state
        assert state.mode == 0o644


def test_a_logo_that_vanishes_stays_on_the_pages(machine: Machine) -> None:
    machine.write_file(LOGO, make_svg())
    apply(machine, TEXT)
    before = read_page(machine, "503.html")
    machine.remove(LOGO)
    apply(machine, TEXT)
    assert (read_page(machine, "503.html"), machine.read_bytes(paths.LOGO_FILE)) == (before, make_svg())
    # another one is on them at the next apply
    machine.write_file(LOGO, make_png())
    apply(machine, TEXT)
    assert "data:image/png" in read_page(machine, "503.html")


def test_without_branding_the_pages_are_plain_and_nothing_is_left_of_the_logo(machine: Machine) -> None:
    machine.write_file(LOGO, make_svg())
    apply(machine, TEXT)
    apply(machine, "")
    assert machine.read_state(paths.LOGO_FILE) is None
    for name in PROXY_PAGES:
        assert "<header>" not in read_page(machine, name)
        assert "data:" not in read_page(machine, name)
    assert read_copied_logo(machine) is None


def test_a_copy_that_somebody_ruined_is_not_shown_and_is_made_again(machine: Machine) -> None:
    machine.write_file(LOGO, make_svg())
    apply(machine, TEXT)
    machine.write_file(paths.LOGO_FILE, b"<script>")
    assert read_copied_logo(machine) is None
    apply(machine, TEXT)
    assert read_copied_logo(machine) == (make_svg(), "image/svg+xml")
