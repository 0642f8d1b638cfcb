"""The page in a real browser: Debian's package chromium, driven by Playwright."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from edge_runtime.captures.ring import Ring
from edge_runtime.http.settings import Settings
from edge_runtime.preprocess import Region
from edge_runtime.result import Event, SourceChange
from tests.edge_runtime.http.serving import DOOR, PLENTY, TOKEN, YARD, Served, frame, prediction, serving
from tests.edge_runtime.http.test_labelling import kept
from tests.edge_runtime.samples import DEADLINE, IDENTITY

pytestmark = pytest.mark.system
CHROMIUM = "/usr/bin/chromium"
PHONE = (360, 740)
TABLET = (800, 1100)
DESKTOP = (1280, 900)
# The colour of every visible text against what it stands on, by the formula of WCAG 2.2 (relative luminance).
CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest("script, style, noscript")) continue;
    const [high, low] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    found.push([(high + 0.05) / (low + 0.05), text.slice(0, 40)]);
  }
  return found;
}"""


@dataclass
class Seen:
    """A page, and what a browser complained about while it was shown."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "Debian's package chromium is wanted: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def origin(address: str) -> str:
    parts = urlsplit(address.removeprefix("blob:"))  # a picture that the page holds itself
    return f"{parts.scheme}://{parts.netloc}"


def opened(browser: Browser, served: Served, size: tuple[int, int] = DESKTOP, dark: bool = False) -> Seen:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(DEADLINE * 1000)
    seen = Seen(context.new_page())
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on("request", lambda request: seen.hosts.add(origin(request.url)))
    seen.page.goto(f"http://127.0.0.1:{served.port}/")
    return seen


def tell(served: Served, value: int = 255) -> None:
    """A source that works, and one that is lost."""
    served.tell(SourceChange(DOOR, 1_790_000_000.0, "live"))
    served.tell(prediction(frame(value=value)), frame(value=value))
    served.tell(Event(DOOR, 0, 1_790_000_000.0, "bright", 0.9, "dark", 3.0, IDENTITY), frame(value=value))
    served.tell(SourceChange(YARD, 1_790_000_001.0, "lost", "no route to host"))


def card(page: Page, source: str) -> Locator:
    return page.get_by_role("article", name=source, exact=True)


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=DEADLINE * 1000)


def faults(page: Page) -> list[object]:
    """Returns what is too wide for the screen, and texts that stand out too little: WCAG's AA wants 4.5."""
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 30
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*([f"{wide} pixels too wide"] if wide > 0 else []), *(fault for fault in contrasts if fault[0] < 4.5)]


def test_it_shows_what_is_seen_and_how_each_source_is_and_asks_nobody_else(browser: Browser) -> None:
    with serving() as served:
        tell(served)
        seen = opened(browser, served)
        door, yard = card(seen.page, DOOR), card(seen.page, YARD)
        expect(door).to_contain_text("bright", timeout=DEADLINE * 1000)
        expect(door).to_contain_text("Live")
        expect(door).to_contain_text("100 %")
        expect(yard).to_contain_text("Lost")
        expect(yard).to_contain_text("No route to host")
        picture = door.get_by_role("img", name=f"{DOOR}: bright")
        expect(picture).to_be_visible(timeout=DEADLINE * 1000)
        assert picture.evaluate("image => image.naturalWidth") == 64
        for fact in (IDENTITY.digest, IDENTITY.variant, IDENTITY.runtime, "61.5 °C", "too hot", "60 MB of 4.0 GB"):
            sees(seen.page, fact)
        sees(seen.page, "Source lost")
        expect(seen.page).to_have_title("⚠ 1 not live · lamp · Edge runtime")
        assert seen.hosts == {f"http://127.0.0.1:{served.port}"}
        assert seen.complaints == []
        seen.page.context.close()


def test_what_unknown_and_the_reasons_of_kept_pictures_mean_stands_on_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(captures=kept(tmp_path, 2)) as served:
        seen = frame(value=115)
        served.tell(replace(prediction(seen), threshold=0.9), seen)
        served.tell(Event(DOOR, 0, 1_790_000_000.0, "unknown", 0.55, "dark", 3.0, IDENTITY), seen)
        page = opened(browser, served, PHONE).page
        expect(card(page, DOOR)).to_contain_text("55 % is too low", timeout=DEADLINE * 1000)
        sees(page, "No score is high enough.")
        why = page.get_by_role("list", name="Why they were kept")
        expect(why).to_have_text("unsure: the two best scores are close, or none is high enough")
        page.get_by_role("button", name="Label this picture").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("Kept as unsure: the two best scores are close")
        page.context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_score_stands_on_one_line(browser: Browser, size: tuple[int, int]) -> None:
    with serving() as served:
        tell(served)
        sharp = frame(number=1)
        served.tell(replace(prediction(sharp), best=(("bright", 0.9991), ("dark", 0.0009), ("dusk", 0.0))), sharp)
        page = opened(browser, served, size).page
        bars = card(page, DOOR).locator(".bar")
        expect(bars).to_have_text(["bright>99 %", "dark<1 %", "dusk0 %"], timeout=DEADLINE * 1000)
        scores = card(page, DOOR).locator(".bar > span:last-child")
        heights = scores.evaluate_all("all => all.map(score => score.offsetHeight)")
        assert len(set(heights)) == 1
        page.context.close()


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_labels_of_two_words_are_shown_whole_however_many_sources_there_are(
    browser: Browser, tmp_path: Path, size: tuple[int, int], count: int
) -> None:
    sources = [f"camera {number}" for number in range(count)]
    with serving(captures=kept(tmp_path, label="Ankle boot"), sources=sources) as served:
        for source in sources:
            seen = frame(source)
            best = (("Ankle boot", 0.9991), ("T-shirt/top", 0.0009), ("Flip-flops", 0.0))
            served.tell(replace(prediction(seen), best=best), seen)
        page = opened(browser, served, size).page
        expect(page.locator(".bar")).to_have_count(3 * count, timeout=DEADLINE * 1000)
        sees(page, "Ankle boot?")
        cut = "all => all.filter(each => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight)"
        told = page.locator(".bar > span:first-child, .capture b").evaluate_all(
            f"all => ({cut})(all).map(each => each.textContent)"
        )
        assert told == []
        page.context.close()


def test_a_source_with_a_region_of_interest_says_which_part_is_judged(browser: Browser) -> None:
    regions = {DOOR: Region(0.25, 0.0, 0.75, 1.0), YARD: Region(0.25, 0.1, 1.0, 0.9)}
    with serving(sources=[DOOR, YARD, "whole"], regions=regions) as served:
        tell(served)
        page = opened(browser, served).page
        for source, part in ((DOOR, "25–75 % across"), (YARD, "25–100 % across, 10–90 % down")):
            counts = card(page, source).locator(".counts span")
            expect(counts.filter(has_text="part judged")).to_have_text(f"part judged: {part}", timeout=DEADLINE * 1000)
        expect(card(page, "whole")).not_to_contain_text("part judged")
        page.context.close()


def test_a_label_that_was_given_as_new_can_be_chosen(browser: Browser, tmp_path: Path) -> None:
    ring = kept(tmp_path, 2)
    ring.give_label(ring.list()[1].id, "flickering")
    with serving(captures=ring) as served:
        tell(served)
        page = opened(browser, served, PHONE).page
        page.get_by_role("button", name="Label this picture").first.click()
        page.get_by_role("button", name="flickering", exact=True).click()
        sees(page, "0 of 2 without a label")
        assert [one.given for one in ring.list()] == ["flickering"] * 2
        page.context.close()


def test_it_follows_what_changes(browser: Browser) -> None:
    with serving() as served:
        tell(served)
        page = opened(browser, served).page
        expect(card(page, DOOR)).to_contain_text("Live", timeout=DEADLINE * 1000)
        for state, word in (("stale", "Stale"), ("frozen", "Frozen"), ("black", "Black"), ("live", "Live")):
            served.tell(SourceChange(DOOR, 1_790_000_002.0, state))  # type: ignore[arg-type]  # of these words
            expect(card(page, DOOR).locator(".state")).to_have_text(word, timeout=DEADLINE * 1000)
        served.tell(prediction(frame(number=1, value=0)), frame(number=1, value=0))
        expect(card(page, DOOR).locator("strong")).to_have_text("dark", timeout=DEADLINE * 1000)
        page.context.close()


def test_it_says_that_the_connection_is_lost_and_finds_it_again(browser: Browser) -> None:
    with serving() as served:
        tell(served)
        port = served.port
        page = opened(browser, served).page
        expect(page.get_by_role("status")).to_contain_text("Connected", timeout=DEADLINE * 1000)
    expect(page.get_by_role("status")).to_contain_text("Connection lost", timeout=DEADLINE * 1000)
    expect(page.get_by_role("alert").first).to_contain_text("What you see is from")
    with serving(Settings(port=port, limits=PLENTY)) as served:
        tell(served, value=0)
        expect(page.get_by_role("status")).to_contain_text("Connected", timeout=DEADLINE * 1000)
        expect(page.get_by_role("alert").first).to_be_hidden()
        expect(card(page, DOOR)).to_contain_text("dark", timeout=DEADLINE * 1000)
        page.context.close()


def test_a_picture_is_labelled_by_a_tap_and_the_next_one_comes(browser: Browser, tmp_path: Path) -> None:
    ring = kept(tmp_path, 2)
    newest, oldest = (one.id for one in ring.list())
    with serving(captures=ring) as served:
        tell(served)
        seen = opened(browser, served, PHONE)
        page = seen.page
        page.get_by_role("button", name="Label this picture").first.click()
        page.get_by_role("button", name="bright", exact=True).click()
        sees(page, "1 of 2 without a label")
        assert ring.get(newest).given == "bright"
        page.get_by_role("button", name="Remove picture").click()
        expect(page.get_by_role("dialog")).to_be_hidden(timeout=DEADLINE * 1000)
        sees(page, "✓ bright")
        assert [one.id for one in ring.list()] == [newest]
        assert oldest != newest
        assert seen.complaints == []
        page.context.close()


def test_pictures_can_be_labelled_with_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    ring = kept(tmp_path, 2)
    with serving(captures=ring) as served:
        page = opened(browser, served).page
        button = page.get_by_role("button", name="Label this picture").first
        expect(button).to_be_visible(timeout=DEADLINE * 1000)
        for _ in range(20):
            page.keyboard.press("Tab")
            if button.evaluate("button => button === document.activeElement"):
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("1")
        sees(page, "1 of 2 without a label")
        page.keyboard.press("2")
        sees(page, "0 of 2 without a label")
        assert [one.given for one in ring.list()] == ["dark", "bright"]
        page.context.close()


def test_the_token_is_asked_for_once_kept_in_the_tab_and_never_in_an_address(browser: Browser, tmp_path: Path) -> None:
    ring = kept(tmp_path, 2)
    with serving(Settings(port=0, token=TOKEN, limits=PLENTY), ring) as served:
        page = opened(browser, served).page
        addresses: list[str] = []
        page.on("request", lambda request: addresses.append(request.url))
        page.get_by_role("button", name="Label this picture").first.click()
        page.get_by_role("button", name="bright", exact=True).click()
        token = page.get_by_label("Token from the device's settings")
        token.fill("wrong-wrong-wrong")
        page.get_by_role("button", name="Go on").click()
        sees(page, "the token is not the one in the settings")
        token.fill(TOKEN)
        page.get_by_role("button", name="Go on").click()
        sees(page, "1 of 2 without a label")
        page.get_by_role("button", name="dark", exact=True).click()
        sees(page, "0 of 2 without a label")
        assert sorted(str(one.given) for one in ring.list()) == ["bright", "dark"]
        assert page.evaluate("[Object.keys(localStorage).length, document.cookie]") == [0, ""]
        assert TOKEN in page.evaluate("Object.values(sessionStorage)")
        assert not any(TOKEN in address for address in [*addresses, page.url])
        page.context.close()


def test_a_private_page_asks_for_the_token_before_it_shows_anything(browser: Browser) -> None:
    with serving(Settings(port=0, token=TOKEN, private=True, limits=PLENTY)) as served:
        tell(served)
        page = opened(browser, served).page
        page.get_by_label("Token from the device's settings").fill(TOKEN)
        assert IDENTITY.digest not in page.content()
        page.get_by_role("button", name="Go on").click()
        expect(card(page, DOOR).get_by_role("img")).to_be_visible(timeout=DEADLINE * 1000)
        page.context.close()


def test_what_others_have_named_is_shown_and_never_run(browser: Browser) -> None:
    evil = "<img src=x onerror=\"document.title='run'\"><b>bold</b>"
    with serving() as served:
        served.tell(SourceChange(DOOR, 1_790_000_000.0, "lost", evil))
        seen = opened(browser, served)
        expect(card(seen.page, DOOR)).to_contain_text("<b>bold</b>", timeout=DEADLINE * 1000)
        assert "run" not in seen.page.title().split()
        assert seen.complaints == []
        seen.page.context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_is_legible_and_never_wider_than_the_screen(
    browser: Browser, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    ring: Ring = kept(tmp_path / "ring")
    ring.give_label(ring.list()[2].id, "dark")
    with serving(captures=ring) as served:
        tell(served)
        served.tell(SourceChange(YARD, 1_790_000_002.0, "lost", "x" * 300))
        page = opened(browser, served, size, dark).page
        expect(card(page, DOOR).get_by_role("img")).to_be_visible(timeout=DEADLINE * 1000)
        sees(page, "✓ dark")
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert faults(page) == []
        page.get_by_role("button", name="Label this picture").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert faults(page) == []
        page.context.close()


def test_everything_that_can_be_pressed_has_a_name_and_every_picture_a_text(browser: Browser, tmp_path: Path) -> None:
    with serving(captures=kept(tmp_path)) as served:
        tell(served)
        page = opened(browser, served).page
        page.get_by_role("button", name="Label this picture").first.click()
        assert page.locator("img:not([alt])").count() == 0
        names = "all => all.map(each => each.ariaLabel || each.textContent.trim() || each.labels?.[0]?.textContent)"
        assert all(page.locator("button, input").evaluate_all(names))
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.get_by_role("heading", level=1).count() == 1
        page.context.close()
