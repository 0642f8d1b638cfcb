"""The page in a real browser: Debian's package chromium, driven by Playwright."""

from pathlib import Path

import pytest
from PIL import Image
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
    with Image.open(tmp_path / "in" / "nut" / "0000.png") as image:
        image.convert("CMYK").save(tmp_path / "in" / "나사 못" / "인쇄.jpg")
        image.save(tmp_path / "in" / "나사 못" / "copy.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "in" / "nut" / "blank.png")
    (tmp_path / "in" / "nut" / f"{'a-long-name' * 15}.png").write_text("no picture")
    prepare(Folder(tmp_path / "in"), PreprocessingSpec((32, 32)), 0, tmp_path / "out")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        shown, complaints, asked = context.new_page(), list[str](), list[str]()
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("request", lambda request: asked.append(request.url))
        address = (tmp_path / "out" / "audit.html").as_uri()
        shown.goto(address)
        assert complaints == []
        assert [url for url in asked if not url.startswith("data:")] == [address]
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert [one for one in shown.evaluate(CONTRASTS) if one[0] < READABLE] == []
        paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") != dark
        images = "[...document.images].map((each) => [each.naturalWidth, each.alt])"
        seen = shown.evaluate(images)
        assert len(seen) > 16
        assert [one for one in seen if not one[0] or not one[1].strip()] == []
        targets = "[...document.querySelectorAll('nav a')].map((each) => document.querySelector(each.hash)?.tagName)"
        assert set(shown.evaluate(targets)) == {"H2"}
        browser.close()
