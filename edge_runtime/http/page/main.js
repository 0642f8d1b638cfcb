// Asks the device once a second how things are, says so, and says when nobody answers.
import * as captures from "./captures.js";
import { byId, hide, say } from "./dom.js";
import * as facts from "./facts.js";
import * as sources from "./sources.js";
import * as speed from "./speed.js";
import { look, Refused } from "./talk.js";
import { clock } from "./words.js";

const EVERY = 1000; // milliseconds
const LONGEST = 5000; // between two tries while nobody answers
let last = null; // when the device answered last, by its own clock

function show(status) {
  last = status.now;
  facts.model(status.model);
  facts.tiles(status);
  sources.show(status.sources);
  speed.show(status.latency, oldest(status.sources), status.history);
  facts.events(status.events, status.sources.length > 1);
  facts.sinks(status.sinks);
  facts.device(status.device, status.started_at);
  captures.show(status);
  hide(byId("main"), false);
  const off = sources.hasTrouble(status.sources);
  document.title = `${off ? `⚠ ${off} not live · ` : ""}${status.model.name} · Edge runtime`;
}

/** Of several sources, the percentiles of the one whose frames are the oldest. */
const oldest = (all) => all.map((source) => source.age).reduce((worst, age) => (age.p99 > worst.p99 ? age : worst), { p50: 0, p90: 0, p99: 0 });

function tell(up, reason) {
  byId("link").className = `link ${up ? "up" : "down"}`;
  say(byId("link-text"), up ? "Connected" : "Connection lost");
  document.body.classList.toggle("lost-link", !up);
  const from = last ? ` What you see is from ${clock(last)}.` : "";
  say(byId("lost"), up ? "" : `Connection lost: ${reason}.${from} Trying again.`);
  hide(byId("lost"), up);
  if (!up) document.title = "⚠ Connection lost · Edge runtime";
}

async function run() {
  let pause = EVERY;
  for (;;) {
    try {
      show(await (await look("/api/status")).json());
      tell(true, "");
      pause = EVERY;
    } catch (error) {
      tell(false, error instanceof Refused ? error.message : "the device does not answer");
      pause = Math.min(pause * 1.5, LONGEST);
    }
    await new Promise((go) => setTimeout(go, pause));
    if (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
  }
}

run();
sources.watch();
captures.watch();
