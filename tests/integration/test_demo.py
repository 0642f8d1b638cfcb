"""`make demo`'s own program, from nothing to classified pictures, on a reduced budget."""

from pathlib import Path

import pytest

from edge_runtime.bundle.store import open_bundle
from export.conversion.recipes import select
from tests.support import python


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(place: Path, fashion_mnist_files: Path) -> str:
    """What the first demonstration printed; the data is found by the provider as a user's would be."""
    done = python("tools/demo.py", "--place", place, "--epochs", 1, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_ends_with_what_was_made_and_what_to_try(first: str, place: Path) -> None:
    end = first[first.index("What was made:") :]
    for made in ("runs/fashion_mnist", "bundles/fashion_mnist", "demo.png", "reports/parity.html"):
        assert f"{place}/{made}" in end or made in end
    assert end.count(".venv/bin/edge-runtime ") == 3
    assert (place / "demo.png").stat().st_size > 10_000


def test_every_variant_is_in_the_bundle_and_near_the_keras_model(first: str, place: Path) -> None:
    manifest = open_bundle(place / "bundles" / "fashion_mnist").manifest
    assert {variant.name for variant in manifest.variants} == {recipe.name for recipe in select("usual")}
    assert manifest.gate.samples == 10_000
    assert all(manifest.gate.reference_top1 - variant.top1 <= 0.01 for variant in manifest.variants)


def test_it_prints_a_table_of_real_pictures_with_true_labels(first: str, place: Path) -> None:
    pictures = sorted((place / "pictures").rglob("*.png"))
    assert len(pictures) == 20
    table = first[first.index("predicted") :]
    for picture in pictures:
        assert picture.name in table
    assert "Ankle boot" in table


def test_a_second_demonstration_uses_what_is_there(first: str, place: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (place / "bundles").rglob("*") if path.is_file()}
    done = python("tools/demo.py", "--place", place, "--epochs", 1)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("up to date") == 4
    assert {path: path.stat().st_mtime_ns for path in before if path.suffix != ".tar"} == {
        path: stamp for path, stamp in before.items() if path.suffix != ".tar"
    }
