"""Who may look and who may change something.

- With a token, whoever sends it as ``Authorization: Bearer TOKEN`` may change things. It is compared in constant time;
  wrong ones are few a minute, and then none is compared at all.
- Without a token, only a request from this very machine may: whoever has an account here can do worse already, and the
  first label is given without having to configure anything. A request that a proxy passed on comes from elsewhere.
- A page of another site, open in the same browser, may do nothing: its requests name it as their ``Origin``. And a name
  that such a site has pointed at this machine (DNS rebinding) is not one of this machine's names.
"""

import hmac
import ipaddress
import re
import socket
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

from edge_runtime.http.answers import Refusal
from edge_runtime.http.bucket import Buckets, client_of
from edge_runtime.http.settings import Settings, is_loopback

WRONG_BURST = 10  # wrong tokens at once and client
WRONG_RATE = 1 / 6  # and a second, in the long run: ten a minute
# A name without a dot is given by the network here (a container's, a router's): no other site can own one.
PLAIN = re.compile(r"[a-z0-9_-]{1,63}")
PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Door:
    """Lets requests in or raises `Refusal`.

    Args:
        settings: Token, private, names and host.
        now: Seconds of the clock that is never set.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        own = socket.gethostname().lower()
        short = own.partition(".")[0]
        names = ("localhost", own, short, f"{short}.local", settings.host, *settings.names)
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._token = settings.token
        self._private = settings.private
        self._wrong = Buckets(WRONG_RATE, WRONG_BURST)
        self._now = now

    def knows(self, request: HTTPConnection) -> None:
        """Refuses what was not meant for this machine, or was sent by another site's page."""
        host = request.headers.get("host", "")
        if not self._is_own(host):
            raise Refusal(421, "Host: not a name of this device; use its address, or name it in the settings (names)")
        if request.scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refusal(403, "Origin: a page of another site may not ask for this")

    def looks(self, request: HTTPConnection) -> None:
        """Refuses who may not look."""
        if self._private:
            self._must_know(request)

    def changes(self, request: HTTPConnection) -> None:
        """Refuses who may not change anything."""
        if self._token is not None:
            self._must_know(request)
        elif not self._is_here(request):
            raise Refusal(403, "nothing can be changed from another machine before a token is set in the settings")

    def asks(self, request: HTTPConnection) -> str:
        """Returns what this client needs to change something: ``nothing``, ``token``, or ``never`` if it cannot."""
        if self._token is not None:
            return "token"
        return "nothing" if self._is_here(request) else "never"

    def _must_know(self, request: HTTPConnection) -> None:
        assert self._token is not None
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        bearer = {"WWW-Authenticate": 'Bearer realm="edge-runtime"'}
        if scheme.lower() != "bearer" or not sent.strip():
            raise Refusal(401, "a token is needed: Authorization: Bearer TOKEN", bearer)
        client = client_of(request.client.host if request.client else "")
        now = self._now()
        if wait := self._wrong.wait(client, now):
            raise Refusal(429, "too many wrong tokens; wait", {"Retry-After": str(int(wait) + 1)})
        # Latin-1 is what headers are: every byte that may come can be compared.
        if not hmac.compare_digest(sent.strip().encode("latin-1"), self._token.encode()):
            self._wrong.take(client, now)
            raise Refusal(401, "the token is not the one in the settings", bearer)

    def _is_here(self, request: HTTPConnection) -> bool:
        here = request.client is not None and is_loopback(request.client.host)
        return here and not any(header in request.headers for header in PASSED_ON)

    def _is_own(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
        try:
            # An address needs no name server, so nobody can have pointed it here.
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            name = name.lower().rstrip(".")
            return name in self._names or bool(PLAIN.fullmatch(name))
        return True
