from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.lab.process import Service, start
from seatrial.lab.site import Site
from seatrial.lab.wait import alive
from seatrial.model.errors import LabError
from seatrial.model.lab import LabSpec


def test_what_ended_unasked_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    site = Site(spec=LabSpec(name="one"), base=LabSpec(name="one"), slot=0, ports={}, programs={})
    site.root.mkdir(parents=True)
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
