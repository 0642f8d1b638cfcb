// One card for each source: its picture, its state in a colour and a word, what it shows.
import { byId, hide, keep, make, say } from "./dom.js";
import { picture } from "./talk.js";
import { UNKNOWN, age, count, moment, percent } from "./words.js";

const PAUSE = 250; // milliseconds between two pictures of a source; the device makes five a second at most
// Each state has a sign of its own, for those who do not see its colour.
const SIGNS = {
  live: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Z",
  stale: "M6 .8A5.2 5.2 0 1 0 6 11.200A5.2 5.2 0 0 0 6 .8Zm.7 2v3l2 1.900-.9 1L5.300 6.400V2.800Z",
  frozen: "M5.300.5h1.400v11H5.300ZM.5 5.300h11v1.400H.5ZM2 3l1-1 7 7-1 1ZM9 2l1 1-7 7-1-1Z",
  black: "M1 1h10v10H1Z",
  lost: "M2.200 1 6 4.800 9.800 1 11 2.200 7.200 6 11 9.800 9.800 11 6 7.200 2.200 11 1 9.800 4.800 6 1 2.200Z",
};
const WORDS = { live: "Live", stale: "Stale", frozen: "Frozen", black: "Black", lost: "Lost" };
const REASONS = {
  stale: "No new picture has come for a while.",
  frozen: "The camera repeats the same picture.",
  black: "The camera's pictures show nothing.",
  lost: "It cannot be reached and is tried again.",
};
const cards = new Map(); // element → {number, wanted, shown, visible}
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (cards.has(entry.target)) cards.get(entry.target).visible = entry.isIntersecting;
}, { rootMargin: "100px" });

export function show(sources) {
  byId("sources").dataset.count = sources.length;
  keep(byId("sources"), sources, (source) => source.address, create, update);
}

export const hasTrouble = (sources) => sources.filter((source) => source.state && source.state !== "live").length;

function create(source) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  const image = make("img");
  image.hidden = true;
  const card = make("article", "source",
    make("figure", "", make("span", "none", "No picture yet"), image, make("p", "state", svg, make("span")), make("p", "why")),
    make("div", "said", make("h3", "", source.address), make("p", "verdict", make("strong"), make("span"))),
    make("div", "bars"),
    make("p", "counts"));
  card.setAttribute("aria-label", source.address);
  cards.set(card, { number: 0, wanted: null, shown: null, visible: true });
  watcher.observe(card);
  return card;
}

function update(card, source, number) {
  Object.assign(cards.get(card), { number, wanted: source.picture });
  const state = source.state, off = Boolean(state) && state !== "live";
  card.classList.toggle("off", off);
  const badge = card.querySelector(".state");
  badge.className = `state ${state ?? ""}`;
  hide(badge, !state);
  badge.querySelector("path").setAttribute("d", SIGNS[state] ?? "");
  say(badge.querySelector("span"), WORDS[state] ?? "");
  badge.title = source.since ? `since ${moment(source.since)}` : "";
  const why = card.querySelector(".why");
  say(why, off ? capital(source.reason || REASONS[state] || "") : "");
  hide(why, !off);
  hide(card.querySelector(".none"), off || !card.querySelector("img").hidden);

  const last = source.last;
  const [label, score] = card.querySelector(".verdict").children;
  say(label, last ? last.label : "Nothing judged yet");
  const unknown = last?.label === UNKNOWN;
  label.classList.toggle("unknown", !last || unknown);
  say(score, last && !off ? `${percent(last.score)}${unknown ? " is too low" : ""}` : off && last ? "last seen" : "");
  card.querySelector("img").alt = last ? `${source.address}: ${last.label}` : source.address;
  keep(card.querySelector(".bars"), last?.best ?? [], (_, place) => place,
    () => make("div", "bar", make("span"), make("span", "track", make("i")), make("span")),
    (bar, [name, value]) => {
      say(bar.children[0], name);
      bar.children[0].title = name;
      bar.querySelector("i").style.width = value ? `${Math.max(value * 100, 0.5)}%` : "0";
      say(bar.children[2], percent(value));
    });
  keep(card.querySelector(".counts"), figures(source), (text) => text.replace(/^[^ ]+ /, ""), () => make("span"), say);
}

function figures(source) {
  const refused = Object.values(source.rejections).reduce((sum, each) => sum + each, 0);
  return [
    `${count(source.predictions)} judged`,
    source.age.p50 ? `${age(source.age.p50)} old when judged` : "",
    source.dropped ? `${count(source.dropped)} dropped` : "",
    refused ? `${count(refused)} refused` : "",
    source.still ? `${count(source.still)} still` : "",
    source.region ? part(source.region) : "",
  ].filter(Boolean);
}

/** Which part of the picture the model is shown, of a source with a region of interest. */
function part(region) {
  const [left, top, right, bottom] = region.map((share) => Math.round(share * 100));
  const spans = [[left, right, "across"], [top, bottom, "down"]].filter(([from, to]) => from > 0 || to < 100);
  return `part judged: ${spans.map(([from, to, way]) => `${from}–${to}\u00a0%\u00a0${way}`).join(", ")}`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Brings pictures, one after the other, of the sources that are to be seen, for as long as the page is. */
export async function watch() {
  for (;;) {
    const due = [...cards].filter(([card, seen]) => card.isConnected && seen.visible && seen.wanted && seen.wanted !== seen.shown);
    if (!document.hidden) {
      for (const [card, seen] of due) await bring(card, seen);
    }
    for (const card of [...cards.keys()].filter((each) => !each.isConnected)) {
      watcher.unobserve(card);
      cards.delete(card);
    }
    await new Promise((go) => setTimeout(go, PAUSE));
  }
}

async function bring(card, seen) {
  const wanted = seen.wanted, image = card.querySelector("img");
  try {
    const { url } = await picture(`/api/sources/${seen.number}/picture`);
    const before = image.src;
    image.src = url;
    await image.decode();
    image.classList.toggle("tiny", image.naturalWidth <= 160);
    image.hidden = false;
    hide(card.querySelector(".none"), true);
    if (before) URL.revokeObjectURL(before);
    seen.shown = wanted;
  } catch { /* the status says what is wrong; the next round tries again */ }
}
