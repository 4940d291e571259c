"""Takes out of text and JSON values what must not be kept: credentials always, and for evidence also what tells
one machine or device from another.

``credentials`` looks at values that look like secrets, at pairs such as ``{"name": "API_TOKEN", "value": …}``, at
command-line flags, and at annotations that repeat a whole object. ``identities`` does the same, and takes out
addresses, certificates and serial numbers of devices, out of keys and numbers too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

REMOVED = "<removed>"

_SECRET_WORD = r"(?:password|passwd|passphrase|pwd|secret|token|api[-_.]?key|access[-_.]?key|account[-_.]?key|private[-_.]?key|signing[-_.]?key|secret[-_.]?key|credentials?|bearer|dsn|connection[-_.]?string)"
_SECRET_NAME = re.compile(
    rf"(?:^|.*[-_./A-Za-z]){_SECRET_WORD}(?:[-_.]?(?:value|data|base64|b64|id|\d+))?$", re.IGNORECASE
)
_SECRET_FLAG = re.compile(rf"(?i)^--?[\w.-]*{_SECRET_WORD}$")
_REPEATED_OBJECTS = ("kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original")
_SERIAL_NAME = re.compile(
    r"(?i)(?:^|.*[-_./a-z])(?:serial(?:[-_.]?number)?|uuid|gpu[-_.]?uuid|pci[-_.]?bus[-_.]?id|mac[-_.]?address)s?$"
)

_WORD = re.compile(r"[a-z0-9-]+")  # a name or a number, as most texts are: of all credentials, only keys can be in it
_KEYS = re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|xox[abprs]-|sk-|npm_|AIza|nvapi-)[\w-]{16,}")
_CREDENTIALS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), "<private key>"),
    (re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,60}(?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)[A-Za-z0-9+/=]*"), "<private key>"),
    (re.compile(r"\beyJ[\w-]{6,600}\.[\w-]{6,4000}\.[\w-]*"), "<token>"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 <token>"),
    (_KEYS, "<token>"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "<token>"),
    (re.compile(r"\b(?=[a-z]*\d)[a-z0-9]{6}\.(?=[a-z]*\d)[a-z0-9]{16}\b"), "<token>"),  # of kubeadm, to join a cluster
    (re.compile(rf"(?i)(?<![\w-])(--[\w.-]{{0,60}}?{_SECRET_WORD}\s{{1,3}})[^\s\"'-]\S{{7,}}"), r"\1<removed>"),
    (re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"), "<credentials>"),
    (re.compile(rf"(?i)({_SECRET_WORD}\\?[\"']?\s{{0,3}}[=:]\s{{0,3}})(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'<][^\s,;&]*)"), r"\1<removed>"),
)  # fmt: skip

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_DEVICE = re.compile(r"\b((?:GPU|MIG|CPU|NIC)-)([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_PCI = re.compile(r"\b(?:[0-9a-fA-F]{4,8}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]\b")
_MAC = re.compile(r"\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b")
_SERIAL = re.compile(
    r"(?i)((?:serial(?:[ _-]?(?:number|no))?|uuid|guid|wwn)\\?[\"']?\s{0,9}[=:]\s{0,9}\\?[\"']?)(?![<\s])[\w:.-]{4,200}"
)
_HOST = re.compile(r"\bip-\d{1,3}(?:-\d{1,3}){3}\b")  # a cloud's name for a machine is its address
_IPV4 = re.compile(r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-fA-F:.]{2,45}(?![\w:])")

_PLAIN = (bool, int, float, dt.datetime, type(None))
_SHORT = 200  # what is no longer than this is worth remembering: clusters repeat themselves


class _Rules(NamedTuple):
    scrub: Callable[[str], str]
    is_private: Callable[[str], bool]
    whole: bool  # keys are scrubbed, too, and numbers with a private name go


def credentials(value: Any) -> Any:
    """A copy of a JSON value without credentials; everything else stays as it is."""
    return _walk(value, _Rules(without_credentials, _is_secret_name, whole=False))


def identities(value: Any) -> Any:
    """A copy of a JSON value without credentials, addresses, certificates and serial numbers."""
    return _walk(value, _Rules(without_identities, _is_private_name, whole=True))


def without_credentials(text: str) -> str:
    if len(text) < 8:
        return text
    return _without_credentials_cached(text) if len(text) <= _SHORT else _without_credentials(text)


def without_identities(text: str) -> str:
    text = _PEM.sub("<certificate>", without_credentials(text))
    text = _DEVICE.sub(_device, text)
    text = _PCI.sub("<device>", _MAC.sub("<address>", text))
    text = _HOST.sub("ip-<address>", _SERIAL.sub(r"\1<serial>", text))
    return _IPV4.sub("<address>", _IPV6.sub(_ipv6, text))


def _without_credentials(text: str) -> str:
    if _WORD.fullmatch(text):
        return _KEYS.sub("<token>", text)
    for pattern, instead in _CREDENTIALS:
        text = pattern.sub(instead, text)
    return text


_without_credentials_cached = lru_cache(maxsize=16_384)(_without_credentials)


def _walk(value: Any, rules: _Rules) -> Any:
    kind = type(value)
    if kind is str:
        return rules.scrub(value)
    if kind is dict:
        return _walk_mapping(value, rules)
    if kind in _PLAIN:
        return value
    if isinstance(value, str):
        return rules.scrub(value)
    if isinstance(value, Mapping):
        return _walk_mapping(value, rules)
    if isinstance(value, (list, tuple)):
        return _walk_list(value, rules)
    return value


def _walk_mapping(value: Mapping[Any, Any], rules: _Rules) -> dict[Any, Any]:
    pair = value.get("name")
    secret = value.get("kind") == "Secret"
    named = isinstance(pair, str) and rules.is_private(pair)
    kept: dict[Any, Any] = {}
    for key, item in value.items():
        private = rules.is_private(str(key)) or (named and key == "value")
        place = _key(key, kept, rules) if rules.whole else key
        if key in _REPEATED_OBJECTS:
            kept[place] = REMOVED
        elif secret and key in ("data", "stringData") and isinstance(item, Mapping):
            kept[place] = dict.fromkeys(map(str, item), REMOVED)
        elif private and isinstance(item, Mapping) and item.keys() == {"string"}:  # an attribute of a DRA device
            kept[place] = {"string": _hidden(item["string"], rules)}
        else:
            kept[place] = _private(item, rules) if private else _walk(item, rules)
    return kept


def _key(key: Any, taken: Mapping[Any, Any], rules: _Rules) -> Any:
    """The key, scrubbed; two that look alike then stay two."""
    if not isinstance(key, str):
        return key
    scrubbed = rules.scrub(key)
    place, number = scrubbed, len(taken)
    while place in taken:
        number += 1
        place = f"{scrubbed} {number}"
    return place


def _private(item: Any, rules: _Rules) -> Any:
    if isinstance(item, str) or (rules.whole and isinstance(item, (int, float)) and not isinstance(item, bool)):
        return _hidden(item, rules)
    if rules.whole and isinstance(item, (list, tuple)):
        return [_private(one, rules) for one in item]
    return _walk(item, rules)


def _hidden(value: Any, rules: _Rules) -> str:
    scrubbed = rules.scrub(str(value))
    return scrubbed if value == "" or scrubbed.startswith("<device ") else REMOVED


def _walk_list(value: list[Any] | tuple[Any, ...], rules: _Rules) -> list[Any]:
    kept, after_flag = [], False
    for item in value:
        kept.append(REMOVED if after_flag and isinstance(item, str) else _walk(item, rules))
        after_flag = isinstance(item, str) and len(item) < 100 and _SECRET_FLAG.match(item) is not None
    return kept


@lru_cache(maxsize=16_384)
def _is_secret_name(name: str) -> bool:
    return len(name) < 200 and _SECRET_NAME.match(name) is not None


@lru_cache(maxsize=4096)
def _is_private_name(name: str) -> bool:
    return _is_secret_name(name) or (len(name) < 200 and _SERIAL_NAME.match(name) is not None)


def _device(match: re.Match[str]) -> str:
    # A random UUID cannot be guessed from its digest, and two devices stay two devices.
    return f"<device {match[1]}{hashlib.sha256(match[2].lower().encode()).hexdigest()[:6]}>"


def _ipv6(match: re.Match[str]) -> str:
    candidate = match[0].rstrip(".")
    if candidate.count(":") < 2:
        return match[0]
    try:
        address = ipaddress.IPv6Address(candidate)
    except ValueError:
        return match[0]
    return match[0] if address.is_unspecified else "<address>" + match[0][len(candidate) :]
