from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.lab.process import Service, start
from seatrial.lab.site import Site
from seatrial.lab.wait import alive
from seatrial.model.errors import LabError
from seatrial.model.lab import LabSpec


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    made = Site(spec=LabSpec(name="one"), base=LabSpec(name="one"), slot=0, ports={}, programs={})
    made.root.mkdir(parents=True)
    return made


def test_what_ended_unasked_says_its_last_words(site: Site) -> None:
    stays = Service(name="stays", argv=("sleep", "60"))
    goes = Service(name="goes", argv=("sh", "-c", "echo address already in use; exit 3"))
    (_, staying), (_, going) = started = [(service, start(service, site.root)) for service in (stays, goes)]
    try:
        going.wait()
        alive(site, started[:1])
        with pytest.raises(LabError, match=r"goes ended with code 3.*\naddress already in use") as caught:
            alive(site, started)
        assert caught.value.way_out == "seatrial lab logs goes --name one"
    finally:
        staying.kill()
        staying.wait()


def test_a_machine_that_allows_too_few_inotify_instances_is_told_how_to_allow_more(site: Site) -> None:
    goes = Service(name="goes", argv=("sh", "-c", "echo 'create watcher: too many open files'; exit 1"))
    going = start(goes, site.root)
    going.wait()
    with pytest.raises(LabError) as caught:
        alive(site, [(goes, going)])
    assert caught.value.way_out.startswith("sysctl -w fs.inotify.max_user_instances=")
