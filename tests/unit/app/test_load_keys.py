"""Keys of a load reach its pods, and nothing that anybody keeps."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from seatrial.app.load_keys import handed
from seatrial.app.load_objects import objects
from seatrial.kit import redact
from seatrial.model.errors import UsageError
from seatrial.model.fact import Obj
from seatrial.model.load import Closed, Plan, Shard, Target, Tls

HUSH = "hush-hush-hush"
HEADERS = (("Authorization", "MY_KEY"), ("X-Tenant", "odd name of mine"))
ENVIRONMENT = {"MY_KEY": HUSH, "odd name of mine": f"tenant-{HUSH}", "OTHER": "not asked for"}


@pytest.fixture
def target(tmp_path: Path) -> Target:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text(f"{name} {HUSH}")
    tls = Tls(ca=str(tmp_path / "ca"), certificate=str(tmp_path / "crt"), key=str(tmp_path / "key"), name="models")
    return Target(url="https://models", secret_headers=HEADERS, tls=tls)


def made(target: Target) -> tuple[Obj, ...]:
    shard = Shard(plan=Plan(target=target, arrivals=Closed(clients=1, requests=1)))
    return objects("load-1", shard, handed(target, ENVIRONMENT), image="i", environment={})


def test_pods_find_them_under_names_of_their_own(target: Target) -> None:
    config, secret, job = made(target)
    seen = msgspec.json.decode(config["data"]["shard.json"], type=Shard).plan.target
    assert [name for name, _ in seen.secret_headers] == ["Authorization", "X-Tenant"]
    assert seen.tls == Tls(ca="/load/ca.crt", certificate="/load/client.crt", key="/load/client.key", name="models")
    data = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    pod = job["spec"]["template"]["spec"]
    variables = {one["name"]: data[one["valueFrom"]["secretKeyRef"]["key"]] for one in pod["containers"][0]["env"]}
    assert [variables[name] for _, name in seen.secret_headers] == [HUSH, f"tenant-{HUSH}"]
    _, files = pod["volumes"][0]["projected"]["sources"]
    assert {one["path"]: data[one["key"]] for one in files["secret"]["items"]} == {
        "ca.crt": f"ca {HUSH}",
        "client.crt": f"crt {HUSH}",
        "client.key": f"key {HUSH}",
    }


def test_they_are_nowhere_but_in_the_secret(target: Target) -> None:
    config, secret, job = made(target)
    hidden = (HUSH, base64.b64encode(HUSH.encode()).decode()[:12])
    assert not any(word in repr(one) for word in hidden for one in (config, job, handed(target, ENVIRONMENT)))
    assert len(set(secret["data"])) == 5


def test_evidence_keeps_no_secret(target: Target) -> None:
    _, secret, _ = made(target)
    for kept in (redact.identities(secret), redact.credentials({"object": secret})):
        assert not any(value in repr(kept) for value in secret["data"].values())
        assert "client.key" in repr(kept)


def test_what_is_not_there_is_said_before_anything_is_created(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MY_KEY"):
        handed(Target(url="http://m", secret_headers=HEADERS), {})
    with pytest.raises(UsageError, match="cannot be read"):
        handed(Target(url="https://m", tls=Tls(ca=str(tmp_path / "none"))), {})
    (tmp_path / "large").write_bytes(b"x" * 600_000)
    with pytest.raises(UsageError, match="bytes"):
        handed(Target(url="https://m", tls=Tls(ca=str(tmp_path / "large"))), {})


def test_without_keys_there_is_no_secret() -> None:
    assert [one["kind"] for one in made(Target(url="http://m"))] == ["ConfigMap", "Job"]
