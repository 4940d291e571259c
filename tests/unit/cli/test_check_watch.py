"""What `check --watch` takes and refuses; the watching itself is tested on a real API server."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.cli.main import main


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("-o", "html"), "--save"),
        (("--output-file", "x"), "--save"),
        (("--snapshot", "x"), "only a cluster can be watched"),
        (("--manifests", "-"), "only a cluster can be watched"),
    ],
)
def test_what_cannot_be_watched_or_shown_is_wrong_usage(
    more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--watch", *more]) == 2
    assert said in capsys.readouterr().err


def test_a_cluster_that_is_not_there_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {}}]}"
    )
    assert main(["check", "--watch", f"--kubeconfig={config}"]) == 3
    assert "127.0.0.1:1" in capsys.readouterr().err
