"""One value of a JSON text that somebody else's program may have written: what must be there is asked for by name, what
nobody asks for is ignored, as the formats of signatures want it. `edge_runtime.bundle.fields` is for the kit's own."""

import base64
import binascii
from collections.abc import Iterator

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, SignatureError
from edge_runtime.frozen import dataclass

SHOWN = 60  # letters of what was found


@dataclass(frozen=True)
class Node:
    """A value and its place, as in ``model.sig: dsseEnvelope: payload``. Every method raises SignatureError."""

    value: object
    where: str

    def __getitem__(self, name: str) -> "Node":
        """Returns what is called `name`."""
        if not isinstance(self.value, dict):
            raise self.mismatch(fields.OBJECT)
        if name not in self.value:
            raise SignatureError(f"{self.where}: '{name}' is missing; sign the bundle again")
        return Node(self.value[name], f"{self.where}: {name}")

    def __contains__(self, name: str) -> bool:
        return isinstance(self.value, dict) and name in self.value

    def __iter__(self) -> Iterator["Node"]:
        if not isinstance(self.value, list):
            raise self.mismatch("a list")
        return iter([Node(item, f"{self.where}[{number}]") for number, item in enumerate(self.value)])

    @property
    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.mismatch("text")
        return self.value

    @property
    def binary(self) -> bytes:
        try:
            return base64.b64decode(self.text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.mismatch("base64") from error

    @property
    def only(self) -> "Node":
        """The only one of a list."""
        every = list(self)
        if len(every) != 1:
            raise SignatureError(f"{self.where}: one expected, {len(every)} found; sign the bundle again")
        return every[0]

    def must_be(self, wanted: str) -> None:
        if self.value != wanted:
            raise self.mismatch(f"'{wanted}'")

    def mismatch(self, wanted: str) -> SignatureError:
        # ascii(): a file that nobody has checked shall not steer a terminal.
        found = ascii(self.value if isinstance(self.value, (str, int, float)) else type(self.value).__name__)
        return SignatureError(f"{self.where}: {wanted} expected, {found[:SHOWN]} found; sign the bundle again")


def read(content: bytes, where: str) -> Node:
    """Returns the JSON value in `content`.

    Raises:
        SignatureError: It is no JSON, or names a key twice.
    """
    try:
        return Node(fields.decode(content, where), where)
    except FieldError as error:
        quoted = "".join(letter if letter.isprintable() else "?" for letter in str(error))
        raise SignatureError(f"{quoted}; sign the bundle again") from error
