"""A load that was cut off goes on where it was sent to, and by whom it was sent."""

from __future__ import annotations

import msgspec
import pytest

from seatrial.app.load_service import _TOKEN
from seatrial.cli import load_again
from seatrial.cli.load_rules import settle
from seatrial.cli.main import parser
from seatrial.model.errors import UsageError
from seatrial.model.load import Closed, Plan, Target, Tls

OWN = Target(url="http://h", headers=(("X-A", "b"),), secret_headers=(("X-Key", "KEY"),))
PROXIED = msgspec.structs.replace(
    OWN,
    url="https://c:6443/api/v1/namespaces/a/services/b:http/proxy",
    headers=(*OWN.headers, ("Impersonate-User", "me")),
    secret_headers=(*OWN.secret_headers, ("Authorization", _TOKEN)),
    tls=Tls(ca="/tmp/gone/ca.crt"),
)


def of(target: Target, *, pods: int = 0) -> Plan:
    return Plan(target=target, arrivals=Closed(clients=8, requests=8), shards=pods or 2, in_pods=bool(pods))


def again(plan: Plan, flags: str) -> Plan:
    args = parser().parse_args(["bench", "serve", "--resume", "r", *flags.split()])
    settle(args)
    return load_again.plan(args, plan)


def test_as_it_was() -> None:
    assert again(of(OWN), "") == of(OWN)
    assert again(of(OWN, pods=3), "--in-cluster 3 --lab x") == of(OWN, pods=3)


def test_the_way_through_an_api_server_is_found_anew() -> None:
    plan = again(of(PROXIED), "--service a/b:http")
    assert msgspec.structs.replace(plan.target, url="http://h") == OWN


def test_servers_of_a_lab_are_started_anew() -> None:
    plan = of(msgspec.structs.replace(OWN, simulated="two servers"))
    assert again(plan, "--lab x").target.url == ""


@pytest.mark.parametrize(
    ("plan", "flags", "named"),
    [
        (of(OWN, pods=3), "", "--in-cluster 3"),
        (of(OWN, pods=3), "--in-cluster 2 --lab x", "--in-cluster 3"),
        (of(OWN), "--in-cluster 2 --lab x", "--in-cluster"),
        (of(OWN), "--service a/b", "--service"),
        (of(OWN), "--lab x", "--lab"),
        (of(PROXIED), "", "--service"),
        (of(msgspec.structs.replace(OWN, simulated="two servers")), "", "--lab"),
        (of(msgspec.structs.replace(OWN, simulated="two servers")), "--lab x --service a/b", "--lab"),
    ],
)
def test_other_ways_are_refused(plan: Plan, flags: str, named: str) -> None:
    with pytest.raises(UsageError, match="--resume") as refused:
        again(plan, flags)
    assert named in f"{refused.value.what} {refused.value.way_out}"
