"""Every error a user can meet, as one tree. A message says where, what was wanted, what came and what to do.

EdgeError                      could not be done                                 exit 1
├── UsageError                 what was typed makes no sense                     exit 2
│   └── NoSuchCapture          (captures.capture) no capture has this name
├── IncompleteError            done, but not all of what was asked for           exit 3
├── FieldError                 a value read from JSON or TOML is not as declared
├── BundleError                a bundle cannot be written or opened
│   ├── ManifestError          manifest.json does not say what it must
│   ├── IntegrityError         a file is missing, extra, altered or outside
│   └── SignatureError         nobody who is trusted has signed it
├── PictureError               a file or array is not a picture that can be decoded
├── VariantError               a variant cannot be chosen, loaded or run
│   ├── InterpreterMissing     no installed interpreter reads this format
│   └── HeldBack               (loading) it crashed its process too often
├── SourceError                a source cannot be opened or has failed
│   └── LostError              (sources.reconnect) a connection is gone, and may come back
├── SinkError                  a sink cannot be opened, or could not tell a result
├── DatasetError               a dataset cannot be found, read or split
└── RunError                   a run directory is missing, unfinished or of another configuration

Foreign errors are wrapped with ``from``, so that a traceback still shows them.
"""


class EdgeError(Exception):
    """Base of all errors below; its text is a sentence for the user."""

    exit_code = 1


class UsageError(EdgeError):
    exit_code = 2


class IncompleteError(EdgeError):
    exit_code = 3


class FieldError(EdgeError):
    pass


class BundleError(EdgeError):
    pass


class ManifestError(BundleError):
    pass


class IntegrityError(BundleError):
    pass


class SignatureError(BundleError):
    pass


class PictureError(EdgeError):
    pass


class VariantError(EdgeError):
    pass


class InterpreterMissing(VariantError):
    pass


class SourceError(EdgeError):
    pass


class SinkError(EdgeError):
    pass


class DatasetError(EdgeError):
    pass


class RunError(EdgeError):
    pass
