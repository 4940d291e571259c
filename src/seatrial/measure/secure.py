"""Connections over TLS. Bytes go through memory, so that the kernel's times of arrival are had here, too."""

from __future__ import annotations

import functools
import ssl

from seatrial.measure.wire import READ, Endpoint, MakeWire, Owner, Wire
from seatrial.model.errors import UsageError
from seatrial.model.load import Tls
from seatrial.model.load_result import Ending


class SecureWire(Wire):
    __slots__ = ("_ciphers", "_incoming", "_shaking", "_tls")

    def __init__(
        self, owner: Owner, endpoint: Endpoint, now: int, *, context: ssl.SSLContext, name: str, stamped: bool
    ) -> None:
        self._incoming, self._ciphers = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._ciphers, server_hostname=name)
        self._shaking = False
        super().__init__(owner, endpoint, now, stamped=stamped)

    @property
    def not_up(self) -> Ending:
        return Ending.TLS if self._shaking else super().not_up

    def _up(self, now: int) -> None:
        """TCP is up; TLS comes next."""
        self._shaking = True
        self._shake(now)

    def _shake(self, now: int) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._push(self._ciphers.read())
            return
        except ssl.SSLError:
            self._push(self._ciphers.read())  # the other side is told why
            self._fail(Ending.TLS)
            return
        self._push(self._ciphers.read())
        self._shaking = False
        super()._up(now)

    def _write(self, data: bytes) -> None:
        try:
            self._tls.write(data)
        except ssl.SSLError:  # the other side has ended it, and that was read already
            self._cut(self._owner.clock(), clean=False)
            return
        self._push(self._ciphers.read())

    def _take(self, data: bytes, at: int) -> None:
        self._incoming.write(data)
        if self._shaking:
            self._shake(at)
            if self._shaking or not self._incoming.pending:
                return
        plain, ended = self._deciphered()
        if plain:
            super()._take(plain, at)
        if ended:
            self._cut(at)

    def _deciphered(self) -> tuple[bytes, bool]:
        """What can be read, and whether nothing will come after it."""
        pieces = []
        try:
            while piece := self._tls.read(READ):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces), False
        except ssl.SSLError:
            pass  # what came is no TLS any more; the connection is of no use
        return b"".join(pieces), True

    def _cut(self, at: int, *, clean: bool = True) -> None:
        if self.connecting:
            self._fail(Ending.TLS, at)
        else:
            super()._cut(at, clean=clean)


def maker(tls: Tls, host: str, *, stamped: bool) -> MakeWire:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        # Many clusters' own authorities lack extensions that the strict mode of newer Pythons asks for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")  # nobody is there to be asked
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificates cannot be used: {error}", way_out="look at --ca, --cert and --key"
        ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return functools.partial(SecureWire, context=context, name=tls.name or host, stamped=stamped)
