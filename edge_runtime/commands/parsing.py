"""How a command line is read, on the device, in training and in export."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from edge_runtime.console import did_you_mean, without_passwords

LINES = 7  # of a usage that an error still shows; that of 'train fit' has 20 on 80 columns


class Parser(argparse.ArgumentParser):
    """An argument parser that knows what a misspelt option may mean.

    A long usage is left out of an error, which would be overlooked below it. No password is repeated: a camera's
    address in the wrong place is quoted in its error.
    """

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        # First of all: that --bundle is missing says little to somebody who typed --bundel.
        words = list(sys.argv[1:] if args is None else args)
        typed = words[: words.index("--")] if "--" in words else words
        typed = typed[: self._end(typed)]
        if self._subparsers:
            self._check_verb(typed)
        for word in [] if self._subparsers else typed:
            option = word.partition("=")[0]
            # What argparse takes for an option: no negative number, and nothing with a blank in it.
            option_like = word[:1] == "-" != word and " " not in word and not self._negative_number_matcher.match(word)
            if option_like and not any(known.startswith(option) for known in self._option_string_actions):
                near = did_you_mean(f"--{option.lstrip('-')}", self._option_string_actions)
                self.error(f"no such option: {option}{near if 'did you mean' in near else ''}")
        return super().parse_known_args(None if args is None else words, namespace)

    def _check_verb(self, typed: Sequence[str]) -> None:
        """Refuses a first word that is no verb with the one that may be meant."""
        assert self._subparsers
        known = list(self._subparsers._group_actions[0].choices or ())
        verb = next((word for word in typed if word[:1] != "-"), None)
        if verb is not None and verb not in known:
            self.error(f"no such command: {verb}{did_you_mean(verb, known)}")

    def _end(self, typed: Sequence[str]) -> int:
        """Returns where the words of another command begin, which one option takes with all that follows."""
        takes_all = {name for name, action in self._option_string_actions.items() if action.nargs == argparse.REMAINDER}
        return next((place for place, word in enumerate(typed) if word in takes_all), len(typed))

    def error(self, message: str) -> NoReturn:
        message = without_passwords(message)
        if len(self.format_usage().splitlines()) > LINES:
            self.exit(2, f"{self.prog}: error: {message}\n")
        super().error(message)
