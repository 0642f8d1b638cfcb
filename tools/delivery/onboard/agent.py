"""The device's side of a deploy: what is there, what arrives, and the switch with its way back.

A switch is one request: the device carries it through or takes it back by itself, also when nobody listens any more.
"""

import contextlib
import fcntl
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tools.delivery.onboard.files import Measured, link, remove, text_of, unpack, write
from tools.delivery.onboard.releases import KEY_FILE, KINDS, LAUNCHER, Releases, keys_of, part_of, title
from tools.delivery.onboard.services import FRESH, UNIT, Refused, Services

INCOMING = "/var/lib/edge-runtime/incoming"  # the settings' default source
SHORT_DIGEST = 12  # as health prints it


class Agent:
    """Answers requests; each public method but `gone` is one.

    Args:
        root: ``/``, but in tests.
        services: What is started, stopped and asked.
        say: Tells a line of progress.
        gone: Whether the other side has hung up.
        wait: Sleeps.
    """

    def __init__(
        self,
        root: Path,
        services: Services,
        say: Callable[[str], None],
        gone: Callable[[], bool],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = root
        self._releases = Releases(root / "opt/edge-runtime")
        self._unit = root / "etc/systemd/system" / UNIT
        self._conf = root / "etc/edge-runtime/edge-runtime.conf"
        self._shortcut = root / "usr/local/bin/edge-runtime"
        self._incoming = root / INCOMING[1:]
        self._heartbeat = root / "run/edge-runtime/heartbeat.json"
        # What --variant auto measured; systemd keeps it behind a link.
        self._caches = [root / "var/cache" / name for name in ("edge-runtime", "private/edge-runtime")]
        self._services = services
        self._say = say
        self._gone = gone
        self._wait = wait
        self._lock: int | None = None

    # Requests

    def look(self) -> dict[str, Any]:
        """Returns what is there; changes nothing."""
        current, home = self._releases.current, self._releases.home
        active = self._services.show().get("ActiveState", "unknown")
        healthy, health = False, ""
        if current and active == "active":
            healthy, health = self._services.health(current / LAUNCHER, self._heartbeat)
        above = next(path for path in (home, *home.parents) if path.exists())
        return {
            "release": current.name if current else "",
            "current": {kind: part_of(current, kind) for kind in KINDS},
            "title": title(current),
            "parts": self._releases.parts(),
            "conf": text_of(self._conf),
            "unit": text_of(self._unit),
            "free": shutil.disk_usage(above).free,
            "active": active,
            "healthy": healthy,
            "health": health,
            "key": text_of(current / KEY_FILE) if current else "",
        }

    def has_directory(self, path: str) -> bool:
        """Whether a directory is there, or a release would make it. The service begins relative paths at the root."""
        place = self._root / path.lstrip("/")
        return place == self._incoming or os.path.isdir(place)

    def begin(self) -> None:
        """Takes the lock, which ends with this process, and removes what an interrupted deploy left."""
        home = self._releases.home
        if home.exists() and not (home / ".lock").exists() and any(home.iterdir()):
            raise Refused(f"{home} is there and not from 'make deploy'; move it away")
        home.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(home / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("another deploy to this device is under way; try again when it is done") from None
        self._releases.remove_unfinished()

    def receive(self, kind: str, digest: str, size: int, sha256: str, stream: BinaryIO) -> None:
        """Unpacks a part from the next `size` bytes; it is there whole or not at all."""
        place = self._releases.part(kind, digest)
        partial = place.with_name(f"{digest}.partial")
        measured = Measured(stream, size)
        try:
            try:
                unpack(measured, partial)
            except (tarfile.TarError, EOFError, zlib.error) as error:
                raise Refused(f"{kind} did not arrive as sent: {error}") from error
            finally:
                measured.drain()
            if measured.sha256.hexdigest() != sha256:
                raise Refused(f"{kind} did not arrive as sent; try again")
            if kind != "bundles":
                self._services.compile(partial)
            os.sync()
            remove(place)
            partial.rename(place)
        finally:
            remove(partial)

    def release(
        self, parts: dict[str, str], conf: str, unit: str, owner: int, seconds: float, key: str = ""
    ) -> dict[str, str]:
        """Verifies, switches, and goes back when the new release is not healthy within `seconds`."""
        before = self._releases.current
        fresh = self._releases.compose(parts, conf, unit, key)
        try:
            self._verify(fresh, before)
            if INCOMING in conf and not self._incoming.exists():
                self._incoming.mkdir(parents=True)
                os.chown(self._incoming, owner, -1)  # whoever deploys can put pictures there
            health = self._try(fresh, before, seconds)
        except BaseException:
            remove(fresh)
            raise
        if not self._shortcut.exists() and not self._shortcut.is_symlink():
            link(self._shortcut, self._releases.home / "current" / LAUNCHER)
        if before:
            self._releases.make_previous(before)
        self._releases.prune()
        return {"release": fresh.name, "health": health}

    def remove(self) -> None:
        """Takes out all that `make deploy` made; pictures and the directory they come into stay."""
        self._take_out()
        if self._shortcut.is_symlink() and str(self._releases.home) in os.readlink(self._shortcut):
            self._shortcut.unlink()
        remove(self._releases.home)
        for cache in self._caches:
            remove(cache)

    # Steps of a release

    def _verify(self, fresh: Path, before: Path | None) -> None:
        self._say(f"verifying {title(fresh)} with the device's interpreter")
        good, text = self._services.verify(fresh / LAUNCHER, fresh / "bundle", keys_of(fresh))
        if not good:
            bundle = part_of(fresh, "bundles")
            if bundle != part_of(before, "bundles"):
                remove(self._releases.part("bundles", bundle))  # in case it was damaged here: sent anew next time
            raise Refused(f"nothing was changed: the bundle is refused, or judges otherwise than at export\n{text}")
        if self._gone():
            raise Refused("nothing was changed: the connection ended")

    def _try(self, fresh: Path, before: Path | None, seconds: float) -> str:
        """Switches and returns the words of `health`, or goes back. Raises Refused."""
        was_active = self._services.show().get("ActiveState") in ("active", "activating")
        former_conf = text_of(self._conf)
        if before:  # what was edited by hand stays with the release it was edited for
            for place in (self._conf, self._unit):
                if place.exists():
                    write(before / place.name, text_of(place))
        started = time.time()
        try:
            self._say("switching and restarting")
            self._activate(fresh)
            self._services.control("enable", "--quiet", UNIT)
            self._restart()
            return self._prove(part_of(fresh, "bundles"), seconds, self._gone)
        except (Refused, OSError) as error:
            journal = self._services.journal(started)
            self._say(f"{error}; going back")
            if before:
                outcome = self._go_back(before, was_active, seconds)
            else:
                self._take_out()
                if former_conf:
                    write(self._conf, former_conf)
                outcome = "no release was there before it, so edge-runtime was taken out again"
            said = "".join(f"\n  | {line}" for line in journal.splitlines())
            raise Refused(f"{error}; {outcome}{'; the service said:' if said else ''}{said}") from error

    def _restart(self) -> None:
        # systemd counts on through a restart while it waits to start a service again; only this makes NRestarts 0, and
        # the new release must not answer for the old one's ends.
        self._services.control("reset-failed", UNIT)
        # The unit says by itself when it is ready; `_prove` waits for more than that, and knows better what went wrong.
        self._services.control("restart", "--no-block", UNIT)

    def _activate(self, release: Path) -> None:
        """Makes a release the current one; the service still runs what it ran."""
        for place in (self._conf, self._unit):
            wanted = text_of(release / place.name)
            if text_of(place) != wanted:
                write(place, wanted)
                if place == self._unit:
                    self._services.control("daemon-reload")
        self._releases.make_current(release)
        os.sync()

    def _prove(self, bundle: str, seconds: float, gone: Callable[[], bool]) -> str:
        """Returns the words of `health` once they have been good for longer than a heartbeat stays fresh."""
        waited = steady = 0
        while True:
            if gone():
                raise Refused("the connection ended while the new release was on trial")
            show = self._services.show()
            if show.get("NRestarts") != "0" or show.get("SubState") == "auto-restart":
                raise Refused(f"edge-runtime ended by itself ({show.get('Result')})")
            starting = show.get("Job", "0") not in ("", "0")  # the restart is still to come
            if not starting and show.get("ActiveState") not in ("active", "activating"):
                raise Refused(f"edge-runtime does not run ({show.get('ActiveState')})")
            healthy, text = self._services.health(self._releases.home / "current" / LAUNCHER, self._heartbeat)
            steady = steady + 1 if healthy and bundle[:SHORT_DIGEST] in text else 0
            if steady > FRESH:
                return text
            if waited >= seconds and not steady:
                raise Refused(f"not healthy after {waited} s: {text}")
            self._wait(1.0)
            waited += 1

    def _go_back(self, before: Path, was_active: bool, seconds: float) -> str:
        """Returns in words what runs now. Goes through with it whether or not somebody listens."""
        try:
            self._activate(before)
            if not was_active:
                self._services.control("stop", UNIT)
                return f"back to release {before.name}, stopped as it was"
            self._restart()
            self._prove(part_of(before, "bundles"), seconds, lambda: False)
        except (Refused, OSError) as error:
            return f"back to release {before.name}, WHICH IS NOT HEALTHY EITHER: {error}"
        return f"back to release {before.name} ({title(before)}), which is healthy again"

    def _take_out(self) -> None:
        if self._unit.exists():
            for words in (("stop", UNIT), ("disable", "--quiet", UNIT)):
                with contextlib.suppress(Refused):  # it may never have got so far
                    self._services.control(*words)
            self._unit.unlink()
            self._services.control("daemon-reload")
        remove(self._conf)
        with contextlib.suppress(OSError):  # somebody else's file is in it, or it was never made
            self._conf.parent.rmdir()
        remove(self._releases.home / "current")
