"""TLS for sinks, what they read of files (passwords and tokens), and why a connection failed."""

import re
import ssl
from pathlib import Path

from edge_runtime.errors import SinkError


def context(where: str, ca: Path | None, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Returns what checks a server's certificate and name, and shows this client's where there is one.

    Args:
        where: The sink's address, for errors.
        ca: A PEM file with the authorities to trust; None trusts the system's.
        cert: A PEM file with this client's certificate.
        key: A PEM file with its key; None where that is in `cert`.

    Raises:
        SinkError: A file cannot be read or holds no such thing.
    """
    try:
        made = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise SinkError(f"{where}: ca={ca}: {_reason(error, 'certificates in PEM')}") from error
    # Python 3.13 became stricter with authorities; the same certificates are to be trusted whichever Python is there.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cert:
        try:
            # Without a terminal, a key that is protected by a password would wait for it for ever.
            made.load_cert_chain(cert, key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            wanted = "a certificate and its own key, without a password, in PEM"
            raise SinkError(f"{where}: cert={cert}{f', key={key}' if key else ''}: {_reason(error, wanted)}") from error
    return made


def secret_of(where: str, name: str, path: Path) -> str:
    """Returns the first line of a file. The file is not named in errors: somebody may have typed the secret itself.

    Raises:
        SinkError: It cannot be read, is empty, or holds more than one line.
    """
    try:
        text = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise SinkError(f"{where}: {name} names a file, which cannot be read: {reason}") from error
    if not text or re.search(r"[\x00-\x1f\x7f]", text):
        raise SinkError(f"{where}: {name} names a file that must hold one line and nothing else")
    return text


def why(error: BaseException | None) -> str:
    """Returns of a connection's failure what a person can do something about."""
    if message := getattr(error, "verify_message", ""):
        return f"its certificate is not trusted: {message}"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _reason(error: OSError, wanted: str) -> str:
    if isinstance(error, ssl.SSLError) or not error.strerror:
        return f"{wanted} expected"
    return error.strerror
