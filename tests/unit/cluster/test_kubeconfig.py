"""From kubeconfig files to an Access: what they say, where they are, and what is wrong with them."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.cluster import kubeconfig
from seatrial.cluster.access import Access
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import UsageError
from tests.unit.cluster.keys import DAY, NOW, Authority

SERVER = "https://host.test:6443"


def config(user: Any = None, cluster: Any = None, name: str = "c", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": SERVER, **(cluster or {})}}],
        "users": [{"name": name, "user": user or {"token": "t"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "team"}}],
        "current-context": name,
        **more,
    }


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))
    return path


def load(path: Path | None, context: str | None = None, **more: Any) -> Access:
    return kubeconfig.load(path, context, env=more.pop("env", {"HOME": "/nowhere"}), **more)


async def authorization(access: Access) -> str:
    return (await access.credential.identity()).authorization


async def test_the_chosen_context(tmp_path: Path) -> None:
    both = config()
    other = config(name="d", user={"username": "me", "password": "pw"}, cluster={"server": "http://d:80/k8s/c1/"})
    for key in ("clusters", "users", "contexts"):
        both[key] += other[key]
    path = put(tmp_path / "k", both)
    first, second = load(path), load(path, "d")
    assert (first.name, first.server, first.namespace) == ("c", SERVER, "team")
    assert await authorization(first) == "Bearer t"
    assert second.server == "http://d:80/k8s/c1"
    assert await authorization(second) == "Basic " + base64.b64encode(b"me:pw").decode()
    assert load(path, namespace="mine").namespace == "mine"


def test_no_secret_is_shown(tmp_path: Path) -> None:
    access = load(put(tmp_path / "k", config(user={"token": "hush"}, cluster={"proxy-url": "http://a:hush@p"})))
    assert "hush" not in repr(access)


async def test_several_files_are_one(tmp_path: Path) -> None:
    one = put(tmp_path / "one", config(user={"token": "first"}, contexts=None))
    two = put(tmp_path / "two" / "k", config(user={"token": "second"}) | {"current-context": "other"})
    env = {"KUBECONFIG": f"{one}:{tmp_path / 'missing'}:{two}"}
    access = load(None, env=env)
    assert access.name == "c"
    assert await authorization(access) == "Bearer first"


def test_the_usual_place(tmp_path: Path) -> None:
    put(tmp_path / ".kube" / "config", config())
    assert load(None, env={"HOME": str(tmp_path)}).server == SERVER


async def test_files_stand_beside_the_kubeconfig(tmp_path: Path, authority: Authority) -> None:
    pair = authority.pair("me")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "crt").write_bytes(pair.certificate)
    (tmp_path / "key").write_bytes(pair.key)
    user = {"client-certificate": "crt", "client-key": "key"}
    access = load(put(tmp_path / "k", config(user=user, cluster={"certificate-authority": "ca.pem"})))
    identity = await access.credential.identity()
    assert (access.authority, identity.certificate, identity.key) == (authority.pem, pair.certificate, pair.key)
    assert access.tls(identity).get_ca_certs()


async def test_a_token_in_a_file_may_rotate(tmp_path: Path) -> None:
    (tmp_path / "tok").write_text("one\n")
    access = load(put(tmp_path / "k", config(user={"tokenFile": "tok", "token": "older"})))
    assert await authorization(access) == "Bearer one"
    (tmp_path / "tok").write_text("two-two\n")
    assert await authorization(access) == "Bearer two-two"


async def test_inside_a_pod(tmp_path: Path, authority: Authority) -> None:
    for name, text in (("token", "pod"), ("namespace", "here\n"), ("ca.crt", authority.pem.decode())):
        (tmp_path / name).write_text(text)
    env = {"HOME": "/nowhere", "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = load(None, env=env, service_account=tmp_path)
    assert (access.server, access.namespace) == ("https://[fd00::1]:443", "here")
    assert await authorization(access) == "Bearer pod"


def test_impersonation_of_the_file_and_of_the_command(tmp_path: Path) -> None:
    user = {"token": "t", "as": "bob", "as-groups": ["g"], "as-uid": "7", "as-user-extra": {"a/b": ["x"]}}
    path = put(tmp_path / "k", config(user=user))
    assert load(path).impersonate == (
        ("Impersonate-User", "bob"),
        ("Impersonate-Group", "g"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-a%2Fb", "x"),
    )
    assert load(path, as_user="eve").impersonate == (("Impersonate-User", "eve"),)
    with pytest.raises(UsageError, match="takes a user as well"):
        load(path, as_groups=["g"])


@pytest.mark.parametrize(
    ("server", "env", "proxy"),
    [
        ("https://far.test", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://far.test", {"https_proxy": "p:1"}, "http://p:1"),
        ("http://far.test", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://far.test", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x, .test"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
    ],
)
def test_the_proxy_of_the_environment(tmp_path: Path, server: str, env: dict[str, str], proxy: str) -> None:
    path = put(tmp_path / "k", config(cluster={"server": server}))
    assert load(path, env=env).proxy == proxy
    mine = put(tmp_path / "k2", config(cluster={"server": server, "proxy-url": "socks5://q:2"}))
    assert load(mine, env=env).proxy == "socks5://q:2"


def test_an_expired_certificate_says_since_when(tmp_path: Path, authority: Authority) -> None:
    ended = (NOW - 3 * DAY).replace(microsecond=0)
    pair = authority.pair("me", ends=ended)
    user = {
        "client-certificate-data": base64.b64encode(pair.certificate).decode(),
        "client-key-data": base64.b64encode(pair.key).decode(),
    }
    path = put(tmp_path / "k", config(user=user))
    with pytest.raises(UsageError, match=f"'c': the client certificate expired at {ended:%Y-%m-%d %H:%M:%S} UTC"):
        load(path)
    assert load(path, clock=FakeClock(ended - dt.timedelta(seconds=1)))
    with pytest.raises(UsageError, match="valid only from"):
        load(path, clock=FakeClock(ended - 20 * DAY))


def with_user(**user: Any) -> dict[str, Any]:
    return config(user=user)


def with_cluster(**cluster: Any) -> dict[str, Any]:
    return config(cluster={key.replace("_", "-"): value for key, value in cluster.items()})


WRONG = [
    ("a: [1,\n  b: {", r":\d+: "),
    ("a: 1\na: 2", r":2: the key 'a' stands here twice"),
    ("[]", "Expected `object`"),
    ("", "no context is chosen; there is: none"),
    (config(users=[{"name": "c", "user": {"token": 5}}]), r"Expected `str`, got `int` - at `\$\.users\[0\]\.user\.token`"),
    (config(users=[]), "names the user 'c', which is not there; there is: none"),
    (config() | {"current-context": "x"}, "there is no context 'x'; there is: c"),
    (config(users=[{"name": "c"}, {"name": "c"}]), "user 'c' stands there twice"),
    (with_user(**{"auth-provider": {"name": "gcp"}}), "auth-provider 'gcp'"),
    (with_user(token="a\nb"), "cannot go into a header"),
    (with_user(**{"client-certificate-data": "eA=="}), "one is missing"),
    (with_user(**{"client-certificate-data": "?", "client-key-data": "eA=="}), "client-certificate-data is not base64"),
    (with_user(**{"client-certificate-data": "eA==", "client-key-data": "eA=="}), "not PEM"),
    (with_user(**{"client-certificate": "nope", "client-key": "nope"}), "client-certificate: .*nope cannot be read"),
    (with_user(exec={"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "x"}), "v1alpha1"),
    (with_user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Always"}), "terminal"),
    (with_user(**{"token": "t", "as-groups": ["g"]}), "user 'c': impersonating a group"),
    (with_user(**{"token": "t", "as": "a\r\nX: y"}), "Impersonate-User"),
    (with_cluster(server="host:6443"), "'host:6443' is not an address"),
    (with_cluster(server="https://h:99999"), "is not an address"),
    (with_cluster(server=""), "is not an address"),
    (with_cluster(certificate_authority_data="?"), "certificate-authority-data is not base64"),
    (with_cluster(certificate_authority="nope"), "certificate-authority: .*nope cannot be read"),
    (with_cluster(certificate_authority="x", insecure_skip_tls_verify=True), "exclude each other"),
    (with_cluster(proxy_url="ftp://p"), "neither http, https nor socks5"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "said"), WRONG)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, value: Any, said: str) -> None:
    path = put(tmp_path / "k", value)
    with pytest.raises(UsageError, match=said) as caught:
        load(path)
    assert str(path) in caught.value.what


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such kubeconfig"):
        load(tmp_path / "k")
    with pytest.raises(UsageError, match=r"~/\.kube/config is not there") as caught:
        load(None)
    assert "--lab" in caught.value.way_out
    with pytest.raises(UsageError, match="KUBECONFIG=/x is not there"):
        load(None, env={"KUBECONFIG": "/x"})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=5,
)
USER_FIELDS = [
    "token",
    "tokenFile",
    "client-certificate-data",
    "client-key-data",
    "exec",
    "as",
    "username",
    "auth-provider",
]
CLUSTER_FIELDS = ["server", "certificate-authority-data", "tls-server-name", "proxy-url", "certificate-authority"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    user=st.fixed_dictionaries({}, optional=dict.fromkeys(USER_FIELDS, ANY | st.text(max_size=20))),
    cluster=st.fixed_dictionaries({}, optional=dict.fromkeys(CLUSTER_FIELDS, ANY | st.text(max_size=20))),
    more=st.fixed_dictionaries({}, optional=dict.fromkeys(["users", "clusters", "contexts", "current-context"], ANY)),
)
def test_no_kubeconfig_ends_in_a_traceback(tmp_path: Path, user: Any, cluster: Any, more: Any) -> None:
    path = put(tmp_path / "k", config(user=user, cluster=cluster, **more))
    with contextlib.suppress(UsageError):
        assert load(path).server.startswith("http")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_end_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "k").write_bytes(data)
    with pytest.raises(UsageError):
        load(tmp_path / "k")
