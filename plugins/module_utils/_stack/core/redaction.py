"""Hide secrets in text: the one place that knows what a secret looks like.

Hidden are the user and password of an address and the values of its query, HTTP headers with
credentials, passwords of Ansible, variables and tokens whose form says that they are secret, and
values that are known to be secret, also percent-encoded and in Base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote, quote_plus, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "***"
# A shorter value is a word that appears anywhere.
SHORTEST = 8
# Parameters of a query that are no secret; the value of every other one is hidden.
_HARMLESS = frozenset(
    ("service", "page", "per_page", "state", "tags", "project", "id", "v", "version", "download")
)
# The first part of ssh://git@example.org is no secret.
_NAMES_A_USER = ("ssh", "git+ssh", "rsync", "sftp")
_ADDRESS = re.compile(
    r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]{0,20}):(?P<slashes>\\?/\\?/)(?P<rest>[^\s\"'<>`|]+)"
)
# A password may contain a slash that should have been encoded; a port is no password.
_USER = re.compile(r"[^/?#\\]*@|[^/?#@:\\\[]*:(?!\d{1,5}(?:[/\\?#]|$))[^@]*@")
_QUERY = re.compile(r"(?P<name>[^=&;#?]*)=(?P<value>[^&;#]*)")
_PARAMETER = re.compile(r"(?P<kept>[?&#;](?P<name>[\w.%-]{1,80})=)[^&#\s\"'<>]+")
_HEADERS = (
    re.compile(
        r"(?P<kept>\b(?:authorization|x-auth-token|x-api-key|private-token|job-token)"
        r"[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?:(?:basic|bearer|digest|token|negotiate)\s{1,9})?)[^\s\"']+",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<kept>\bcookie[\"']?\s{0,9}:\s{0,9}[\"']?)[^\r\n\"']+", re.IGNORECASE),
    re.compile(r"(?P<kept>\bbearer\s{1,9})[A-Za-z0-9._~+/-]{12,}=*", re.IGNORECASE),
)
_BASIC = re.compile(r"(?P<kept>\bbasic\s{1,9})(?P<value>[A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)
# NAME=VALUE, NAME: VALUE and "NAME": "VALUE", the last one also inside of a text.
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\\\"(?:[^\"\\]|\\[^\"])*\\\""
_IS = rf"\\?[\"']?(?:\s{{0,9}}[:=]\s{{0,9}}(?P<quoted>{_QUOTED})"
_PASSWORD = re.compile(
    rf"(?P<name>\bansible_\w{{0,40}}?pass\w{{0,20}}){_IS}"
    r"|(?P<is>:[ \t]{1,9})[^\n\"',}]+|(?P<equals>\s{0,9}=\s{0,9})[^\s\"']+)"
)
_VARIABLE = re.compile(
    r"(?P<name>\b[A-Z0-9_]{0,60}?(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY)[A-Z0-9_]{0,20})"
    rf"{_IS}|(?P<equals>=)[^\s\"']+)"
)
_PARAMETER_NAME = re.compile(
    r"token|secret|signature|\bsig\b|passw(?:or)?d|credential|api_?key|access_?key|jwt",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|hf_[A-Za-z0-9]{16,}|glpat-[\w-]{16,})"
)
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PASS$|API_?KEY|ACCESS_?KEY|AUTHORIZATION",
    re.IGNORECASE,
)
# The user and password of an address, also of a proxy without a scheme.
_IN_ADDRESS = re.compile(r"(?:^|[\s,=])(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?P<user>[^\s/?#]+)@")
_CREDENTIALS = re.compile(r"\b(?:basic|bearer|token)\s+(?P<value>\S+)", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return text without what looks like a secret."""
    lowered = text.lower()
    if "://" in text or ":\\/" in text:
        text = _ADDRESS.sub(_address, text)
    if "=" in text:
        text = _PARAMETER.sub(_parameter_alone, text)
    if any(word in lowered for word in ("authorization", "token", "api-key", "cookie", "bearer")):
        for pattern in _HEADERS:
            text = pattern.sub(rf"\g<kept>{HIDDEN}", text)
    if "basic" in lowered:
        text = _BASIC.sub(_basic, text)
    if any(word in lowered for word in ("pass", "token", "secret", "key")):
        text = _VARIABLE.sub(_value, _PASSWORD.sub(_value, text))
        text = _TOKEN.sub(HIDDEN, text)
    elif "_" in text or "glpat-" in text:
        text = _TOKEN.sub(HIDDEN, text)
    return text


def is_clean(address: str) -> bool:
    """Return whether an address has neither user, password nor a query that is not harmless."""
    return redacted(address) == address


def known(values: Iterable[str]) -> Callable[[str], str]:
    """Return a function that hides secrets of any form, and these values in each way of writing."""
    forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
    if not forms:
        return redacted
    longest_first = sorted(forms, key=len, reverse=True)
    pattern = re.compile("|".join(map(_pattern, longest_first)))
    return lambda text: pattern.sub(HIDDEN, redacted(text))


def plain(value: Any, hide: Callable[[str], str] = redacted) -> Any:  # noqa: ANN401  (JSON data)
    """Return plain data in which every text is without secrets; keys are texts too."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {plain(key, hide): plain(each, hide) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each, hide) for each in value]
    return value


def of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets among variables: tokens by their name, passwords in addresses."""
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and not value.startswith(("/", "~")):
            yield value
        yield from of_text(value)


def of_text(text: str) -> Iterator[str]:
    """Yield the secrets in a text: what follows Basic or Bearer, and passwords in addresses."""
    for found in _CREDENTIALS.finditer(text):
        yield found["value"]
        yield from filter(None, [_decoded(found["value"]).partition(":")[2]])
    for found in _IN_ADDRESS.finditer(text):
        user, colon, password = found["user"].rpartition("//")[2].partition(":")
        yield from {password, unquote(password)} if colon else {user, unquote(user)}
    for found in _ADDRESS.finditer(text):
        _head, _mark, query = found["rest"].partition("?")
        for row in _QUERY.finditer(query):
            if row["name"].lower() not in _HARMLESS:
                yield from {row["value"], unquote(row["value"])}


def _address(found: re.Match[str]) -> str:
    scheme, slashes, rest = found["scheme"], found["slashes"], found["rest"]
    user = _USER.match(rest)
    if user and (":" in user.group() or not scheme.lower().endswith(_NAMES_A_USER)):
        rest = f"{HIDDEN}@{rest[user.end() :]}"
    head, mark, query = rest.partition("?")
    query, hash_, fragment = query.partition("#")
    return f"{scheme}:{slashes}{head}{mark}{_QUERY.sub(_parameter, query)}{hash_}{fragment}"


def _parameter_alone(found: re.Match[str]) -> str:
    """Hide a parameter whose name says that it is secret, wherever it is."""
    secret = _PARAMETER_NAME.search(found["name"])
    return f"{found['kept']}{HIDDEN}" if secret else found.group()


def _parameter(found: re.Match[str]) -> str:
    shown = found["value"] if found["name"].lower() in _HARMLESS else HIDDEN
    return f"{found['name']}={shown}" if found["value"] else found.group()


def _basic(found: re.Match[str]) -> str:
    """Hide what is user:password in Base64; "basic operations" is not."""
    return f"{found['kept']}{HIDDEN}" if ":" in _decoded(found["value"]) else found.group()


def _decoded(text: str) -> str:
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _value(found: re.Match[str]) -> str:
    """Hide what follows the name of a variable, and keep the marks of a quotation."""
    quoted = found["quoted"]
    mark = quoted[: 2 if quoted.startswith("\\") else 1] if quoted else ""
    ends = [found.end(name) for name in ("is", "equals") if name in found.re.groupindex]
    begin = found.start("quoted") if quoted else max(ends)
    return f"{found.group()[: begin - found.start()]}{mark}{HIDDEN}{mark}"


def _pattern(form: str) -> str:
    """Return a pattern of a form; the digits of a percent-encoding may be small."""
    return re.sub(r"%([0-9A-F]{2})", r"%(?i:\1)", re.escape(form))


def _forms(value: str) -> Iterator[str]:
    """Yield how a value is written: as it is, percent-encoded, in JSON, and inside of Base64."""
    yield value
    yield from (quote(value), quote(value, safe=""), quote_plus(value))
    yield json.dumps(value)[1:-1]
    data = value.encode(errors="surrogateescape")
    for before in range(3):
        # Whatever is before and after it, these digits are the same.
        first, last = -(-before * 4 // 3), (before + len(data)) * 4 // 3
        digits = base64.b64encode(bytes(before) + data).decode()[first:last]
        yield digits
        yield digits.replace("+", "-").replace("/", "_")
