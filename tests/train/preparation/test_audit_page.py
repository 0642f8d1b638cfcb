"""The page in a real browser: Debian's package chromium, driven by Playwright."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from edge_runtime.bundle.spec import PreprocessingSpec
from tests.edge_runtime.http.test_page import CHROMIUM, CONTRASTS
from tests.train.preparation.conftest import write_noise
from train.datasets.folder import Folder
from train.preparation.prepare import prepare

pytestmark = pytest.mark.system
READABLE = 4.5  # WCAG 2.2, AA


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_is_readable(width: int, dark: bool, tmp_path: Path) -> None:
    for seed, label in enumerate(("나사 못", "nut")):
        write_noise(tmp_path / "in" / label, 60, seed)
    (tmp_path / "in" / "nut" / f"{'a-long-name' * 15}.png").write_text("no picture")
    prepare(Folder(tmp_path / "in"), PreprocessingSpec((32, 32)), 0, tmp_path / "out")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        shown = context.new_page()
        shown.goto((tmp_path / "out" / "audit.html").as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert [one for one in shown.evaluate(CONTRASTS) if one[0] < READABLE] == []
        paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") != dark
        browser.close()
