"""Configuration files that are wrong in one way or another, and what a person must be told about each, as data.

The list of a file's problems is complete: nothing else may be reported. Of a text that is not YAML that is the first
mistake only: what the lines after it mean depends on it.
"""

from typing import NamedTuple


class Expected(NamedTuple):
    """One problem, in the order of the lines."""

    line: int
    column: int | None
    """None where the whole file is meant."""
    key: str
    words: str
    """What the message holds."""


class BadFile(NamedTuple):
    """One situation: a name for it, the file's text or bytes, what is said, and how a command ends."""

    name: str
    content: str | bytes
    problems: tuple[Expected, ...]
    exit: int = 3

    @property
    def data(self) -> bytes:
        """The file as it is on the disk."""
        return self.content.encode() if isinstance(self.content, str) else self.content


class BadPlace(NamedTuple):
    """Something in the place of the settings that is no file of settings, made by a shell in the file's folder."""

    name: str
    make: str
    words: str
    exit: int = 1
    account: str = "root"


_Problem = tuple[int, int | None, str, str]
_ENTRIES: tuple[tuple[str, str | bytes, tuple[_Problem, ...]], ...] = (
    # misspelt and misplaced keys
    ("misspelt_key", "limits:\n  memry: 2G\n", ((2, 3, "limits.memry", "did you mean limits.memory?"),)),
    ("misspelt_group", "limit:\n  memory: 2G\n", ((1, 1, "limit", "did you mean limits?"),)),
    (
        "misspelt_deep_group",
        "services:\n  cul:\n    timeout: 700\n",
        ((2, 3, "services.cul", "did you mean services.cull?"),),
    ),
    ("setting_without_its_group", "memory: 2G\n", ((1, 1, "memory", "did you mean limits.memory?"),)),
    ("setting_in_the_wrong_group", "http:\n  memory: 2G\n", ((2, 3, "http.memory", "did you mean limits.memory?"),)),
    ("dotted_key", "limits.memory: 2G\n", ((1, 1, "limits.memory", "unknown key"),)),
    ("capitals_in_key", "Limits:\n  Memory: 2G\n", ((1, 1, "Limits", "did you mean limits?"),)),
    ("unknown_key_like_nothing", "zzzz: 1\n", ((1, 1, "zzzz", "unknown key"),)),
    ("key_with_a_dash", "base-url: /x/\n", ((1, 1, "base-url", "did you mean base_url?"),)),
    ("number_as_key", "8000: 1\n", ((1, 1, "8000", "unknown key"),)),
    ("list_as_key", "? [a, b]\n: 1\n", ((1, 3, "", "a key must be a plain word"),)),
    ("template_left_in", "http:\n  port: {{ port }}\n", ((2, 9, "http.port", "takes a whole number, not a group"),)),
    # keys given twice
    (
        "group_twice",
        "http:\n  port: 81\nlimits:\n  cpu: 1\nhttp:\n  port: 82\n",
        ((5, 1, "http", "first on line 1"),),
    ),
    ("setting_twice", "http:\n  port: 81\n  port: 82\n", ((3, 3, "http.port", "first on line 2"),)),
    (
        "setting_thrice",
        "base_url: /a\nbase_url: /b\nbase_url: /c\n",
        ((2, 1, "base_url", "twice"), (3, 1, "base_url", "twice")),
    ),
    # the wrong kind of value
    ("list_at_the_top", "- http\n- limits\n", ((1, 1, "", "must hold settings"),)),
    ("text_at_the_top", "hello\n", ((1, 1, "", "must hold settings"),)),
    ("number_for_a_group", "http: 80\n", ((1, 7, "http", "is a group of settings"),)),
    ("list_for_a_group", "http:\n  - port: 80\n", ((2, 3, "http", "is a group of settings"),)),
    ("text_for_a_list", "users:\n  admin: ada\n", ((2, 10, "users.admin", "such as - ada"),)),
    ("group_for_a_list", "users:\n  admin:\n    ada: true\n", ((3, 5, "users.admin", "takes a list"),)),
    ("commas_for_a_list", "users:\n  admin: ada, grace\n", ((2, 10, "users.admin", "such as - ada"),)),
    (
        "dash_that_is_indented_too_far",
        "users:\n  allowed:\n  - ada\n   - grace\n",
        ((3, 5, "users.allowed", "is on more than one line"),),
    ),
    ("list_for_a_number", "http:\n  port: [80]\n", ((2, 9, "http.port", "takes a whole number, not a list"),)),
    (
        "group_in_a_list",
        "users:\n  admin:\n    - name: ada\n",
        ((3, 7, "users.admin", "entry 1 takes text, not a group"),),
    ),
    (
        "braces_that_are_meant",
        "users:\n  unix_name: {name}\n",
        ((2, 14, "users.unix_name", "put what begins with { or [ in quotes"),),
    ),
    (
        "user_among_the_limits",
        "limits:\n  ada:\n    memory: 1G\n",
        ((2, 3, "limits.ada", "limits takes memory, cpu, processes"),),
    ),
    ("word_for_a_number", "http:\n  port: eighty\n", ((2, 9, "http.port", "eighty is not a whole number"),)),
    ("quoted_number", 'http:\n  port: "80"\n', ((2, 9, "http.port", "write 80"),)),
    ("fraction_for_a_whole_number", "http:\n  port: 80.5\n", ((2, 9, "http.port", "not a whole number"),)),
    ("leading_zero", "http:\n  port: 0080\n", ((2, 9, "http.port", "not a whole number"),)),
    ("underscored_number", "http:\n  port: 8_000\n", ((2, 9, "http.port", "not a whole number"),)),
    ("hexadecimal_number", "http:\n  port: 0x50\n", ((2, 9, "http.port", "not a whole number"),)),
    ("endless_number", f"http:\n  port: {'9' * 5000}\n", ((2, 9, "http.port", "not a whole number"),)),
    ("decimal_comma", "limits:\n  cpu: 0,5\n", ((2, 8, "limits.cpu", "0,5 is not a number"),)),
    ("not_a_number", "limits:\n  cpu: .nan\n", ((2, 8, "limits.cpu", "not a number"),)),
    ("infinity", "limits:\n  cpu: .inf\n", ((2, 8, "limits.cpu", "not a number"),)),
    ("too_large_exponent", "limits:\n  cpu: 1e999\n", ((2, 8, "limits.cpu", "finite number"),)),
    (
        "yes_for_true",
        "services:\n  cull:\n    enabled: yes\n",
        ((3, 14, "services.cull.enabled", "neither true nor false"),),
    ),
    (
        "quoted_true",
        "services: {cull: {enabled: 'true'}}\n",
        ((1, 28, "services.cull.enabled", "neither true nor false"),),
    ),
    (
        "number_for_true",
        "services: {cull: {enabled: 1}}\n",
        ((1, 28, "services.cull.enabled", "neither true nor false"),),
    ),
    ("value_left_out", "http:\n  port:\n", ((2, 3, "http.port", "has no value"),)),
    ("limit_left_out", "limits:\n  memory:\n", ((2, 3, "limits.memory", "has no value"),)),
    ("null_for_a_number", "http:\n  port: null\n", ((2, 9, "http.port", "delete the line"),)),
    ("null_for_a_text", "base_url: ~\n", ((1, 11, "base_url", "delete the line"),)),
    ("empty_entry", "users:\n  admin:\n    - ada\n    -\n", ((4, 6, "users.admin", "entry 2 is empty"),)),
    ("foreign_tag", "limits:\n  memory: !size 2G\n", ((2, 11, "limits.memory", "!size means nothing here"),)),
    ("python_tag", "limits: !!python/object:os.system {}\n", ((1, 9, "limits", "means nothing here"),)),
    # values out of bounds
    ("port_zero", "http:\n  port: 0\n", ((2, 9, "http.port", "at least 1"),)),
    ("port_negative", "http:\n  port: -80\n", ((2, 9, "http.port", "at least 1"),)),
    ("port_too_large", "http:\n  port: 65536\n", ((2, 9, "http.port", "at most 65535"),)),
    ("port_of_the_hub", "http:\n  port: 15081\n", ((2, 9, "http.port", "choose another"),)),
    (
        "host_name_for_an_address",
        "http:\n  address: hub.example.org\n",
        ((2, 12, "http.address", "is not an IP address"),),
    ),
    ("localhost_for_an_address", "http:\n  address: localhost\n", ((2, 12, "http.address", "write 127.0.0.1"),)),
    ("address_with_a_port", "http:\n  address: 127.0.0.1:80\n", ((2, 12, "http.address", "is not an IP address"),)),
    ("star_for_an_address", "http:\n  address: '*'\n", ((2, 12, "http.address", "every address"),)),
    (
        "address_with_an_interface",
        "http:\n  address: 'fe80::1%eth0'\n",
        ((2, 12, "http.address", "is not an IP address"),),
    ),
    ("octet_too_large", "http:\n  address: 10.0.0.256\n", ((2, 12, "http.address", "is not an IP address"),)),
    (
        "whole_address_for_a_path",
        "base_url: https://example.org/hub/\n",
        ((1, 11, "base_url", "write only its path"),),
    ),
    ("space_in_a_path", "base_url: /my hub/\n", ((1, 11, "base_url", "single slashes"),)),
    ("doubled_slash", "base_url: /a//b/\n", ((1, 11, "base_url", "single slashes"),)),
    ("dots_in_a_path", "base_url: /a/../b/\n", ((1, 11, "base_url", "single slashes"),)),
    ("query_in_a_path", "base_url: /a/?x=1\n", ((1, 11, "base_url", "single slashes"),)),
    ("word_for_memory", "limits:\n  memory: lots\n", ((2, 11, "limits.memory", "not an amount of memory"),)),
    ("negative_memory", "limits:\n  memory: -1G\n", ((2, 11, "limits.memory", "not an amount of memory"),)),
    ("unknown_unit", "limits:\n  memory: 1X\n", ((2, 11, "limits.memory", "not an amount of memory"),)),
    ("decimal_comma_in_memory", "limits:\n  memory: 1,5G\n", ((2, 11, "limits.memory", "not an amount of memory"),)),
    ("memory_without_unit", "limits:\n  memory: 2\n", ((2, 11, "limits.memory", "at least 128M"),)),
    ("too_little_memory", "limits:\n  memory: 64M\n", ((2, 11, "limits.memory", "at least 128M"),)),
    ("too_much_memory", "limits:\n  memory: 9999999T\n", ((2, 11, "limits.memory", "at most 1024T"),)),
    ("no_cpu", "limits:\n  cpu: 0\n", ((2, 8, "limits.cpu", "at least 0.01"),)),
    ("less_cpu_than_systemd_counts", "limits:\n  cpu: 0.001\n", ((2, 8, "limits.cpu", "at least 0.01"),)),
    ("cpu_in_percent", "limits:\n  cpu: 50%\n", ((2, 8, "limits.cpu", "50% is not a number"),)),
    ("cull_too_soon", "services:\n  cull:\n    timeout: 60\n", ((3, 14, "services.cull.timeout", "at least 600"),)),
    ("cull_looks_too_often", "services:\n  cull:\n    every: 1\n", ((3, 12, "services.cull.every", "at least 10"),)),
    (
        "cull_in_words",
        "services:\n  cull:\n    timeout: 1h\n",
        ((3, 14, "services.cull.timeout", "not a whole number"),),
    ),
    (
        "cull_everything_young",
        "services:\n  cull:\n    max_age: 5\n",
        ((3, 14, "services.cull.max_age", "0 for never"),),
    ),
    (
        "unknown_app",
        "user_environment:\n  default_app: lab\n",
        ((2, 16, "user_environment.default_app", "did you mean jupyterlab?"),),
    ),
    ("unknown_way_to_log_in", "auth:\n  type: firstus\n", ((2, 9, "auth.type", "did you mean firstuse?"),)),
    # users
    ("empty_name", "users:\n  allowed:\n    - ''\n", ((3, 7, "users.allowed", "empty name"),)),
    ("blank_name", "users:\n  allowed: ['  ']\n", ((2, 13, "users.allowed", "empty name"),)),
    ("name_with_a_slash", "users:\n  allowed: [a/b]\n", ((2, 13, "users.allowed", "slash"),)),
    ("name_with_outer_spaces", "users:\n  allowed: [' ada']\n", ((2, 13, "users.allowed", "beginning or end"),)),
    ("name_of_dots", "users:\n  allowed: [..]\n", ((2, 13, "users.allowed", "dots only"),)),
    ("name_with_a_line_break", 'users:\n  allowed: ["a\\nb"]\n', ((2, 13, "users.allowed", "invisible"),)),
    ("name_in_wide_letters", "users:\n  allowed: [\uff41dmin]\n", ((2, 13, "users.allowed", "look like others"),)),
    ("name_in_two_alphabets", "users:\n  allowed: [\u0430dmin]\n", ((2, 13, "users.allowed", "mixes Cyrillic"),)),
    ("name_too_long", f"users:\n  allowed: [{'a' * 256}]\n", ((2, 13, "users.allowed", "longer than 255"),)),
    (
        "banned_admin",
        "users:\n  admin: [ada]\n  banned:\n    - mallory\n    - Ada\n",
        ((5, 7, "users.banned", "Ada is also in users.admin"),),
    ),
    (
        "banned_twice_over",
        "users:\n  admin: [ada]\n  allowed: [bob]\n  banned:\n    - ada\n    - bob\n",
        ((5, 7, "users.banned", "users.admin"), (6, 7, "users.banned", "users.allowed")),
    ),
    # what is not YAML
    ("tab", "http:\n\tport: 80\n", ((2, 1, "", "indent with spaces"),)),
    ("no_colon", "http:\n  port 80\n  address: ''\n", ((2, 3, "", "lacks a colon"),)),
    ("no_colon_at_the_end", "limits:\n  memory 2G\n", ((2, 3, "limits", "a colon is missing after memory"),)),
    ("group_without_its_colon", "limits\n  cpu: 1\n", ((1, 1, "", "lacks a colon"),)),
    (
        "no_colon_on_two_lines",
        "limits:\n  memory 2G\n\n  cpu 1\n  processes: 500\n",
        ((2, 3, "", "lacks a colon"),),
    ),
    ("no_colon_after_the_last_group", "http:\n  port: 80\nlimits\n  cpu: 1\n", ((3, 1, "", "lacks a colon"),)),
    (
        "no_space_after_the_colon_between_others",
        "http:\n  port:80\n  address: ''\n",
        ((2, 3, "", "a space is missing after the colon"),),
    ),
    ("wide_colon", "http:\n  port\uff1a80\n", ((2, 3, "http", "this colon is a wide one"),)),
    (
        "wide_colon_between_others",
        "http:\n  port\uff1a 80\n  address: ''\n",
        ((2, 3, "", "this colon is a wide one"),),
    ),
    (
        "no_space_after_the_dash",
        "users:\n  admin:\n    -ada\n",
        ((3, 5, "users.admin", "space is missing after the dash"),),
    ),
    (
        "no_space_after_two_dashes",
        "users:\n  admin:\n  -ada\n  -bob\n  allowed: [eve]\n",
        ((3, 3, "", "space is missing after the dash"),),
    ),
    ("misspelt_setting_without_its_group", "memry: 2G\n", ((1, 1, "memry", "did you mean limits.memory?"),)),
    ("colon_too_many", "http: port: 80\n", ((1, 11, "", "colon"),)),
    ("no_space_after_colon", "http:\n  port:80\n", ((2, 3, "http", "a space is missing after the colon"),)),
    ("quotes_left_open", "http:\n  address: '10.0.0.1\n  port: 80\n", ((2, 12, "", "quotes"),)),
    ("bracket_left_open", "users:\n  admin: [ada, grace\n", ((2, 10, "", "bracket"),)),
    ("brace_left_open", "http: {port: 80\nlimits:\n  cpu: 1\n", ((1, 7, "", "bracket"),)),
    ("bracket_too_many", "users:\n  admin: []]\n", ((2, 12, "", "indentation and brackets"),)),
    ("indented_too_far", "http:\n  port: 80\n    address: ''\n", ((3, 12, "", "colon"),)),
    ("indented_too_little", "http:\n    port: 80\n  address: ''\n", ((3, 3, "", "indentation"),)),
    ("list_on_the_same_line", "users:\n  admin: - ada\n", ((2, 10, "", "line of its own"),)),
    ("at_sign", "users:\n  admin:\n    - @ada\n", ((3, 7, "", "put the value in quotes"),)),
    ("percent_sign", "base_url: %x\n", ((1, 11, "", "put the value in quotes"),)),
    ("star_as_a_name", "users:\n  allowed:\n    - *everyone\n", ((3, 7, "", "anchor"),)),
    ("backslash_in_quotes", 'base_url: "\\q"\n', ((1, 11, "", "single quotes"),)),
    ("two_documents", "http:\n  port: 80\n---\nlimits:\n  cpu: 1\n", ((3, 1, "", "second document"),)),
    ("merge_conflict", "<<<<<<< HEAD\nhttp:\n  port: 80\n", ((1, 1, "", "colon"),)),
    ("merge_of_a_number", "<<: 3\n", ((1, 5, "", "<< takes a group"),)),
    ("merge_into_itself", "http: &h\n  <<: *h\n  port: x\n", ((3, 9, "http.port", "not a whole number"),)),
    (
        "list_in_itself",
        "users:\n  admin: &a\n    - *a\n",
        ((2, 10, "users.admin", "entry 1 takes text, not a list"),),
    ),
    ("nested_without_end", "[" * 20_000, ((1, None, "", "nested far too deeply"),)),
    ("control_character", "http:\n  address: \x01\n", ((2, 12, "", "U+0001"),)),
    ("code_beyond_unicode", 'base_url: "\\UFFFFFFFF"\n', ((1, None, "", "not valid YAML"),)),
    ("another_language", "[http]\nport = 80\n", ((2, 1, "", "write settings as key: value"),)),
    ("json_with_a_mistake", '{"http": {"port": 80,,}}\n', ((1, 22, "", "not valid YAML"),)),
    # what is no text
    ("latin_1", "# für alle\nusers:\n  admin: [jürgen]\n".encode("latin-1"), ((1, 4, "", "save the file as UTF-8"),)),
    ("utf_16", "http:\n  port: 80\n".encode("utf-16"), ((1, 1, "", "saved as UTF-16"),)),
    ("binary", b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe\n", ((1, 10, "", "not a text file"),)),
    ("zeros", b"http:\n\0\0\0\0", ((2, 1, "", "U+0000"),)),
    ("huge", "# " + "x" * 2**20, ((1, None, "", "larger than 1 MiB"),)),
    # several at once: every problem in one run
    (
        "everything_wrong",
        "htp:\n  port: 80\nlimits:\n  memory: much\n  cpu: none\n  cpu: 1\nusers:\n  admin: ada\nbase_url: /a b/\n",
        (
            (1, 1, "htp", "did you mean http?"),
            (4, 11, "limits.memory", "much is not"),
            (5, 8, "limits.cpu", "none is not"),
            (6, 3, "limits.cpu", "twice"),
            (8, 10, "users.admin", "takes a list"),
            (9, 11, "base_url", "single slashes"),
        ),
    ),
    # ways to log in, groups, folders, services, https: what the rest of the model wants, and YAML's darker corners
    (
        "misspelt_auth_key",
        "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n  client_secrt: x\n",
        (
            (3, 3, "auth.client_secret", "is missing"),
            (5, 3, "auth.client_secrt", "did you mean"),
        ),
    ),
    ("key_of_another_type", "auth:\n  type: firstuse\n  tenant_id: x\n", ((3, 3, "auth.tenant_id", "goes with"),)),
    (
        "misspelt_group_key",
        "users:\n  groups:\n    biology:\n      membres: [ada]\n",
        ((4, 7, "users.groups.biology.membres", "did you mean"),),
    ),
    (
        "misspelt_limit_of_a_group",
        "users:\n  groups:\n    biology:\n      limits:\n        memmory: 2G\n",
        ((5, 9, "users.groups.biology.limits.memmory", "did you mean"),),
    ),
    (
        "misspelt_shared_folder_key",
        "shared_folders:\n  data:\n    writeable: true\n",
        ((3, 5, "shared_folders.data.writeable", "did you mean"),),
    ),
    (
        "misspelt_service_key",
        "services:\n  managed:\n    grader:\n      comand: [/bin/x]\n      api_token: t\n",
        ((4, 7, "services.managed.grader.comand", "did you mean"),),
    ),
    (
        "misspelt_letsencrypt",
        "https:\n  letsencript:\n    email: a@example.org\n",
        ((2, 3, "https.letsencript", "did you mean"),),
    ),
    ("misspelt_metrics", "metrics:\n  pubic: true\n", ((2, 3, "metrics.pubic", "did you mean"),)),
    ("misspelt_announcement", "anouncement: hello\n", ((1, 1, "anouncement", "did you mean"),)),
    (
        "frames_without_https",
        "external_url: http://h.example.org/\nframe_ancestors: [https://moodle.example.org]\n",
        ((2, 18, "frame_ancestors", "needs https"),),
    ),
    ("frames_everywhere", "frame_ancestors: ['*']\n", ((1, 19, "frame_ancestors", "name each site"),)),
    (
        "frames_with_path",
        "frame_ancestors: [https://moodle.example.org/course]\n",
        ((1, 19, "frame_ancestors", "scheme and name only"),),
    ),
    ("misspelt_external_url", "external-url: https://h.example.org/\n", ((1, 1, "external-url", "did you mean"),)),
    ("misspelt_proxy", "proxy:\n  trust: [127.0.0.1]\n", ((2, 3, "proxy.trust", "did you mean"),)),
    ("auth_as_a_word", "auth: github\n", ((1, 7, "auth", "is a group of settings"),)),
    ("auth_type_left_out", "auth:\n  type:\n", ((2, 3, "auth.type", "has no value"),)),
    ("auth_type_as_a_list", "auth:\n  type: [github]\n", ((2, 9, "auth.type", "not a list"),)),
    ("auth_class_without_module", "auth:\n  type: MyAuthenticator\n", ((2, 9, "auth.type", "is not one of"),)),
    ("auth_class_misspelt", "auth:\n  type: my-package.Class\n", ((2, 9, "auth.type", "is not a class"),)),
    (
        "github_without_its_fields",
        "external_url: https://h.example.org/\nauth:\n  type: github\n",
        (
            (3, 3, "auth.client_id", "is missing"),
            (3, 3, "auth.client_secret", "is missing"),
        ),
    ),
    (
        "file_of_a_trait's_secret_without_its_whole_path",
        "auth:\n  type: native\n  settings:\n    recaptcha_secret: {file: secret}\n",
        ((4, 30, "auth.settings.recaptcha_secret", "takes an absolute path"),),
    ),
    (
        "cilogon_provider_by_its_name",
        "external_url: https://h.example.org/\nauth:\n  type: cilogon\n  client_id: x\n  client_secret: y\n"
        "  identity_providers: [google]\n",
        ((6, 24, "auth.identity_providers", "google is no entity ID"),),
    ),
    *(
        (
            f"oidc_{rule}_groups_without_their_claim",
            "external_url: https://h.example.org/\nauth:\n  type: oidc\n  client_id: x\n  client_secret: y\n"
            "  authorize_url: https://i/a\n  token_url: https://i/t\n  userdata_url: https://i/u\n"
            f"  {rule}_groups: [students]\n",
            ((9, len(rule) + 12, f"auth.{rule}_groups", "needs groups_claim as well"),),
        )
        for rule in ("allowed", "admin")
    ),
    (
        "github_without_external_url",
        "auth:\n  type: github\n  client_id: x\n  client_secret: y\n",
        ((2, 9, "auth.type", "needs "),),
    ),
    (
        "empty_client_id",
        "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: ''\n  client_secret: y\n",
        ((4, 14, "auth.client_id", "is empty"),),
    ),
    (
        "empty_client_secret",
        "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n  client_secret: ''\n",
        ((5, 18, "auth.client_secret", "is empty"),),
    ),
    (
        "client_secret_left_out",
        "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n  client_secret:\n",
        ((5, 3, "auth.client_secret", "is empty"),),
    ),
    (
        "secret_and_file",
        (
            "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n"
            "  client_secret: {value: x, file: /etc/x}\n"
        ),
        ((5, 18, "auth.client_secret", "gives both"),),
    ),
    (
        "secret_file_not_whole",
        (
            "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n"
            "  client_secret: {file: secret}\n"
        ),
        ((5, 25, "auth.client_secret.file", "is not an absolute path"),),
    ),
    (
        "secret_as_a_list",
        "external_url: https://h.example.org/\nauth:\n  type: github\n  client_id: x\n  client_secret: [x]\n",
        ((5, 18, "auth.client_secret", "not a list"),),
    ),
    ("dummy_unknowing", "auth:\n  type: dummy\n", ((2, 9, "auth.type", "lets anybody"),)),
    (
        "dummy_unknowing_but_told",
        "auth:\n  type: dummy\n  i_know_this_is_insecure: false\n",
        ((2, 9, "auth.type", "lets anybody"),),
    ),
    (
        "tmp_for_nobody",
        "auth:\n  type: tmp\n  allow_all: false\n",
        ((3, 14, "auth.allow_all", "is not possible here"),),
    ),
    ("ldap_without_a_server", "auth:\n  type: ldap\n  search_base: dc=x\n", ((2, 3, "auth.server", "is missing"),)),
    ("ldap_without_a_place", "auth:\n  type: ldap\n  server: ldap.example.org\n", ((2, 9, "auth.type", "needs "),)),
    (
        "ldap_template_without_a_name",
        "auth:\n  type: ldap\n  server: ldap.example.org\n  user_dns: ['uid=ada,dc=x']\n",
        ((4, 14, "auth.user_dns", "lacks {username}"),),
    ),
    (
        "ldap_user_without_password",
        "auth:\n  type: ldap\n  server: ldap.example.org\n  search_base: dc=x\n  search_user: cn=r\n",
        ((5, 16, "auth.search_user", "as well"),),
    ),
    (
        "ldap_server_as_an_address",
        "auth:\n  type: ldap\n  server: ldaps://ldap.example.org\n  search_base: dc=x\n",
        ((3, 11, "auth.server", "write it alone, such as ldap.example.org"),),
    ),
    (
        "ldap_odd_tls",
        "auth:\n  type: ldap\n  server: l\n  search_base: dc=x\n  tls: always\n",
        ((5, 8, "auth.tls", "is not one of"),),
    ),
    (
        "oidc_url_without_scheme",
        (
            "external_url: https://h.example.org/\nauth:\n  type: oidc\n  client_id: x\n"
            "  client_secret: y\n  authorize_url: login.example.org\n"
            "  token_url: https://l.example.org/t\n  userdata_url: https://l.example.org/u\n"
        ),
        ((6, 18, "auth.authorize_url", "is not an address"),),
    ),
    (
        "okta_domain_as_an_address",
        (
            "external_url: https://h.example.org/\nauth:\n  type: okta\n  client_id: x\n"
            "  client_secret: y\n  domain: https://school.okta.com\n"
        ),
        ((6, 11, "auth.domain", "is not a domain"),),
    ),
    (
        "cilogon_without_providers",
        (
            "external_url: https://h.example.org/\nauth:\n  type: cilogon\n  client_id: x\n"
            "  client_secret: y\n  identity_providers: []\n"
        ),
        ((6, 23, "auth.identity_providers", "at least"),),
    ),
    (
        "native_password_too_short",
        "auth:\n  type: native\n  minimum_password_length: 4\n",
        ((3, 28, "auth.minimum_password_length", "at least"),),
    ),
    (
        "pam_service_with_a_slash",
        "auth:\n  type: pam\n  service: ../login\n",
        ((3, 12, "auth.service", "is no name of a PAM service"),),
    ),
    (
        "group_that_is_not_there",
        "shared_folders:\n  data:\n    groups:\n      - biology\n",
        ((4, 9, "shared_folders.data.groups", "is not a group of"),),
    ),
    (
        "group_with_capitals",
        "users:\n  groups:\n    Biology:\n      members: [ada]\n",
        ((3, 5, "users.groups.Biology", "must be small letters"),),
    ),
    (
        "group_with_a_space",
        "users:\n  groups:\n    'biology 101': {}\n",
        ((3, 5, "users.groups.biology 101", "must be small letters"),),
    ),
    (
        "group_as_a_list",
        "users:\n  groups:\n    biology: [ada, grace]\n",
        ((3, 14, "users.groups.biology", "is a group of settings"),),
    ),
    ("groups_as_a_list", "users:\n  groups:\n    - biology\n", ((3, 5, "users.groups", "takes names"),)),
    (
        "group_twice_over",
        "users:\n  groups:\n    biology: {members: [ada]}\n    biology: {members: [bob]}\n",
        ((4, 5, "users.groups.biology", "is given twice"),),
    ),
    (
        "group_folder_twice_over",
        "users:\n  groups:\n    data: {shared_folder: true}\nshared_folders:\n  data: {path: /srv/x}\n",
        ((3, 27, "users.groups.data.shared_folder", "already"),),
    ),
    (
        "user_limits_in_other_letters",
        "limits:\n  users:\n    Ada: {cpu: 1}\n    ada: {cpu: 2}\n",
        ((4, 5, "limits.users.ada", "is given twice"),),
    ),
    ("user_limit_of_a_bad_name", "limits:\n  users:\n    a/b: {cpu: 1}\n", ((3, 5, "limits.users.a/b", "slash"),)),
    (
        "user_limit_too_small",
        "limits:\n  users:\n    ada:\n      memory: 1M\n",
        ((4, 15, "limits.users.ada.memory", "at least"),),
    ),
    ("too_few_processes", "limits:\n  processes: 10\n", ((2, 14, "limits.processes", "at least"),)),
    ("no_open_servers", "limits:\n  open_servers: 0\n", ((2, 17, "limits.open_servers", "at least"),)),
    ("share_over_everything", "limits:\n  total_memory: 120%\n", ((2, 17, "limits.total_memory", "at most"),)),
    ("reserve_of_everything", "limits:\n  reserve: 95%\n", ((2, 12, "limits.reserve", "at most"),)),
    (
        "unix_name_without_a_name",
        "users:\n  unix_name: student\n",
        ((2, 14, "users.unix_name", "prefix of small letters"),),
    ),
    (
        "accounts_of_the_machine_for_everybody",
        "auth: {type: firstuse, allow_all: true}\nusers: {unix_name: '{name}'}\n",
        ((2, 20, "users.unix_name", "anybody could choose"),),
    ),
    (
        "accounts_of_the_machine_for_open_signup",
        "auth: {type: native, open_signup: true}\nusers: {unix_name: '{name}'}\n",
        ((2, 20, "users.unix_name", "anybody could choose"),),
    ),
    (
        "accounts_of_the_machine_for_no_proof",
        "auth: {type: dummy, i_know_this_is_insecure: true}\nusers: {unix_name: '{name}'}\n",
        ((2, 20, "users.unix_name", "anybody could choose"),),
    ),
    (
        "accounts_of_the_machine_for_random_names",
        "auth: {type: tmp}\nusers: {unix_name: '{name}'}\n",
        ((2, 20, "users.unix_name", "anybody could choose"),),
    ),
    (
        "accounts_of_the_machine_for_everybody_of_a_class",
        "auth: {type: some.package.Class, allow_all: true}\nusers: {unix_name: '{name}'}\n",
        ((2, 20, "users.unix_name", "anybody could choose"),),
    ),
    ("homes_in_the_system", "users:\n  homes: /etc/homes\n", ((2, 10, "users.homes", "belongs to the system"),)),
    ("homes_not_whole", "users:\n  homes: mnt\n", ((2, 10, "users.homes", "is not an absolute path"),)),
    (
        "half_a_certificate",
        "https:\n  enabled: true\n  certificate: /etc/x.pem\n",
        ((3, 16, "https.certificate", "as well"),),
    ),
    ("half_a_key", "https:\n  key: /etc/x.key\n", ((2, 8, "https.key", "as well"),)),
    ("https_without_a_certificate", "https:\n  enabled: true\n", ((2, 12, "https.enabled", "needs "),)),
    (
        "certificate_not_whole",
        "https:\n  enabled: true\n  certificate: x.pem\n  key: /etc/x.key\n",
        ((3, 16, "https.certificate", "is not an absolute path"),),
    ),
    (
        "letsencrypt_without_domains",
        "https:\n  letsencrypt:\n    email: a@example.org\n",
        ((3, 12, "https.letsencrypt.email", "as well"),),
    ),
    (
        "letsencrypt_without_email",
        "https:\n  letsencrypt:\n    domains: [h.example.org]\n",
        ((3, 14, "https.letsencrypt.domains", "as well"),),
    ),
    (
        "email_without_a_host",
        "https:\n  letsencrypt:\n    email: teacher\n    domains: [h.example.org]\n",
        ((3, 12, "https.letsencrypt.email", "is not an e-mail address"),),
    ),
    (
        "domain_with_a_path",
        "https:\n  letsencrypt:\n    email: a@example.org\n    domains: [h.example.org/x]\n",
        ((4, 15, "https.letsencrypt.domains", "is not a domain"),),
    ),
    (
        "domain_of_numbers",
        "https:\n  letsencrypt:\n    email: a@example.org\n    domains:\n      - 10.0.0.1\n",
        ((5, 9, "https.letsencrypt.domains", "is not a domain"),),
    ),
    (
        "same_port_twice",
        "http: {port: 8443}\nhttps: {enabled: true, port: 8443, certificate: /etc/x, key: /etc/y}\n",
        ((2, 30, "https.port", "8443 is also http.port; choose another"),),
    ),
    ("network_as_a_name", "proxy:\n  trusted: [localhost]\n", ((2, 13, "proxy.trusted", "is not an IP address"),)),
    (
        "network_too_long",
        "proxy:\n  trusted:\n    - 10.0.0.0/40\n",
        ((3, 7, "proxy.trusted", "is not an IP address"),),
    ),
    (
        "external_url_without_scheme",
        "external_url: hub.example.org\n",
        ((1, 15, "external_url", "is not an address"),),
    ),
    (
        "external_url_of_another_path",
        "external_url: https://h.example.org/a/\nbase_url: /b/\n",
        ((1, 15, "external_url", "is not base_url"),),
    ),
    (
        "external_url_with_a_query",
        "external_url: https://h.example.org/?x=1\n",
        ((1, 15, "external_url", "is not an address"),),
    ),
    (
        "variable_with_a_dash",
        "user_environment:\n  environment:\n    MY-VAR: x\n",
        ((3, 5, "user_environment.environment.MY-VAR", "letters, digits and underscores"),),
    ),
    (
        "variable_of_a_list",
        "user_environment:\n  environment:\n    A: [x]\n",
        ((3, 8, "user_environment.environment.A", "not a list"),),
    ),
    (
        "variable_without_a_value",
        "user_environment:\n  environment:\n    A:\n",
        ((3, 5, "user_environment.environment.A", "has no value"),),
    ),
    (
        "variables_as_a_list",
        "user_environment:\n  environment:\n    - A=x\n",
        ((3, 5, "user_environment.environment", "takes names"),),
    ),
    (
        "variable_of_the_server",
        "user_environment:\n  environment:\n    PATH: /opt/bin\n",
        ((3, 5, "user_environment.environment.PATH", "is set by the server"),),
    ),
    ("path_as_a_word", "user_environment:\n  path: /opt/bin\n", ((2, 9, "user_environment.path", "takes a list"),)),
    (
        "working_directory_above",
        "user_environment:\n  working_directory: ../x\n",
        ((2, 22, "user_environment.working_directory", "a folder below the home"),),
    ),
    (
        "folder_with_dots",
        "shared_folders:\n  data:\n    path: /srv/../etc\n",
        ((3, 11, "shared_folders.data.path", "may not contain .."),),
    ),
    (
        "folder_of_the_system",
        "shared_folders:\n  data:\n    path: /usr/share\n",
        ((3, 11, "shared_folders.data.path", "belongs to the system"),),
    ),
    (
        "folder_of_a_program",
        "shared_folders:\n  data:\n    path: /var/lib/dpkg\n",
        ((3, 11, "shared_folders.data.path", "is where programs keep their own files"),),
    ),
    (
        "folder_of_a_bad_name",
        "shared_folders:\n  my/data: {}\n",
        ((2, 3, "shared_folders.my/data", "must be small letters"),),
    ),
    (
        "folder_as_a_path",
        "shared_folders:\n  data: /srv/data\n",
        ((2, 9, "shared_folders.data", "is a group of settings"),),
    ),
    (
        "two_folders_in_one_place",
        "shared_folders:\n  a: {path: /srv/x}\n  b: {path: /srv/x}\n",
        ((3, 13, "shared_folders.b.path", "/srv/x is the place of a"),),
    ),
    (
        "homes_in_the_place_of_a_folder",
        "users: {homes: /srv/d}\nshared_folders:\n  d: {path: /srv/d/}\n",
        ((1, 16, "users.homes", "/srv/d is, or is inside, the shared folder d"),),
    ),
    (
        "homes_inside_a_folder",
        "shared_folders:\n  d: {path: /srv/d}\nusers:\n  homes: /srv/d/h\n",
        ((4, 10, "users.homes", "/srv/d/h is, or is inside, the shared folder d"),),
    ),
    (
        "homes_inside_the_folder_of_a_group",
        "users:\n  homes: /srv/littlest/bees\n  groups:\n    bees: {shared_folder: true}\n",
        ((2, 10, "users.homes", "the shared folder bees; choose another place"),),
    ),
    (
        "service_of_a_taken_name",
        "services:\n  managed:\n    idle-culler: {command: [/bin/x]}\n",
        ((3, 5, "services.managed.idle-culler", "already"),),
    ),
    (
        "service_without_a_command",
        "services:\n  managed:\n    grader: {url: 'http://127.0.0.1:9'}\n",
        ((3, 13, "services.managed.grader", "needs "),),
    ),
    (
        "service_command_not_whole",
        "services:\n  managed:\n    grader:\n      command: [grader]\n",
        ((4, 17, "services.managed.grader.command", "is not an absolute path"),),
    ),
    (
        "service_url_with_a_user",
        "services:\n  managed:\n    grader:\n      command: [/bin/x]\n      url: http://me@127.0.0.1:9\n",
        ((5, 12, "services.managed.grader.url", "is not an address"),),
    ),
    ("metrics_token_left_out", "metrics:\n  token:\n", ((2, 3, "metrics.token", "is empty"),)),
    ("announcement_too_long", f"announcement: {'x' * 501}\n", ((1, 15, "announcement", "at most"),)),
    ("announcement_over_two_lines", "announcement: one\n  two\n", ((1, 15, "announcement", "more than one line"),)),
    (
        "trait_without_its_class",
        "jupyterhub:\n  shutdown_on_logout: true\n",
        ((2, 23, "jupyterhub.shutdown_on_logout", "takes names"),),
    ),
    ("class_as_a_list", "jupyterhub: [JupyterHub]\n", ((1, 13, "jupyterhub", "takes names"),)),
    (
        "traits_in_themselves",
        "jupyterhub:\n  JupyterHub: &a\n    x: *a\n",
        ((2, 15, "jupyterhub.JupyterHub.x", "nested too deeply"),),
    ),
    ("merge_of_an_unknown_anchor", "limits:\n  <<: *nothing\n", ((2, 7, "", "anchor that does not"),)),
    (
        "merge_of_a_list_of_words",
        "limits:\n  <<: [a, b]\n",
        (
            (2, 8, "limits", "<< takes"),
            (2, 11, "limits", "<< takes"),
        ),
    ),
    (
        "anchors_without_end",
        (
            "jupyterhub:\n  A:\n    a: &a [x,x,x,x,x,x,x,x,x]\n"
            "    b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
            "    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n    e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
            "    f: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
        ),
        (
            (7, 8, "jupyterhub.A.e", "50000"),
            (8, 8, "jupyterhub.A.f", "50000"),
        ),
    ),
    (
        "conflicts_beside_other_problems",
        (
            "http: {port: 0}\nhttps: {enabled: true}\nshared_folders:\n"
            "  data: {groups: [biology]}\nexternal_url: https://h.example.org/a/\n"
            "base_url: /b/\nauth: {type: githib}\n"
        ),
        (
            (1, 14, "http.port", "at least"),
            (2, 18, "https.enabled", "needs "),
            (4, 19, "shared_folders.data.groups", "is not a group of"),
            (5, 15, "external_url", "is not base_url"),
            (7, 14, "auth.type", "did you mean"),
        ),
    ),
    (
        "utf_16_without_a_mark",
        b"h\x00t\x00t\x00p\x00:\x00\n\x00 \x00 \x00p\x00o\x00r\x00t\x00:\x00 \x008\x000\x00\n\x00",
        ((1, 2, "", "U+0000"),),
    ),
    ("latin_1_in_a_comment", b"# \xe9\n", ((1, 3, "", "save the file as UTF-8"),)),
    ("half_a_character", b"announcement: \xe2\x82\n", ((1, 15, "", "save the file as UTF-8"),)),
    (
        "deep_lists",
        f"jupyterhub: {{A: {{b: {'[' * 40}{']' * 40}}}}}\n",
        ((1, 21, "jupyterhub.A.b", "nested too deeply"),),
    ),
    (
        "tab_after_a_dash",
        "users:\n  admin:\n  -\tada\n\t- bob\n",
        ((3, 4, "", "indent with spaces"),),
    ),
    ("tag_on_a_list", "users:\n  admin: !!set {ada}\n", ((2, 10, "users.admin", "means nothing here"),)),
    ("binary_tag", "announcement: !!binary aGVsbG8=\n", ((1, 15, "announcement", "means nothing here"),)),
    (
        "merge_of_keys_for_elsewhere",
        "limits: &x\n  memory: 2G\n  cpu: 1\nhttp:\n  port: 82\n  <<: *x\n",
        ((6, 3, "http.memory", "<< brings here; did you mean limits.memory?"), (6, 3, "http.cpu", "limits.cpu")),
    ),
    (
        "merge_of_limits_of_the_whole_server_for_a_group",
        "limits: &x {memory: 2G, total_memory: 80%}\nusers: {groups: {bio: {limits: {<<: *x}}}}\n",
        ((2, 33, "users.groups.bio.limits.total_memory", "<< brings here"),),
    ),
    # several mistakes of which one keeps the file from being YAML: the others are named in the next run
    (
        "tabs_and_more",
        "http:\n\tport: 80\nlimits:\n\tmemory: 2G\nbase_url: @x\nmemry: 1\n",
        ((2, 1, "", "indent with spaces"),),
    ),
    (
        "tabs_in_a_file_of_wide_indents_and_windows_line_ends",
        "http:\r\n    port: 0\r\n\taddress: ''\r\nlimits:\r\n\tcpu: 1\r\n\tprocesses: 1\r\nbase_url: /a b/\r\n",
        ((3, 1, "", "indent with spaces"),),
    ),
    (
        "indentation_and_more",
        "limits:\n  memory: 64M\n   cpu: 1\n  processes: 1\nhttp:\n  port: 80\n address: ''\nusers: ada\n",
        ((3, 7, "", "colon does not fit"),),
    ),
    (
        "quotes_that_a_later_line_closes",
        "http:\n  address: '10.0.0.1\n  port: 80\nusers:\n  admin: ['ada']\nlimits:\n  cpu: x\n",
        ((2, 12, "", "quotes that open here are closed only on line 5"),),
    ),
    (
        "apostrophe_in_quotes_and_more",
        "announcement: 'it's 10'\nlimits:\n  cpu: x\n",
        ((1, 19, "", "does not fit"),),
    ),
    (
        "two_brackets_left_open",
        "users:\n  admin: [ada # who\n  allowed: [bob\nlimits:\n  cpu: x\n",
        ((2, 10, "", "not closed with ]"),),
    ),
    (
        "two_unknown_anchors",
        "users:\n  admin: *a\n  allowed: [*b]\nbase_url: '/a b/'\n",
        ((2, 10, "", "begins with * refers"),),
    ),
    (
        "pair_of_which_one_is_not_yaml",
        "https:\n  enabled: true\n  certificate /etc/x.pem\n  key: /etc/x.key\n  port: 0\n",
        ((3, 3, "", "lacks a colon"),),
    ),
    (
        "group_that_is_not_yaml",
        "users:\n  groups\n    biology: {}\nshared_folders:\n  data: {groups: [biology]}\nmetrics: {pubic: true}\n",
        ((2, 3, "", "lacks a colon"),),
    ),
    (
        "control_characters_and_more",
        "http:\n  address: \x01\x02\nbase_url: \x03\nmemry: 1\n",
        ((2, 12, "", "U+0001"),),
    ),
    (
        "latin_1_and_more",
        "http:\n  port: 0\nusers:\n  admin: [j\xfcrgen]\n  alowed: [\xfc/]\nlimits:\n\tcpu: 1\n".encode("latin-1"),
        ((4, 12, "", "0xfc is not UTF-8"),),
    ),
    (
        "documents_and_more",
        "http:\n  port: 0\n---\nlimits:\n  cpu: x\n",
        ((3, 1, "", "second document"),),
    ),
    (
        "bracket_around_everything",
        "{http: {port: 0},, limits: {cpu: x},\nusers: []}\n",
        ((1, 18, "", "not valid YAML"),),
    ),
    (
        "service_without_a_colon",
        "services:\n  managed:\n    grader:\n      command [/bin/x]\n",
        ((4, 7, "services.managed.grader", "a colon is missing after command"),),
    ),
)
BAD_FILES = tuple(
    BadFile(name, content, tuple(Expected(*problem) for problem in problems)) for name, content, problems in _ENTRIES
)

_REFERENCES: tuple[tuple[str, str, tuple[_Problem, ...]], ...] = (
    (
        "certificate_that_is_not_there",
        "https:\n  enabled: true\n  certificate: /etc/no.pem\n  key: /etc/no.key\n",
        (
            (3, 16, "https.certificate", "there is no file /etc/no.pem"),
            (4, 8, "https.key", "there is no file /etc/no.key"),
        ),
    ),
    (
        "secret_that_is_not_there",
        "metrics:\n  token: {file: /etc/no-token}\n",
        ((2, 17, "metrics.token.file", "there is no file /etc/no-token"),),
    ),
    (
        "secret_that_is_a_folder",
        "metrics:\n  token:\n    file: /etc\n",
        ((3, 11, "metrics.token.file", "/etc"),),
    ),
    (
        "service_whose_program_is_not_there",
        "services:\n  managed:\n    grader:\n      command: [/opt/no/grader]\n",
        ((4, 17, "services.managed.grader.command", "/opt/no/grader"),),
    ),
)
BAD_REFERENCES = tuple(
    BadFile(name, content, tuple(Expected(*problem) for problem in problems))
    for name, content, problems in _REFERENCES
)
"""Files that are valid in themselves, and name something that this machine does not have."""

BAD_PLACES = (
    BadPlace("folder", "mkdir config.yaml", "Is a directory"),
    BadPlace("link_to_itself", "ln -s config.yaml config.yaml", "Too many levels of symbolic links"),
    BadPlace(
        "links_in_a_circle", "ln -s other config.yaml && ln -s config.yaml other", "Too many levels of symbolic links"
    ),
    BadPlace("named_pipe", "mkfifo config.yaml", "a pipe or a device, not a file"),
    BadPlace("device_without_end", "ln -s /dev/zero config.yaml", "a pipe or a device, not a file"),
    BadPlace("file_of_root", "install -m 600 /dev/null config.yaml", "Only root may read", exit=77, account="nobody"),
)
"""What `littlest config validate` says of each to that account."""
