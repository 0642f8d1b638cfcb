"""Disks that are really full: one that is mounted for the test, and too small."""

import subprocess
import sys
from pathlib import Path

from tests.support import ROOT, on_a_small_disk, python

SMALL = "--jobs 1 --recipes weight_int8.tflite --max-degradation 100"  # some 1.2 MB with its reports
LARGE = "--jobs 1 --recipes weight_int8.tflite,float32.tflite --max-degradation 100"  # a megabyte more


def typed(script: str, disk: Path, size: str, run: Path) -> subprocess.CompletedProcess[str]:
    """Runs lines for a shell, in which `$DISK` is a small disk, `$RUN` a run and `python` this Python."""
    lines = f'DISK={disk} RUN={run}; python() {{ {sys.executable} "$@"; }}\n{script}'
    words = [*on_a_small_disk(disk, size), "sh", "-c", lines]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_a_bundle_that_does_not_fit_leaves_the_older_one_whole_and_no_litter(
    run_directory: Path, tmp_path: Path
) -> None:
    done = typed(
        f"""
        python -m export $RUN --out $DISK/bundle {SMALL} >&2 || exit 9
        python -m edge_runtime info $DISK/bundle | head -1
        python -m export $RUN --out $DISK/bundle {LARGE} >&2; echo "exit $?"
        python -m edge_runtime info $DISK/bundle | head -1
        python -m edge_runtime verify $DISK/bundle >&2; echo "exit $?"
        ls -A $DISK
        """,
        tmp_path,
        "2m",
        run_directory,
    )
    said = f"export: error: {tmp_path}/bundle: cannot be written: No space left on device; the bundle that was there is"
    assert said in done.stderr
    before, refused, after, verified, *left = done.stdout.splitlines()
    assert (refused, verified, after) == ("exit 1", "exit 0", before)
    assert left == ["bundle", "bundle.report.html"]


def test_a_page_beside_the_bundle_that_cannot_be_written_is_named_and_the_bundle_is_whole(
    run_directory: Path, tmp_path: Path
) -> None:
    out, page = tmp_path / "bundle", tmp_path / "bundle.report.html"
    page.mkdir()  # what is refused last, on a disk with room for the bundle alone
    done = python("-m", "export", run_directory, "--out", out, *SMALL.split())
    assert done.returncode == 1
    assert f"{page}: cannot be written: Is a directory; the bundle {out} is whole" in done.stderr
    assert python("-m", "edge_runtime", "verify", out).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "bundle.report.html"]


def test_a_full_place_for_temporary_files_is_named_and_nothing_is_left_there(
    run_directory: Path, tmp_path: Path
) -> None:
    done = typed(
        f"""
        mkdir $DISK/tmp
        TMPDIR=$DISK/tmp python -m export $RUN --out $PWD/nowhere {SMALL}; echo "exit $?"
        ls -A $DISK/tmp
        """,
        tmp_path,
        "600k",
        run_directory,
    )
    assert f"export: error: {tmp_path}/tmp: the disk is full" in done.stderr
    assert "TMPDIR" in done.stderr
    assert "leaked" not in done.stderr
    assert done.stdout.splitlines() == ["exit 1"]
