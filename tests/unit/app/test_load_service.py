"""Load through an API server: a server with TLS that asks for the client's certificate stands for it."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from seatrial.app.load_service import through
from seatrial.app.target import Target as Cluster
from seatrial.cli.main import main
from seatrial.model.errors import UsageError
from seatrial.model.load import Target
from tests.unit.measure.server import plain, serving
from tests.unit.measure.test_secure import Papers


def kubeconfig(folder: Path, server: str, papers: Papers, user: str) -> Path:
    path = folder / "config"
    authority = base64.b64encode(papers.authority.pem).decode()
    path.write_text(f"""
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "{server}", certificate-authority-data: {authority}}}}}]
users: [{{name: u, user: {{{user}}}}}]
""")
    return path


def pair(papers: Papers) -> str:
    certificate, key = (base64.b64encode(Path(one).read_bytes()).decode() for one in papers.client)
    return f"client-certificate-data: {certificate}, client-key-data: {key}"


def test_requests_go_through_the_proxy_of_the_api_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    papers = Papers(tmp_path)
    with serving(plain(tokens=2, ttft=0, gap=0), papers.context(papers.server, asks=True)) as server:
        config = kubeconfig(tmp_path, server.url, papers, pair(papers))
        flags = ("--kubeconfig", str(config), "--clients", "1", "--requests", "3")
        main(["bench", "serve", "--service", "models/llama:http", *flags])
        heads = {asked.head.partition("\r\n")[0] for asked in server.asked}
    assert heads == {"POST /api/v1/namespaces/models/services/llama:http/proxy/v1/completions HTTP/1.1"}
    assert "that went well                             3" in capsys.readouterr().out


def test_keys_and_tokens_are_gone_afterwards(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    for user, token in ((pair(papers), False), ("token: geheim", True)):
        cluster = Cluster(kubeconfig=kubeconfig(tmp_path, "https://c:6443/below", papers, user))
        with through(cluster, "a/b", Target(url="")) as target:
            assert target.url == "https://c:6443/below/api/v1/namespaces/a/services/b/proxy"
            assert "geheim" not in repr(target)
            files = [Path(one) for one in (target.tls.ca, target.tls.certificate, target.tls.key) if one]
            assert all(one.stat().st_mode & 0o077 == 0 for one in files)
            assert [os.environ.get(variable) for _, variable in target.secret_headers] == ["Bearer geheim"] * token
        assert not any(one.exists() for one in files)
        assert "geheim" not in repr(dict(os.environ))


@pytest.mark.parametrize("service", ["", "a", "a/b/c", "A/b", "a/../b", "a/b:c/d"])
def test_what_is_no_service(service: str) -> None:
    with pytest.raises(UsageError, match="no service"), through(Cluster(), service, Target(url="")):
        pass
