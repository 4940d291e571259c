from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit import redact

GPU = "GPU-5a2b8f6c-1111-2222-3333-444455556666"
OTHER_GPU = "GPU-5a2b8f6c-1111-2222-3333-444455556667"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nhush\n-----END RSA PRIVATE KEY-----"

SECRETS = [
    "Authorization: Bearer hushhushhush",
    f"before {KEY} after",
    "-----BEGIN PRIVATE KEY-----\nhush without an end",
    "token=hush",
    "HF_TOKEN: 'hush hush'",
    '{"password":"hush"}',
    "postgres://me:hush@db:5432/x",
    "--api-key=hush",
    "secret = hush",
    "kubeadm join --token hushhushhush",
    "kubeadm join with hush12.hushhushhush1234",
    "--client-secret  hushhushhush --verbose",
    *(f"{prefix}hushhushhushhushhush" for prefix in ("ghp_", "hf_", "glpat-", "sk-", "nvapi-")),
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_credential_goes(text: str) -> None:
    assert "hush" not in redact.without_credentials(text)


@pytest.mark.parametrize("before", ["", "x", "xx"])
def test_a_private_key_in_base64_goes(before: str) -> None:
    encoded = base64.b64encode(f"-----BEGIN {before}PRIVATE KEY-----\nsecret stuff\n".encode()).decode()
    assert redact.without_credentials(f"key: {encoded}") == "key: <private key>"
    certificate = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nno secret\n").decode()
    assert redact.without_credentials(certificate) == certificate


def test_a_json_web_token_goes() -> None:
    assert redact.without_credentials("a eyJhbGciOiJS.eyJpc3MiOiJr.c2lnbmF0dXJl b") == "a <token> b"


@pytest.mark.parametrize(
    "text",
    [
        "the secret my-tls does not exist",
        "--max-tokens=512 --tokenizer=mistral",
        "nvidia.com/gpu: 8",
        "Insufficient memory: 3 nodes",
        "https://host:6443/path@x",
        "name it with --token or --password",
        "seatrial prove --token-file keys.txt",
        "worker1.abcdefghijklmnop",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert redact.without_credentials(text) == text


def test_structures_keep_their_shape() -> None:
    value: dict[str, Any] = {
        "env": [{"name": "API_TOKEN", "value": "hush"}, {"name": "MODE", "value": "fast"}],
        "args": ["--token", "hush", "--verbose", "kept", "--password=hush"],
        "volume": {"secret": {"secretName": "tls"}},
        "imagePullSecrets": [{"name": "pull"}],
        "password": "hush",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"x": "hush"}'},
        "count": 3,
        "none": None,
    }
    kept = redact.credentials(value)
    assert "hush" not in str(kept)
    assert kept["env"][1] == {"name": "MODE", "value": "fast"}
    assert kept["args"][::2] == ["--token", "--verbose", "--password=<removed>"]
    assert kept["args"][3] == "kept"
    assert kept["volume"] == value["volume"]
    assert kept["imagePullSecrets"] == value["imagePullSecrets"]
    assert (kept["count"], kept["none"]) == (3, None)
    assert value["password"] == "hush"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("from 10.0.0.1:80 to [fd00::1]:443.", "from <address>:80 to [<address>]:443."),
        ("node 192.168.1.255.", "node <address>."),
        ("::ffff:10.1.2.3 or fe80::1%eth0", "<address> or <address>%eth0"),
        ("mac aa:bb:cc:dd:ee:ff", "mac <address>"),
        ("at 0000:3b:00.0 here", "at <device> here"),
        ("v1.37.1 at 12:30:45, 1.2.3.4.5", "v1.37.1 at 12:30:45, 1.2.3.4.5"),
        ("node ip-10-0-12-34.ec2.internal is full", "node ip-<address>.ec2.internal is full"),
        ("Serial Number : 1655020001 ok", "Serial Number : <serial> ok"),
        ('{"gpu_uuid":"5a2b8f6c-1111"}', '{"gpu_uuid":"<serial>"}'),
        ("node_guid: 506b:4b03:00c1:f0d2", "node_guid: <serial>"),
        ("the serial port, see the guide: page 4", "the serial port, see the guide: page 4"),
        ("std::vector and ::", "std::vector and ::"),
        ("-----BEGIN CERTIFICATE-----\nxyz\n-----END CERTIFICATE-----", "<certificate>"),
    ],
)
def test_identities_go(text: str, kept: str) -> None:
    assert redact.without_identities(text) == kept


def test_two_devices_stay_two() -> None:
    first, again, second = (redact.without_identities(f"saw {gpu}") for gpu in (GPU, GPU.upper(), OTHER_GPU))
    assert first.startswith("saw <device GPU-")
    assert "5a2b8f6c" not in first
    assert first == again
    assert first != second


def test_serial_numbers_go_by_their_name() -> None:
    kept = redact.identities(
        {"serialNumber": "165502", "uuid": {"string": GPU}, "index": {"int": 3}, "serial": {"string": "7"}}
    )
    assert kept["serialNumber"] == "<removed>"
    assert kept["uuid"]["string"].startswith("<device GPU-")
    assert kept["serial"] == {"string": "<removed>"}
    assert kept["index"] == {"int": 3}
    assert redact.credentials({"serialNumber": "165502"}) == {"serialNumber": "165502"}


def test_keys_lists_and_numbers_go_too_and_none_is_lost() -> None:
    kept = redact.identities(
        {
            "pings": {"10.0.0.1": 1, "10.0.0.2": 2, "<address>": 3},
            "serials": ["165502", 165503],
            "serial": 165502,
            "has_serial": True,
            "count": 3,
        }
    )
    assert list(kept["pings"].values()) == [1, 2, 3]
    assert all(key.startswith("<address>") for key in kept["pings"])
    assert kept["serials"] == ["<removed>", "<removed>"]
    assert (kept["serial"], kept["has_serial"], kept["count"]) == ("<removed>", True, 3)


def test_credentials_leave_keys_and_numbers_alone() -> None:
    value = {"10.0.0.1": 1, "max_token": 512, "serials": ["1"]}
    assert redact.credentials(value) == value


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    once = redact.credentials(value)
    assert redact.credentials(once) == once


@given(ANY)
def test_taking_identities_out_twice_changes_nothing_more(value: Any) -> None:
    once = redact.identities(value)
    assert redact.identities(once) == once


@pytest.mark.parametrize("piece", ["a-a.", "eyJ-", "eyJaaaaaa.", ":", "1:", "://a:", "token", "token ", "LS0tLS1CRUdJTi", "-----BEGIN PRIVATE KEY-----", "a:b", "1.", '"token":"', "--a-token ", "ip-1-", "uuid", "serial: ", "a1b2c3.", "--"])  # fmt: skip
def test_hostile_text_takes_no_time(piece: str) -> None:
    hostile = piece * (50_000 // len(piece))
    begun = time.process_time()
    redact.without_identities(hostile)
    assert time.process_time() - begun < 3
