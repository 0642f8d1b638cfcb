// What is told in words and figures: in short, events, sinks, model, device.
import { byId, hide, keep, make, rows, say } from "./dom.js";
import { UNKNOWN, bytes, clock, count, lasting, moment, seconds } from "./words.js";

export function tiles(status) {
  const judged = status.sources.reduce((sum, source) => sum + source.predictions, 0);
  const off = status.sources.filter((source) => source.state && source.state !== "live").length;
  const device = status.device;
  const all = [
    ["judged", count(judged)],
    ["a second", rate(status.history)],
    ["interpreter", seconds(status.latency.p50)],
    ["sources live", `${status.sources.length - off} of ${status.sources.length}`, off > 0],
    device.temperature === null ? null : ["processor", `${Math.round(device.temperature)} °C`, Boolean(device.throttled)],
    device.uptime === null ? null : ["running", lasting(device.uptime)],
  ].filter(Boolean);
  keep(byId("tiles"), all, ([name]) => name, () => make("li", "", make("span"), make("b")), (tile, [name, value, warn]) => {
    say(tile.children[0], name);
    say(tile.children[1], value);
    tile.classList.toggle("warn", Boolean(warn));
  });
}

/** Frames a second: of the last slot that is over, or of what there is of the first one. */
function rate(history) {
  const over = history.points.find(([ago]) => ago === 1);
  if (over) return (over[1] / history.slot).toFixed(1);
  const now = history.points.find(([ago]) => ago === 0);
  return now ? "…" : "0";
}

export function events(list, several) {
  const shown = list.length ? list : [null];
  keep(byId("events"), shown, (event) => event ? `${event.at} ${event.source} ${event.type} ${event.label ?? event.state}` : "none",
    (event) => event ? one(event, several) : make("li", "", "", make("span", "quiet", "Nothing has changed yet.")));
}

function one(event, several) {
  const time = make("time", "", clock(event.at));
  time.dateTime = event.at;
  time.title = moment(event.at);
  const where = several ? make("span", "where", event.source) : null;
  if (event.type === "label") {
    const before = event.previous ? make("span", "quiet", ` instead of ${event.previous}`) : null;
    const low = event.label === UNKNOWN ? make("span", "where", "No score is high enough.") : null;
    return make("li", "", time, make("span", "", make("b", "", event.label), before, low, where));
  }
  const why = event.reason ? make("span", "where", event.reason) : null;
  return make("li", event.state, time, make("span", "", make("b", "", `Source ${event.state}`), why, where));
}

export function sinks(list) {
  keep(byId("sinks"), list, (sink) => sink.address, () => make("li", "", make("b"), make("span", "quiet"), make("p", "bad")), (row, sink) => {
    const figures = [`${count(sink.delivered)} told`];
    if (sink.waiting) figures.push(`${count(sink.waiting)} waiting`);
    if (sink.dropped) figures.push(`${count(sink.dropped)} dropped`);
    if (sink.failed) figures.push(`${count(sink.failed)} failed`);
    const [name, numbers, bad] = row.children;
    say(name, sink.address);
    say(numbers, ` ${figures.join(" · ")}`);
    say(bad, sink.error ? `Fails: ${sink.error}` : "");
    hide(bad, !sink.error);
  });
}

export function model(model) {
  say(byId("name"), model.name);
  say(byId("version"), `${model.version} · ${model.variant}`);
  rows(byId("model"), [
    ["Name", model.name],
    ["Version", model.version],
    ["Digest", model.digest],
    ["Variant", model.variant],
    ["Interpreter", model.runtime],
    ["Sees", `${model.size[1]} × ${model.size[0]} pixels`],
    ["Labels", count(model.labels.length)],
  ]);
}

export function device(device, started) {
  rows(byId("device"), [
    ["Machine", device.machine],
    ["Processors", device.cpus],
    ["Temperature", device.temperature === null ? null : `${device.temperature.toFixed(1)} °C`],
    ["Held back", device.throttled === null ? null : device.throttled || "no", device.throttled ? "warn" : ""],
    ["Memory held", memory(device)],
    ["Running for", device.uptime === null ? null : lasting(device.uptime)],
    ["Judging since", moment(started)],
  ]);
}

function memory(device) {
  if (device.resident === null) return null;
  return device.memory === null ? bytes(device.resident) : `${bytes(device.resident)} of ${bytes(device.memory)}`;
}
