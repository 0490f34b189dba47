"""Rows that no hub should have, put into the database of one that does not run."""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

BELL = "'be' || char(7) || char(10) || 'll'"

POISONS: dict[str, tuple[str, ...]] = {
    "user: NULL name": ("UPDATE users SET name = NULL WHERE name = 'ben'",),
    "user: empty name": ("UPDATE users SET name = '' WHERE name = 'ben'",),
    "user: bytes as name": ("UPDATE users SET name = X'FF00FE' WHERE name = 'ben'",),
    "user: text that is no UTF-8": ("UPDATE users SET name = CAST(X'FF41' AS TEXT) WHERE name = 'ben'",),
    "user: control characters": (f"UPDATE users SET name = {BELL} WHERE name = 'ben'",),
    "user: NUL in the name": ("UPDATE users SET name = 'a' || char(0) || 'b' WHERE name = 'ben'",),
    "user: a star": ("UPDATE users SET name = '*' WHERE name = 'ben'",),
    "user: dots and slashes": ("UPDATE users SET name = '../../etc' WHERE name = 'ben'",),
    "user: only spaces": ("UPDATE users SET name = '   ' WHERE name = 'ben'",),
    "user: a name of 100,000 letters": (
        "UPDATE users SET name = replace(hex(zeroblob(50000)), '0', 'x') WHERE name = 'ben'",
    ),
    "users: two names with one account": (
        "INSERT INTO users (name, admin, cookie_id) VALUES ('Ada', 0, 'c1')",
        "INSERT INTO users (name, admin, cookie_id) VALUES ('ada ', 0, 'c2')",
        "INSERT INTO users (name, admin, cookie_id) VALUES ('jupyter-ada', 0, 'c3')",
    ),
    "user: NULL admin": ("UPDATE users SET admin = NULL WHERE name = 'ben'",),
    "user: admin is a word": ("UPDATE users SET admin = 'maybe' WHERE name = 'ben'",),
    "user: admin is many": ("UPDATE users SET admin = 4711 WHERE name = 'ben'",),
    "user: created is no date": ("UPDATE users SET created = 'yesterday' WHERE name = 'ben'",),
    "user: activity is a number": ("UPDATE users SET last_activity = 1e300 WHERE name = 'ben'",),
    "user: activity with a zone": (
        "UPDATE users SET last_activity = '2026-01-01 00:00:00+02:00' WHERE name = 'ben'",
    ),
    "user: state is no JSON": ("UPDATE users SET state = '{' WHERE name = 'ben'",),
    "user: the session's identity is no text": ("UPDATE users SET cookie_id = X'00' WHERE name = 'ben'",),
    "user: auth state is rubbish": ("UPDATE users SET encrypted_auth_state = X'0102' WHERE name = 'ben'",),
    "user: the admin's row": (
        "UPDATE users SET created = 'x', last_activity = 'y', admin = 'z' WHERE name = 'teacher'",
    ),
    "spawner: without a user": ("INSERT INTO spawners (user_id, name) VALUES (NULL, '')",),
    "spawner: of a user who is not there": ("INSERT INTO spawners (user_id, name) VALUES (4711, '')",),
    "spawner: state is no JSON": ("UPDATE spawners SET state = 'not json'",),
    "spawner: state is a list": ("UPDATE spawners SET state = '[1]'",),
    "spawner: state of another kind": ('UPDATE spawners SET state = \'{"unit_name": ["ssh.service"]}\'',),
    "spawner: NULL name": ("UPDATE spawners SET name = NULL",),
    "spawner: options are a number": ("UPDATE spawners SET user_options = '7'",),
    "spawner: options that no program can read": (
        "UPDATE spawners SET user_options = '{\"a\": NaN}' WHERE user_id = (SELECT id FROM users WHERE name = 'ben')",
    ),
    "spawner: options with a number without an end": ("UPDATE spawners SET user_options = '{\"a\": 1e999}'",),
    "spawner: options that stand for bytes": (
        'UPDATE spawners SET user_options = \'{"a": {"__jupyterhub_bytes__": true, "data": "YQ=="}}\'',
    ),
    "spawner: options in options": ("UPDATE spawners SET user_options = '" + '{"a":' * 400 + "{}" + "}" * 400 + "'",),
    "spawner: times are no dates": ("UPDATE spawners SET started = 'x', last_activity = X'00'",),
    "spawner: its server is not there": ("UPDATE spawners SET server_id = 4711",),
    "server: nothing in it": (
        "INSERT INTO servers (id) VALUES (77)",
        "UPDATE spawners SET server_id = 77 WHERE user_id = (SELECT id FROM users WHERE name = 'ben')",
    ),
    "server: odd address": (
        "INSERT INTO servers VALUES (77, 'gopher', '[::', 'many', 'https://evil.example/\x01', X'00')",
        "UPDATE spawners SET server_id = 77 WHERE user_id = (SELECT id FROM users WHERE name = 'ben')",
    ),
    "server: odd text in the address": (
        "INSERT INTO servers VALUES (77, 'http', 'a b]/@:', -5, '/user/ben/', 'c')",
        "UPDATE spawners SET server_id = 77 WHERE user_id = (SELECT id FROM users WHERE name = 'ben')",
    ),
    "token: without an owner": (
        "INSERT INTO api_tokens (hashed, prefix, client_id, scopes) VALUES ('h1', 'p1', 'jupyterhub', '[]')",
    ),
    "token: of a user who is not there": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " VALUES (4711, 'h1', 'p1', 'jupyterhub', '[]')",
    ),
    "token: of a client that is not there": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'h1', 'p1', 'nowhere', '[]' FROM users WHERE name = 'teacher'",
    ),
    "token: scopes are no list": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'h1', 'p1', 'jupyterhub', '{\"a\": 1}' FROM users WHERE name = 'teacher'",
    ),
    "token: unknown scopes": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'h1', 'p1', 'jupyterhub', '[\"no:such\", 5, null]' FROM users WHERE name = 'teacher'",
    ),
    "token: only scopes that are not there": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'sha512:1:a:b', 'p1', 'jupyterhub', '[\"no:such\"]' FROM users WHERE name = 'teacher'",
    ),
    "token: a hash that is none": (
        "UPDATE api_tokens SET hashed = 'x' || id",
        "INSERT INTO api_tokens (service_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'y' || id, '2222', 'jupyterhub', '[]' FROM services",
        "INSERT INTO api_tokens (service_id, hashed, prefix, client_id, scopes)"
        " SELECT id, 'sha512:999999999:a:b' || id, '2222', 'jupyterhub', '[]' FROM services",
    ),
    "token: two without a time": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes)"
        " SELECT users.id, 'sha512:1:a:' || hex(users.id) || letter, 'p1', 'jupyterhub', '[]'"
        " FROM users, (SELECT 'a' AS letter UNION SELECT 'b')",
    ),
    "token: ends at no date": (
        "INSERT INTO api_tokens (user_id, hashed, prefix, client_id, scopes, expires_at)"
        " SELECT id, 'h1', 'p1', 'jupyterhub', '[]', 'never' FROM users WHERE name = 'teacher'",
    ),
    "token: nothing in it": ("INSERT INTO api_tokens (id) VALUES (4711)",),
    "group: NULL name": ("INSERT INTO groups (name) VALUES (NULL)",),
    "group: empty name": ("INSERT INTO groups (name, properties) VALUES ('', '{}')",),
    "group: bytes as name": ("INSERT INTO groups (name, properties) VALUES (X'FF', '{}')",),
    "group: properties are no JSON": ("INSERT INTO groups (name, properties) VALUES ('g', 'x')",),
    "group: properties that no program can read": (
        "INSERT INTO groups (name, properties) VALUES ('g', '{\"a\": -Infinity}')",
    ),
    "group: members who are not there": (
        "INSERT INTO groups (id, name, properties) VALUES (9, 'g', '{}')",
        "INSERT INTO user_group_map VALUES (4711, 9)",
        "INSERT INTO user_group_map SELECT id, 4711 FROM users WHERE name = 'ben'",
    ),
    "role: NULL name": ("INSERT INTO roles (name, managed_by_auth) VALUES (NULL, 0)",),
    "role: scopes are no JSON": ("UPDATE roles SET scopes = 'x' WHERE name IN ('user', 'admin')",),
    "role: unknown scopes": (
        "INSERT INTO roles (id, name, scopes, managed_by_auth) VALUES (99, 'odd', '[\"no:such\", 7]', 0)",
        "INSERT INTO user_role_map SELECT id, 99, 0 FROM users",
    ),
    "role: only scopes that are not there": (
        "INSERT INTO roles (id, name, scopes, managed_by_auth) VALUES (96, 'odd96', '[\"no:such\"]', 0)",
        "INSERT INTO user_role_map SELECT id, 96, 0 FROM users",
    ),
    "role: a scope of the admin's that is not there": (
        "INSERT INTO roles (id, name, scopes, managed_by_auth) VALUES (97, 'odd97', '[\"custom:gone\"]', 0)",
        "INSERT INTO user_role_map SELECT id, 97, 0 FROM users",
    ),
    "role: a scope that is limited to nothing": (
        "INSERT INTO roles (id, name, scopes, managed_by_auth) VALUES (98, 'odd98', '[\"read:users!user=\"]', 0)",
        "INSERT INTO user_role_map SELECT id, 98, 0 FROM users",
    ),
    "role: none is left": ("DELETE FROM roles", "DELETE FROM user_role_map"),
    "role: given to nobody": ("INSERT INTO user_role_map VALUES (4711, 1, 0)",),
    "role: that is not there": ("INSERT INTO user_role_map SELECT id, 4711, 0 FROM users",),
    "service: NULL name": ("INSERT INTO services (name, from_config, timeout) VALUES (NULL, 0, 30)",),
    "service: odd in all": (
        "INSERT INTO services (name, url, info, command, environment,"
        " timeout, from_config, oauth_client_allowed_scopes, display, admin)"
        " VALUES ('odd', 'http://[::', '[', '7', 'x', 'soon', 0, '{', 'd', 'a')",
    ),
    "service: odd address": (
        "INSERT INTO services (name, url, from_config, timeout) VALUES ('odd', 'gopher://[', 0, 30)",
    ),
    "client: NULL name": ("INSERT INTO oauth_clients (identifier) VALUES (NULL)",),
    "client: leads nowhere": (
        "INSERT INTO oauth_clients (identifier, redirect_uri, allowed_scopes) VALUES ('x', 'http://[', '\"')",
    ),
    "client: JupyterHub's own is gone": ("DELETE FROM oauth_clients",),
    "code: leads nowhere": (
        "INSERT INTO oauth_codes (client_id, code, expires_at, user_id, scopes)"
        " VALUES ('nowhere', 'c', 'soon', 4711, '1')",
    ),
    "code: nothing in it": ("INSERT INTO oauth_codes (id) VALUES (4711)",),
    "share: leads nowhere": (
        "INSERT INTO shares (created_at, user_id, owner_id, spawner_id, scopes, expires_at)"
        " VALUES ('x', 4711, 4712, 4713, '[', 'never')",
    ),
    "share code: leads nowhere": (
        "INSERT INTO share_codes (created_at, owner_id, spawner_id, scopes, exchange_count)"
        " VALUES (X'01', 4712, NULL, '5', 'many')",
    ),
}


def poison(database: Path, statements: Iterable[str], *, ignore: bool = False) -> None:
    """Run these statements, whatever the database's own rules say of them; or `ignore` those that it refuses."""
    connection = sqlite3.connect(database)
    try:
        with connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                with suppress(*((sqlite3.IntegrityError,) if ignore else ())):
                    connection.execute(statement)
    finally:
        connection.close()
