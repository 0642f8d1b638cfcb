"""Answers a web server's question for user and password: Basic (RFC 7617) and Digest (RFC 7616, RFC 2069). Pure."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}  # best last
SCHEMES = re.compile(r"(?:^|,\s*)(Basic|Digest)(?=\s|,|$)", re.IGNORECASE)
PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Challenge:
    """One way in which a server lets itself be convinced.

    Attributes:
        scheme: ``basic`` or ``digest``.
        parameters: Names in small letters.
    """

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def rank(self) -> int:
        """The higher the better; -1 for what cannot be answered."""
        if self.scheme == "basic":
            return 0
        names = list(HASHES)
        name = self.algorithm.removesuffix("-SESS")
        asked = self.parameters.get("qop", "auth").replace(" ", "").split(",")
        return names.index(name) + 1 if name in names and "auth" in asked and "nonce" in self.parameters else -1


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """Returns what the values of all ``WWW-Authenticate`` headers ask for, best first; unknown ones left out."""
    found = []
    for header in headers:
        parts = SCHEMES.split(header)
        for scheme, rest in zip(parts[1::2], parts[2::2], strict=True):
            pairs = PARAMETER.findall(rest)
            found.append(Challenge(scheme.lower(), {name.lower(): _plain(*value) for name, *value in pairs}))
    return sorted((one for one in found if one.rank >= 0), key=lambda one: -one.rank)


def _plain(quoted: str, bare: str) -> str:
    return bare or re.sub(r"\\(.)", r"\1", quoted)


@dataclass
class Login:
    """User and password, and what the server asked last.

    Attributes:
        user: Without escapes.
        password: Likewise.
        token: Gives a fresh random word for each answer.
    """

    user: str
    password: str
    token: Callable[[], str]
    challenge: Challenge | None = None
    count: int = 0  # of answers to this challenge; a server refuses one that it has seen

    def __repr__(self) -> str:  # the default one would print the password
        return "Login(***)"

    def learn(self, headers: Sequence[str]) -> bool:
        """Takes a refusal's challenges; returns whether another try may succeed where the last one did not."""
        best = next(iter(challenges(headers)), None)
        if best is None:
            return False
        first = self.challenge is None
        stale = best.parameters.get("stale", "").lower() == "true"
        self.challenge, self.count = best, 0
        return first or stale

    def header(self, method: str, target: str) -> str | None:
        """Returns the value of ``Authorization`` for a request; None before the server has asked for any.

        Args:
            method: ``GET``.
            target: Path and query as they are sent.
        """
        challenge = self.challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"
        self.count += 1
        return digest(challenge, self.user, self.password, method, target, self.token(), self.count)


def digest(challenge: Challenge, user: str, password: str, method: str, target: str, cnonce: str, count: int) -> str:
    """Returns the answer to a Digest challenge; names as in RFC 7616, section 3.4."""
    given = challenge.parameters
    hashing = HASHES[challenge.algorithm.removesuffix("-SESS")]

    def hashed(*words: str) -> str:
        return hashing(":".join(words).encode()).hexdigest()

    realm, nonce = given.get("realm", ""), given["nonce"]
    secret = hashed(user, realm, password)
    if challenge.algorithm.endswith("-SESS"):
        secret = hashed(secret, nonce, cnonce)
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    bare = {"algorithm": given["algorithm"]} if "algorithm" in given else {}
    if "qop" in given:
        answer = hashed(secret, nonce, f"{count:08x}", cnonce, "auth", hashed(method, target))
        bare |= {"qop": "auth", "nc": f"{count:08x}"}
        fields |= {"cnonce": cnonce}
    else:
        answer = hashed(secret, nonce, hashed(method, target))
    fields |= {"response": answer} | ({"opaque": given["opaque"]} if "opaque" in given else {})
    quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
    return "Digest " + ", ".join(quoted + [f"{name}={value}" for name, value in bare.items()])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
