"""What ``edge-runtime capture`` does, and how it tells."""

import argparse
import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.captures.export import folders_of
from edge_runtime.collecting.folder import LabelFolders
from edge_runtime.collecting.keyboard import Keyboard
from edge_runtime.collecting.look import Look
from edge_runtime.collecting.rhythm import Rhythm
from edge_runtime.collecting.session import MOST, Session, words
from edge_runtime.commands.telling import Teller
from edge_runtime.console import say, tell, without_passwords
from edge_runtime.errors import EdgeError, IncompleteError, UsageError
from edge_runtime.events.region import parse_region
from edge_runtime.pipeline.lane import MAX_AGE
from edge_runtime.pipeline.sensing import Sensing
from edge_runtime.preprocess import WHOLE
from edge_runtime.signals import on_signal
from edge_runtime.sources import Frame, Notice, Source
from edge_runtime.sources.files import FileSource
from edge_runtime.sources.open import open_source
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.watch import WatchSource

ENOUGH = 50  # pictures of a label, of which training puts some into each of its three splits
GLANCE = 0.05  # seconds without a frame after which keys and signals are looked at: nobody feels so little


def capture(arguments: argparse.Namespace) -> int:
    """Grows the folder until the source ends, enough is there, or somebody says stop; returns the exit code.

    Raises:
        UsageError: What was typed makes no sense.
        SourceError: The source cannot be opened or has failed.
        SinkError: The folder cannot be written.
        IncompleteError: Files could not be read.
        EdgeError: The source has ended, and nothing was kept.
    """
    labels: Sequence[str] = arguments.labels
    folders = LabelFolders(arguments.out, folders_of(labels))
    if len(set(labels)) < len(labels):
        raise UsageError(f"--label {max(labels, key=labels.count)}: given twice")
    region = parse_region(arguments.region) if arguments.region else WHOLE
    source = open_source(arguments.source)
    keyboard = Keyboard.here() if source.address != "-" else None
    rhythm = rhythm_of(arguments, source, keyboard is not None)
    folders.prepare()
    teller = Teller(bool(sys.stderr and sys.stderr.isatty()))
    session = Session(
        folders,
        labels,
        Look(source.live, region, arguments.min_change, MAX_AGE),
        rhythm,
        count=arguments.count,
        form=arguments.format,
        region=region,
        tell=teller.say,
        told=tell_path,
    )
    there = ", ".join(f"{label} ({folders.there[label]:,} there)" for label in labels)
    there = there.replace("(0 there)", "(new)")
    teller.say(f"{source.address} to {arguments.out}: {there}; {session.keys if keyboard else 'Ctrl-C ends'}")
    stopped = threading.Event()
    on_signal(stopped.set, signal.SIGINT, signal.SIGTERM)
    try:
        with contextlib.ExitStack() as stack:
            if keyboard:
                stack.enter_context(keyboard)
            collect(stack.enter_context(Sensing(source)), session, keyboard, stopped, teller)
    finally:
        teller.end()
        _sum_up(session, folders, source)
    by_itself = not (stopped.is_set() or session.ended)
    if by_itself and not session.kept.total() and not session.skipped["there already"]:
        raise EdgeError(f"{source.address}: nothing was kept: {words(session.skipped) or 'it gave no frame'}")
    if session.skipped["unreadable"] and not source.live:
        raise IncompleteError(f"{source.address}: {session.skipped['unreadable']:,} could not be read")
    return 0


def rhythm_of(arguments: argparse.Namespace, source: Source, terminal: bool) -> Rhythm | None:
    """Returns when frames are kept; None where keys say so.

    Args:
        arguments: What was typed.
        source: Where frames come from.
        terminal: Whether somebody can press a key.

    Raises:
        UsageError: It cannot be told, or who chooses among the labels.
    """
    address, several = arguments.source, len(arguments.labels) > 1
    at_a_pace = source.live or isinstance(source, WatchSource)
    if several and not terminal:
        raise UsageError(
            f"--label is given {len(arguments.labels)} times: keys choose among them, and nobody can press one here "
            "(no terminal, or frames on standard input); capture one label after the other"
        )
    if several and not at_a_pace:
        raise UsageError(
            f"{address}: --label is given {len(arguments.labels)} times, and pictures come faster than anybody "
            "chooses; name one label, or a pace for a video: VIDEO?fps=5"
        )
    if several and len(arguments.labels) > MOST:
        raise UsageError(
            f"--label is given {len(arguments.labels)} times; at most {MOST} expected, for the keys 1 to 9"
        )
    if arguments.interval and not source.live and isinstance(source, (FileSource, ReplaySource)):
        raise UsageError(f"{address}: --interval needs time between frames, and files have none; say --every N")
    if arguments.every or arguments.interval:
        return Rhythm(arguments.every or 1, arguments.interval)
    if not source.live:
        return Rhythm()
    if not terminal:
        raise UsageError(
            f"{without_passwords(source.address)}: nobody can press a key here; say --interval 0.5 for two pictures a "
            "second, or --every 10 for every tenth frame"
        )
    return None


def tell_path(path: Path) -> None:
    """Prints where a picture lies, for programs, as soon as it is there."""
    tell(path)
    if sys.stdout:
        sys.stdout.flush()


def collect(
    sensing: Sensing, session: Session, keyboard: Keyboard | None, stopped: threading.Event, teller: Teller
) -> None:
    """Gives frames and keys to a session until it or the source has ended, or somebody says stop.

    Raises:
        SourceError: The source has failed.
        SinkError: The folder cannot be written.
    """
    told: Notice | None = None
    while not (session.ended or stopped.is_set()):
        for key in keyboard.pressed() if keyboard else "":
            session.press(key)
        teller.show(session.line)
        if session.waits and not sensing.ended:
            stopped.wait(GLANCE)
            continue
        item = sensing.get(GLANCE)
        if isinstance(item, Frame):
            session.take(item)
            if told:
                teller.say(f"{item.source} is live again")
                told = None
        elif isinstance(item, Notice) and item != told:  # a camera that stays lost says so with each new try
            teller.say(f"the source is {item.state}{f': {item.reason}' if item.reason else ''}")
            told = None if item.state == "live" else item
        elif item is None and sensing.ended:
            return


def _sum_up(session: Session, folders: LabelFolders, source: Source) -> None:
    """Says what was kept, what was not, and what comes next."""
    kept = ", ".join(f"{label} {count:,}" for label, count in session.kept.items() if count) or "nothing"
    say(f"edge-runtime: kept: {kept}" + (f"; not kept: {words(session.skipped)}" if session.skipped else ""))
    if not session.kept.total():
        return
    totals = {label: folders.there[label] + count for label, count in session.kept.items() if count}
    if few := [f"{label} has {count:,}" for label, count in totals.items() if count < ENOUGH]:
        say(f"edge-runtime: {', '.join(few)}: training needs about {ENOUGH} pictures of each label or more")
    if len(labels := folders.labels) > 1:
        command = ["python", "-m", "train", "prepare", "--dataset", f"folder:{folders.dataset}", "--out", "DATA"]
        say(f"edge-runtime: {folders.root} has {len(labels)} labels; where you train: {shlex.join(command)}")
        return
    command = ["edge-runtime", "capture", "--label", "OTHER", "--source", source.address, "--out", str(folders.root)]
    say(f"edge-runtime: one label alone cannot be trained with; next: {shlex.join(command)}")
