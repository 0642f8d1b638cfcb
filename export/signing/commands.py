"""``python -m export keygen`` and ``python -m export sign``. Neither needs TensorFlow, or a network."""

import argparse
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.bundle.writer import pack
from edge_runtime.commands.parsing import Parser
from edge_runtime.commands.table import size
from edge_runtime.console import say
from edge_runtime.errors import EdgeError, UsageError
from edge_runtime.keys import pem, short
from export.signing import passphrase, private
from export.signing.sign import former, sign

NAME = "bundle"  # of the key, where only a directory is named
PRIVATE, PUBLIC = ".key", ".pub"


def _parser(verb: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return Parser(
        f"python -m export {verb}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def keygen_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "keygen",
        "Makes a pair of keys: the private one signs bundles, the public one lets a device tell yours "
        "from everybody else's.",
        """NAME.key is the private key. Only its owner can read it; keep it off devices and out of repositories,
best on a machine without a network, with a copy in a safe place: who has it can make bundles that your
devices take, and if it is lost they need another public key. NAME.pub is the public one, for everybody.

examples:
  python -m export keygen parts
  python -m export keygen /media/stick --passphrase
  python -m export sign bundles/parts --key parts.key
  edge-runtime verify bundles/parts --key parts.pub      on the device""",
    )
    parser.add_argument(
        "name", metavar="NAME|DIR", type=Path, help=f"writes NAME{PRIVATE} and NAME{PUBLIC}; DIR: {NAME}{PRIVATE} in it"
    )
    parser.add_argument(
        "--type",
        dest="kind",
        choices=("ed25519", "p256", "p384", "p521"),
        default="ed25519",
        help="p256 and the like are ECDSA, which OpenSSF's model_signing takes alone (default: %(default)s)",
    )
    _add_passphrase(parser, "encrypt the private key with a passphrase, which is asked for")
    return parser


def sign_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "sign",
        "Signs a bundle: writes model.sig into it, beside manifest.json. Nothing else of it changes.",
        """The signature names every file of the bundle with its sha256. A device that was given the public key, as
in 'edge-runtime run --key parts.pub', takes no other bundle. It is OpenSSF Model Signing's format; with a
key of --type p256 its tool can check it:
  model_signing verify key bundles/parts --signature bundles/parts/model.sig --public_key parts.pub
A bundle that is exported anew is another one and has to be signed again.

examples:
  python -m export sign bundles/parts --key parts.key
  python -m export sign bundles/parts --key /media/stick/bundle.key --tar parts.tar""",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument("--key", type=Path, required=True, metavar="PRIVATE", help="the private key's file")
    _add_passphrase(parser)
    parser.add_argument("--tar", type=Path, metavar="FILE", help="also pack the signed bundle into one file")
    return parser


def keygen(argv: Sequence[str]) -> int:
    """Makes keys as `argv` says. Raises EdgeError."""
    arguments = keygen_parser().parse_args(argv)
    stem = arguments.name / NAME if arguments.name.is_dir() else arguments.name
    secret, public = (stem.with_name(f"{stem.name}{end}") for end in (PRIVATE, PUBLIC))
    if not stem.absolute().parent.is_dir():
        raise UsageError(f"{stem}: there is no directory {stem.parent}")
    for path in (secret, public):  # before anybody types a passphrase
        if path.exists():
            raise UsageError(f"{path}: is there already; a key is never overwritten, choose another name")
    key = private.make(arguments.kind, public)
    words = _passphrase(arguments) or (passphrase.typed_twice() if arguments.passphrase else b"")
    private.write_new(secret, key.pem(words), private.OWNER_ONLY)
    try:
        private.write_new(public, pem(key.public.public), 0o644)
    except EdgeError:
        secret.unlink()  # nobody has it yet, and half a pair would be in the way of the next attempt
        raise
    print(f"private key {secret}: signs bundles; keep it to yourself")
    print(f"public key  {public}: {short(key.public.hint)}, for devices")
    if stat.S_IMODE(secret.stat().st_mode) & 0o077:
        say(f"export: warning: the disk of {secret} keeps no permissions: whoever reads it has the key")
    return 0


def sign_bundle(argv: Sequence[str]) -> int:
    """Signs as `argv` says. Raises EdgeError."""
    arguments = sign_parser().parse_args(argv)
    if arguments.tar and not arguments.tar.absolute().parent.is_dir():
        raise UsageError(f"--tar {arguments.tar}: there is no directory {arguments.tar.parent}")
    key = private.read(arguments.key, lambda: _passphrase(arguments) or passphrase.typed(arguments.key))
    before = former(arguments.bundle)
    bundle = sign(arguments.bundle, key)
    if before and before != key.public.hint:
        say(f"export: the signature of another key ({short(before)}) was replaced")
    print(f"bundle {bundle.title} is signed with the key {short(key.public.hint)}")
    if arguments.tar:
        pack(bundle, arguments.tar)
        print(f"packed into {arguments.tar}, {size(arguments.tar.stat().st_size)}")
    elif (beside := arguments.bundle.with_name(f"{arguments.bundle.name}.tar")).exists():
        say(f"export: {beside} was packed before and is not signed: --tar {shlex.quote(str(beside))} packs it anew")
    return 0


def _add_passphrase(parser: argparse.ArgumentParser, asked: str = "") -> None:
    how = parser.add_mutually_exclusive_group()
    if asked:
        how.add_argument("--passphrase", action="store_true", help=asked)
    how.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="its first line is the private key's passphrase; without it an encrypted key's is asked for",
    )


def _passphrase(arguments: argparse.Namespace) -> bytes:
    return passphrase.from_file(arguments.passphrase_file) if arguments.passphrase_file else b""
