"""How often somebody may do something: a token bucket for each, without a clock of its own."""

import ipaddress
from collections import OrderedDict

REMEMBERED = 1024  # clients; whoever is pushed out by others starts with a full bucket again


class Buckets:
    """One bucket for each client, that fills at `rate` a second up to `burst`.

    Args:
        rate: How often in the long run, a second.
        burst: How often at once.
        size: How many clients are remembered.
    """

    def __init__(self, rate: float, burst: int, size: int = REMEMBERED) -> None:
        self._rate = rate
        self._burst = burst
        self._size = size
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now: float) -> float:
        """Takes one from a client's bucket; returns 0, or the seconds until there is one and takes nothing."""
        wait = self.wait(client, now)
        if not wait:
            self._levels[client] = (self._level(client, now) - 1, now)
        self._levels.setdefault(client, (0.0, now))
        self._levels.move_to_end(client)
        while len(self._levels) > self._size:
            self._levels.popitem(last=False)
        return wait

    def wait(self, client: str, now: float) -> float:
        """Returns the seconds until a client's bucket holds one; 0 if it does. Takes nothing."""
        return max(0.0, 1 - self._level(client, now)) / self._rate

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, client: str, now: float) -> float:
        level, since = self._levels.get(client, (float(self._burst), now))
        return min(self._burst, level + max(0.0, now - since) * self._rate)


def client_of(host: str) -> str:
    """Returns what counts as one client: an IPv4 address, or the /64 of an IPv6 one, all of which one host may use."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
