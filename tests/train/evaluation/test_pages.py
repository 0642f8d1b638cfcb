"""Both pages in a real browser: Debian's package chromium, driven by Playwright."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from edge_runtime.stages.prepared import Prepared
from tests.edge_runtime.http.test_page import CHROMIUM, CONTRASTS
from train.evaluation.compare import compare
from train.evaluation.comparison_page import page

pytestmark = [
    pytest.mark.system,
    # TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
READABLE = 4.5  # WCAG 2.2, AA


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "Debian's package chromium is wanted: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(
    small: Prepared, make_run: Callable[[Path, Prepared, int], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A report and a comparison."""
    place = tmp_path_factory.mktemp("pages")
    runs = [make_run(place / name, small, seed) for seed, name in enumerate(("first", "second"))]
    (place / "compare.html").write_bytes(page(compare(*runs)))
    return runs[0] / "report.html", place / "compare.html"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("which", [0, 1])
def test_it_fits_is_readable_and_asks_nobody(
    browser: Browser, pages: tuple[Path, Path], which: int, width: int, dark: bool
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme="dark" if dark else "light")
    shown, complaints, asked = context.new_page(), list[str](), list[str]()
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("request", lambda request: asked.append(request.url))
    address = pages[which].as_uri()
    shown.goto(address)
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = [one for one in shown.evaluate(CONTRASTS) if one[1] != "·"]
    assert len(contrasts) > 100
    assert [one for one in contrasts if one[0] < READABLE] == []
    context.close()
