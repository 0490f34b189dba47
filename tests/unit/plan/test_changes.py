"""What a change of settings means, in words and as data."""

import json

import pytest

from littlest import paths
from littlest.config.model import Config
from littlest.config.text.load import load_config
from littlest.plan.changes import find_changes, render_change
from littlest.plan.effects import EFFECTS, Effect, find_row, make_live_digest, make_restart_settings
from littlest.plan.impact import find_affected, find_restarts, render_affected
from littlest.plan.unit_files import render_units

GITHUB = "external_url: https://hub.example.org/\nauth: {{type: github, client_id: hub, client_secret: {secret}}}"


def load(text: str) -> Config:
    return load_config(text, "config.yaml")


def render(old: str, new: str) -> list[str]:
    return [render_change(change) for change in find_changes(load(old), load(new))]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "limits: {memory: 2G}", "limits.memory: 1G → 2G (at once, for running servers too)"),
        ("limits: {cpu: 2}", "limits: {}", "limits.cpu: 2 → null (at once, for running servers too)"),
        (
            "users: {allowed: [bob, eva]}",
            "users: {allowed: [eva, ada]}",
            "users.allowed: + ada, - bob (at once)",
        ),
        (
            "users: {allowed: [bob, eva]}",
            "users: {allowed: [eva, bob]}",
            "users.allowed: [bob, eva] → [eva, bob] (at once)",
        ),
        (
            "",
            "users: {groups: {biology: {members: [ada]}}}",
            "users.groups.biology: nothing → {members: [ada]} (at once)",
        ),
        (
            "users: {groups: {biology: {members: [ada], limits: {cpu: null}}}}",
            "users: {groups: {biology: {members: [ada]}}}",
            "users.groups.biology.limits.cpu: null → nothing (at once, for running servers too)",
        ),
        (
            "",
            "user_environment: {environment: {DATA: /srv}}",
            "user_environment.environment.DATA: nothing → /srv (for servers started from now on)",
        ),
        ("", "jupyterhub: {JupyterHub: {x: 1}}", "jupyterhub.JupyterHub: nothing → {x: 1} (the hub restarts)"),
        (
            "shared_folders: {data: {writable: true}}",
            "shared_folders: {data: {}}",
            "shared_folders.data.writable: true → false (at once; links in homes from the next start on)",
        ),
        (
            "shared_folders: {data: {}}",
            "shared_folders: {data: {link: false}}",
            "shared_folders.data.link: true → false (for servers started from now on)",
        ),
        (
            "users: {groups: {biology: {members: [ada]}}}",
            "users: {groups: {biology: {members: [ada], shared_folder: true}}}",
            "users.groups.biology.shared_folder: false → true (at once; links in homes from the next start on)",
        ),
        ("", "http: {port: 8080}", "http.port: 80 → 8080 (the proxy and the hub restart)"),
        ("", "services: {cull: {enabled: false}}", "services.cull.enabled: true → false (the culler restarts)"),
        (
            GITHUB.format(secret="hush"),
            GITHUB.format(secret="other"),
            "auth.client_secret: another secret (the hub restarts)",
        ),
        (
            GITHUB.format(secret="hush"),
            GITHUB.format(secret="{file: /etc/hush}"),
            'auth.client_secret: "********" → {file: /etc/hush} (the hub restarts)',
        ),
    ],
)
def test_a_change_is_one_line(old: str, new: str, line: str) -> None:
    assert render(old, new) == [line]


def test_another_way_to_log_in_names_what_is_given_and_no_secret() -> None:
    changes = find_changes(Config(), load(GITHUB.format(secret="hush-hush")))
    assert [change.key for change in changes] == [
        "external_url", "auth.type", "auth.client_id", "auth.client_secret",
    ]  # fmt: skip
    assert "hush-hush" not in json.dumps([change.make_data() for change in changes])
    assert "hush-hush" not in "".join(map(render_change, changes))
    assert changes[1].make_data() == {
        "key": "auth.type", "old": "firstuse", "new": "github", "added": [], "removed": [],
        "effect": "the hub restarts",
    }  # fmt: skip


def test_settings_that_mean_the_same_are_no_change() -> None:
    assert find_changes(load(""), load("limits: {memory: 1024M}\nauth: {type: firstuse}\n")) == ()


HTTPS = "https:\n  enabled: true\n  certificate: /etc/certificate\n  key: /etc/key\n"
GROUP = "users: {groups: {biology: {}}}"
FOLDER = "shared_folders: {data: {}}"
EXTERNAL = "external_url: https://hub.example.org/\n"
EVERY_KIND = [
    (HTTPS.replace("true", "false"), HTTPS),
    (HTTPS, HTTPS + "  port: 8443\n"),
    ("", "http: {port: 8080}"),
    (HTTPS, HTTPS + "  redirect: false\n"),
    (HTTPS, HTTPS + "  hsts: true\n"),
    (HTTPS, HTTPS.replace("/etc/key", "/etc/other")),
    ("", "base_url: /x/"),
    ("", "external_url: https://hub.example.org/"),
    ("", "proxy: {trusted: [10.0.0.1]}"),
    (EXTERNAL, f"{EXTERNAL}frame_ancestors: [https://moodle.example.org]"),
    ("", "auth: {type: pam}"),
    ("", "users: {allowed: [ada]}"),
    ("", "users: {admin: [ada]}"),
    ("", "users: {banned: [ada]}"),
    ("", GROUP),
    ("", "users: {unix_name: '{name}'}"),
    ("", "users: {homes: /mnt}"),
    ("", "limits: {memory: 2G}"),
    ("", "limits: {open_servers: 3}"),
    ("", "limits: {reserve: 20%}"),
    ("", "limits: {users: {ada: {cpu: 1}}}"),
    ("", "user_environment: {default_app: notebook}"),
    ("", FOLDER),
    (FOLDER, "shared_folders: {data: {link: false}}"),
    (GROUP, "users: {groups: {biology: {shared_folder: true}}}"),
    (GROUP, "users: {groups: {biology: {default_app: notebook}}}"),
    (GROUP, "users: {groups: {biology: {limits: {cpu: 1}}}}"),
    ("", "services: {cull: {timeout: 7200}}"),
    ("", "services: {managed: {grader: {command: [/bin/true]}}}"),
    ("", "metrics: {public: true}"),
    ("", "announcement: Hello."),
    ("", "branding: {title: Physics 101}"),
    ("", "jupyterhub: {JupyterHub: {x: 1}}"),
]


def test_every_row_of_the_table_of_effects_has_an_example() -> None:
    changed = (change.key for old, new in EVERY_KIND for change in find_changes(load(old), load(new)))
    assert {find_row(key.split(".")) for key in changed} == set(EFFECTS)


@pytest.mark.parametrize(("before", "after"), EVERY_KIND)
def test_the_effect_that_is_told_is_the_one_it_has(before: str, after: str) -> None:
    old, new = load(before), load(after)
    (effect,) = {change.effect for change in find_changes(old, new)}
    restarts_hub = make_restart_settings(old) != make_restart_settings(new)
    is_live = make_live_digest(old) != make_live_digest(new)
    units_before, units_after = render_units(old), render_units(new)
    assert restarts_hub == (effect in (Effect.HUB, Effect.PROXY_AND_HUB))
    assert is_live == (effect in (Effect.LIVE, Effect.RUNNING, Effect.FOLDERS, Effect.SERVERS))
    if effect in (Effect.PROXY, Effect.PROXY_AND_HUB):
        assert units_before[paths.PROXY_UNIT] != units_after[paths.PROXY_UNIT]
    else:
        assert units_before[paths.PROXY_UNIT] == units_after[paths.PROXY_UNIT]
    if effect is Effect.CULLER:
        assert units_before[paths.CULLER_UNIT] != units_after[paths.CULLER_UNIT]


def test_who_loses_rights_and_who_gets_other_limits_is_named() -> None:
    old = load("users: {admin: [eva, kai], allowed: [bob, ada], groups: {biology: {members: [ada]}}}")
    new = load(
        "users: {admin: [eva], allowed: [ada, kai], banned: [mia], groups: {biology: {members: [ada],"
        " limits: {memory: 4G}}}}\nuser_environment: {default_app: notebook}\n"
    )
    affected = find_affected(old, new, ["ada", "bob", "eva"])
    assert affected.losing_access == ("bob", "kai", "mia")
    assert affected.limited == ("ada",)
    assert affected.keeping == ("ada", "eva")
    lines = render_affected(affected)
    assert lines[0] == "3 users lose rights, so their servers are stopped: bob, kai, mia"
    assert lines[1] == "1 user has a running server, which gets new limits: ada"
    assert render_affected(find_affected(old, old, ["ada"])) == ()


def test_who_leaves_a_group_with_a_folder_loses_the_right_to_it() -> None:
    group = "users: {{groups: {{biology: {{shared_folder: {folder}, members: [{members}]}}}}}}"
    old = load(group.format(folder="true", members="ada, bob"))
    assert find_affected(old, load(group.format(folder="true", members="ada")), []).losing_access == ("bob",)
    assert find_affected(old, load(group.format(folder="false", members="ada")), []).losing_access == ("ada", "bob")


def test_who_loses_a_folder_that_was_everybodys_is_whoever_has_a_server() -> None:
    group = "users: {admin: [kai], groups: {biology: {members: [ada]}}}\n"
    old = load(group + "shared_folders: {data: {writable: true}}")
    losers = {
        text: find_affected(old, load(group + text), ["ada", "guest", "kai"]).losing_access
        for text in ("", "shared_folders: {data: {groups: [biology]}}", "shared_folders: {data: {}}")
    }
    assert list(losers.values()) == [("ada", "guest"), ("guest",), ()]


def test_whom_everybody_may_be_loses_nothing_by_not_being_named() -> None:
    everybody = "auth: {type: firstuse, allow_all: true}\n"
    old, new = load(f"{everybody}users: {{allowed: [ada], admin: [eva]}}"), load(everybody)
    assert find_affected(old, new, []).losing_access == ("eva",)


def test_whom_a_rule_let_in_loses_by_its_end() -> None:
    rule = "auth: {type: firstuse, allow_all: true}\nusers: {allowed: [ada]}"
    old, new = load(rule), load("users: {allowed: [ada]}")
    running, guests = ["ada", "added", "guest"], {"guest", "away"}
    assert find_affected(old, new, running, guests).losing_access == ("guest",)
    assert find_affected(old, load(rule + "\nannouncement: Hello."), running, guests).losing_access == ()
    assert find_affected(old, load("users: {allowed: [ada, guest]}"), running, guests).losing_access == ()
    traits = (
        "users: {{allowed: [ada]}}\njupyterhub: {{SignUpAuthenticator: {{{}: 9}}, Spawner: {{http_timeout: {}}}}}"
    )
    old = load(traits.format("tos", 9))
    assert find_affected(old, load(traits.format("recaptcha_size", 9)), running, guests).losing_access == ("guest",)
    assert find_affected(old, load(traits.format("tos", 10)), running, guests).losing_access == ()
    old = load(traits.format("auth_refresh_age", 9))
    assert find_affected(old, load(traits.format("auto_login", 9)), running, guests).losing_access == ()


def test_a_crowd_is_counted_not_listed() -> None:
    crowd = ", ".join(f"user-{number}" for number in range(30))
    affected = find_affected(load(f"users: {{allowed: [{crowd}]}}"), Config(), [])
    assert render_affected(affected)[0].endswith("and 20 more")


def test_a_new_address_is_told_as_people_notice_it() -> None:
    old, new = load(""), load("base_url: /jupyter/")
    affected = find_affected(old, new, ["ada"])
    assert affected.moving == ("ada",)
    (hub,) = find_restarts([paths.HUB_UNIT], moves=True)
    assert "log in again" in hub
    assert find_affected(new, new, ["ada"]).moving == ()


def test_a_restart_is_told_as_people_notice_it() -> None:
    hub, proxy = find_restarts([paths.HUB_UNIT, paths.PROXY_UNIT, paths.HUB_SOCKET_UNIT])
    assert "open notebooks keep running" in hub
    assert "connections break" in proxy
