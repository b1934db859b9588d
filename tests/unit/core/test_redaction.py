"""What counts as a secret in a text, and in which ways of writing a known one is hidden."""

from __future__ import annotations

import base64
import json
import re
import time
from urllib.parse import quote

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import names, redaction
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.redaction import redacted
from ansible_collections.slowfast.stack.plugins.module_utils._stack.datasets.ava import download
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import request
from support.errors import fails

SECRET = "Pa55/w+rd:x@9"  # noqa: S105
BASIC = base64.b64encode(f"ivy:{SECRET}".encode()).decode()
COMMIT = "a" * 40
# A text with a secret, which is S here, and the text without it.
HIDDEN = [
    ("https://ivy:S@example.org/x.git", "https://***@example.org/x.git"),
    (
        f"slowfast=https://ivy:S@example.org/x@{COMMIT}",
        f"slowfast=https://***@example.org/x@{COMMIT}",
    ),
    ("https://S@example.org/x", "https://***@example.org/x"),
    ("ssh://git:S@example.org/x", "ssh://***@example.org/x"),
    ("http://ivy:a/S@proxy:3128", "http://***@proxy:3128"),
    (r"https:\/\/ivy:S@example.org\/x", r"https:\/\/***@example.org\/x"),
    (
        "fatal: 'https://ivy:S@example.org/x/' not found",
        "fatal: 'https://***@example.org/x/' not found",
    ),
    ("https://a/b?X-Amz-Signature=S&id=3", "https://a/b?X-Amz-Signature=***&id=3"),
    ("https://a/b?whatever=S#x", "https://a/b?whatever=***#x"),
    ("GET /b?id=3&sig=S HTTP/1.1", "GET /b?id=3&sig=*** HTTP/1.1"),
    ("https://a/b#access_token=S", "https://a/b#access_token=***"),
    ("Authorization: Basic S", "Authorization: Basic ***"),
    ("{'Authorization': 'Bearer S'}", "{'Authorization': 'Bearer ***'}"),
    ("Proxy-Authorization: S", "Proxy-Authorization: ***"),
    ("X-Auth-Token: S", "X-Auth-Token: ***"),
    ("Set-Cookie: session=S; path=/", "Set-Cookie: ***"),
    (f"sent Basic {BASIC}", "sent Basic ***"),
    ("ansible_become_password: S and more\nnext: 1", "ansible_become_password: ***\nnext: 1"),
    ("ansible_ssh_pass=S ansible_user=ivy", "ansible_ssh_pass=*** ansible_user=ivy"),
    ('{"ansible_become_pass": "S", "n": 1}', '{"ansible_become_pass": "***", "n": 1}'),
    (r'{"x": "{\"ansible_become_pass\": \"S\"}"}', r'{"x": "{\"ansible_become_pass\": \"***\"}"}'),
    ("HF_TOKEN=S ls", "HF_TOKEN=*** ls"),
    ('"SCW_SECRET_KEY": "S"', '"SCW_SECRET_KEY": "***"'),
    ("hf_abcdefghijklmnopqrst", "***"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
]
KEPT = [
    "ssh://git@example.org/x",
    "git@github.com:facebookresearch/SlowFast",
    f"http://localhost:8080/x@{COMMIT}",
    "http://[::1]:8080/a@b",
    "file:///srv/git/x.git",
    "https://example.org/x/info/refs?service=git-upload-pack",
    "basic operations",
    '{"tokens": 1568, "MASK_TOKEN": 5, "key": "value"}',
    "Set HF_TOKEN, or omit it.",
    "a@b.org: not found",
    "sha256:abc@x",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_what_looks_like_a_secret_is_hidden(text: str, expected: str) -> None:
    assert redacted(re.sub(r"\bS\b", "s3cr3t.value", text)) == expected
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_json_stays_json() -> None:
    data = {
        "url": "https://ivy:s3cr3t@a/b?x=1",
        "ansible_become_password": 'a "quoted" one',
        "HF_TOKEN": "abc",
        "PASSWORD_MIN": 3,
        "nested": json.dumps({"ansible_ssh_pass": "s3cr3t", "Authorization": "Basic abc"}),
    }
    read = json.loads(redacted(json.dumps(data)))
    assert read["url"] == "https://***@a/b?x=***"
    assert (read["ansible_become_password"], read["HF_TOKEN"]) == ("***", "***")
    assert read["PASSWORD_MIN"] == 3
    assert "s3cr3t" not in read["nested"]


WAYS = {
    "plain": SECRET,
    "percent": quote(SECRET, safe=""),
    "percent in small letters": quote(SECRET, safe="").replace("%2F", "%2f").replace("%3A", "%3a"),
    "in JSON": json.dumps(f"{SECRET}"),
    **{
        f"Base64 after {count} bytes": base64.b64encode(
            b"x" * count + SECRET.encode() + b":yz"
        ).decode()
        for count in range(5)
    },
    "Base64 for addresses": base64.urlsafe_b64encode(f"a?>{SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_known_secret_is_hidden_however_it_is_written(way: str) -> None:
    text = WAYS[way]
    shown = redaction.known([SECRET])(f"before {text} after")
    assert "***" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    # What is left of Base64 are the digits that depend on what is beside the secret.
    assert len(shown) < len(f"before {text} after") - len(SECRET) + 8


def test_secrets_of_an_environment_are_found() -> None:
    found = redaction.of_environment(
        {
            "HTTPS_PROXY": "ivy:proxy1234@proxy:3128",
            "UV_INDEX": "own=https://ivy:in%2Fdex@a/simple https://t0ken@b/simple",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {BASIC}",
            "HF_TOKEN": "hf-value",
            "SOME_PASSWORD": "abc",
            "SSH_AUTH_SOCK": "/run/agent",
            "TOKEN_FILE": "/etc/token",
            "HOME": "/root",
        }
    )
    assert set(found) == {
        "proxy1234", "in%2Fdex", "in/dex", "t0ken", BASIC, SECRET, "hf-value", "abc",
    }  # fmt: skip


def test_an_error_has_no_secret_in_any_of_its_parts() -> None:
    url = "https://ivy:s3cr3t@a/b"
    error = StackError(f"{url} failed.", f"`git fetch {url}`", f"Try {url}", code="data.too-large")
    assert "s3cr3t" not in f"{error} {error.labelled()} {error.to_dict()} {error.args}"


@pytest.mark.parametrize(
    "address", ["https://ivy:pw@a/b", "https://token@a/b", "https://a/b?sig=1", "ssh://git:pw@a/b"]
)
def test_an_address_that_is_stored_has_no_secret(address: str) -> None:
    code = "data.secret-in-address"
    with fails(code):
        names.address(address, "url")
    with fails(code):
        request({"sources": {"slowfast": {"url": address}}})
    with fails(code):
        Source("git", url=address, commit=COMMIT)
    with fails(code):
        download.Options(mirror=address)


def test_text_that_is_made_to_be_slow_is_not() -> None:
    texts = [
        "a:" * 100_000, "https://" * 20_000, f"https://{'a:' * 50_000}", "?token" * 30_000,
        "A_TOKEN_" * 20_000, "A" * 200_000, 'ansible_pass\\"' * 20_000, "basic " * 30_000,
        "ansible_" * 30_000, '"' * 100_000, "authorization:" * 20_000, 'ansible_pass="\\' * 9_000,
    ]  # fmt: skip
    begin = time.process_time()
    for text in texts:
        redacted(text)
    assert time.process_time() - begin < 10


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://ivy:pw@a/b", "https://***@a/b"),
        ({"https://ivy:pw@a": ["HF_TOKEN=x", 1]}, {"https://***@a": ["HF_TOKEN=***", 1]}),
        (("HF_TOKEN=x", None), ["HF_TOKEN=***", None]),
        ([{"a": ({"b": "HF_TOKEN=x"},)}], [{"a": [{"b": "HF_TOKEN=***"}]}]),
        (1.5, 1.5),
        (None, None),
        (True, True),
    ],
)
def test_plain_data_is_without_secrets_in_values_and_keys(value: object, expected: object) -> None:
    assert redaction.plain(value) == expected
    assert redaction.plain({"x": "hidden"}, lambda text: text.upper()) == {"X": "HIDDEN"}


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("https://a/b?id=1&page=2", set()),
        ("https://a/b?ID=1&sig=s%2F1&x=#y", {"s%2F1", "s/1", ""}),
        ("https://a/b", set()),
        ("https://ivy:pa%2Fss@a/b", {"pa%2Fss", "pa/ss"}),
        ("https://tok%2Fen@a/b", {"tok%2Fen", "tok/en"}),
        ("x=ivy:pass@proxy:3128", {"pass"}),
        ("a, ivy:pass@proxy", {"pass"}),
        ("mail to ann@example.org", {"ann"}),
        ("Bearer abc, token def", {"abc,", "def"}),
        (f"Basic {BASIC}", {BASIC, SECRET}),
        ("Basic !!!", {"!!!"}),
        # Base64 of a text without a colon has no password.
        ("basic YWJj", {"YWJj"}),
    ],
)
def test_secrets_of_a_text_are_found(text: str, secrets: set[str]) -> None:
    assert set(redaction.of_text(text)) == secrets


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("HF_TOKEN", "abc", True),
        ("my_secret", "abc", True),
        ("PASSWD", "abc", True),
        ("SSH_PASSPHRASE", "abc", True),
        ("ANSIBLE_PASS", "abc", True),
        ("PASSAGE", "abc", False),
        ("API_KEY", "abc", True),
        ("APIKEY", "abc", True),
        ("AWS_ACCESS_KEY_ID", "abc", True),
        ("AUTHORIZATION", "abc", True),
        ("CREDENTIALS", "abc", True),
        ("HF_TOKEN", "/root/token", False),
        ("HF_TOKEN", "~/token", False),
        ("EDITOR", "vi", False),
    ],
)
def test_which_variables_are_secret(name: str, value: str, *, found: bool) -> None:
    assert list(redaction.of_environment({name: value})) == ([value] if found else [])


def test_a_short_value_is_a_word_and_not_hidden_everywhere() -> None:
    hide = redaction.known(["1234567", "12345678"])
    assert hide("1234567 12345678") == "1234567 ***"
    assert redaction.known(["1234567"]) is redaction.redacted
    # Of two secrets one of which begins with the other, nothing is left.
    assert redaction.known(["abcdefgh", "abcdefghij"])("abcdefghij") == "***"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("basic YWJjOmRlZg==", "basic ***"),
        ("basic YWJjOmRlZg", "basic ***"),
        ("basic YWJjZGVm", "basic YWJjZGVm"),
        ("basic Pz8_Oi0-", "basic ***"),
        ("Bearer abcdefghijk", "Bearer abcdefghijk"),
        ("Bearer abcdefghijkl", "Bearer ***"),
        ("glpat-abcdefghijklmnop", "***"),
        ("glpat-abcdefghijklmno", "glpat-abcdefghijklmno"),
        ("https://a/b?x=&y=1&page=2", "https://a/b?x=&y=***&page=2"),
        (
            "ssh://git@a/b ssh://x:y@a/b http://git@a/b",
            "ssh://git@a/b ssh://***@a/b http://***@a/b",
        ),
        ("git+ssh://git@a/b sftp://u@a RSYNC://u@a", "git+ssh://git@a/b sftp://u@a RSYNC://u@a"),
        ("http://a:65535/b@c http://a:655350/b@c", "http://a:65535/b@c http://***@c"),
        ("A_TOKEN: 'x' B_TOKEN=\"y\"", "A_TOKEN: '***' B_TOKEN=\"***\""),
    ],
)
def test_where_a_secret_begins_and_ends(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://a/b", True),
        ("https://a/b?version=1", True),
        ("https://a/b?other=1", False),
        ("ssh://git@a/b", True),
        ("/srv/git", True),
    ],
)
def test_which_addresses_are_clean(address: str, *, clean: bool) -> None:
    assert redaction.is_clean(address) == clean


def test_a_known_secret_is_hidden_in_json_from_its_first_sign_to_its_last() -> None:
    for secret in ('"abcdefgh', 'abcdefgh"', '"abc\\defg"'):
        assert redaction.known([secret])(json.dumps(f"<{secret}>")) == '"<***>"'


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("length", range(8, 14))
def test_of_base64_every_digit_is_hidden_that_depends_on_the_secret_alone(
    before: int, length: int
) -> None:
    secret = bytes(range(200, 200 + length)).decode("latin-1")
    data = secret.encode()
    digits = base64.b64encode(b"x" * before + data + b"yz").decode()
    first, last = -(-before * 4 // 3), (before + len(data)) * 4 // 3
    # Whatever is before it only counts by its remainder.
    shown = redaction.known([secret])(digits)
    assert shown == f"{digits[:first]}***{digits[last:]}"
