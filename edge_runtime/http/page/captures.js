// The pictures that were kept for training: a person names them with a tap.
import { byId, hide, keep, make, say } from "./dom.js";
import { change, look, picture } from "./talk.js";
import { UNKNOWN, percent } from "./words.js";

const EVERY = 10_000; // milliseconds
const MANY = 24; // labels, from which on they are searched
const FOUND = 40; // labels shown of those
// Why a picture was kept: in a word, and what that means.
const WHY = {
  uncertain: ["unsure", "the two best scores are close, or none is high enough"],
  disagreeing: ["contradicted", "the pictures around it, or a second model, say something else"],
  random: ["sample", "picked by chance, whatever the model says"],
};
let labels = [], needs = "never", list = [], open = null, busy = false;

/** Takes what the status says; brings the pictures when they are there. */
export function show(status) {
  needs = status.changing;
  hide(byId("captures"), !status.captures);
  say(byId("captures-note"), needs === "never" ? "They can be labelled from the device itself, or from anywhere with a token in its settings." : "");
  hide(byId("captures-note"), needs !== "never");
}

export async function watch() {
  for (;;) {
    if (!document.hidden && !byId("captures").hidden && !busy) await refresh();
    await new Promise((go) => setTimeout(go, byId("captures").hidden ? 500 : EVERY));
  }
}

async function refresh() {
  try {
    ({ captures: list, labels } = await (await look("/api/captures")).json());
    draw();
  } catch { /* the status says what is wrong */ }
}

function draw() {
  const left = list.filter((capture) => capture.given === null).length;
  say(byId("captures-count"), list.length ? `${left} of ${list.length} without a label` : "");
  const reasons = Object.keys(WHY).filter((reason) => list.some((capture) => capture.given === null && capture.reason === reason));
  keep(byId("captures-why"), reasons, (reason) => reason,
    (reason) => make("li", "", make("b", "", WHY[reason][0]), `: ${WHY[reason][1]}`));
  const sorted = [...list].sort((a, b) => (a.given !== null) - (b.given !== null)); // stable: newest first within each
  keep(byId("captures-list"), sorted, (capture) => capture.id, create, update);
  if (!list.length && !byId("captures-list").children.length) {
    say(byId("captures-note"), "None yet. Pictures that the model is unsure about appear here.");
    hide(byId("captures-note"), false);
  }
}

function create(capture) {
  const image = make("img");
  image.alt = "";
  const button = make("button", "capture", make("span", "thumb", image), make("span", "about", make("b"), make("span"), make("span")));
  button.type = "button";
  button.onclick = () => start(capture.id);
  bring(image, capture.id);
  return make("li", "", button);
}

function update(item, capture) {
  const button = item.firstChild, [first, score, second] = button.querySelector(".about").children;
  const done = capture.given !== null;
  button.disabled = needs === "never";
  button.classList.toggle("done", done);
  say(first, done ? `✓ ${capture.given}` : capture.label === UNKNOWN ? UNKNOWN : `${capture.label}?`);
  say(score, done ? "" : percent(capture.score));
  say(second, done ? `model: ${capture.label}` : WHY[capture.reason]?.[0] ?? capture.reason);
  button.setAttribute("aria-label", done
    ? `Labelled ${capture.given}; the model said ${capture.label}. Change`
    : `Label this picture: the model says ${capture.label}, ${percent(capture.score)}`);
}

async function bring(image, id) {
  try {
    image.src = (await picture(`/api/captures/${id}/picture`)).url;
    await image.decode();
    image.classList.toggle("tiny", image.naturalWidth <= 160);
  } catch { /* it may have had to go since */ }
}

function start(id) {
  open = list.find((capture) => capture.id === id) ?? null;
  if (!open) return;
  const image = byId("label-picture");
  image.removeAttribute("src");
  image.alt = `The picture, as ${open.source} took it`;
  bring(image, id);
  const said = open.label === UNKNOWN ? `The model knows it not: its best score, ${percent(open.score)}, is too low.` : `The model says ${open.label}, ${percent(open.score)}.`;
  say(byId("label-said"), `${said} Kept as ${WHY[open.reason]?.join(": ") ?? open.reason}.`);
  say(byId("label-error"), "");
  const filter = byId("label-filter");
  filter.value = "";
  hide(filter, labels.length <= MANY);
  choices();
  if (!byId("label").open) byId("label").showModal();
  byId("label-choices").focus(); // not one of them: the Enter that opened this must not choose it
}

function choices() {
  const typed = byId("label-filter").value.trim().toLowerCase();
  const fit = labels.filter((label) => label.toLowerCase().includes(typed));
  const first = fit.includes(open.label) && labels.length > MANY ? [open.label, ...fit.filter((label) => label !== open.label)] : fit;
  byId("label-choices").replaceChildren(...first.slice(0, FOUND).map((label, place) => {
    const key = labels.length <= MANY && place < 9 ? make("kbd", "", String(place + 1)) : null;
    key?.setAttribute("aria-hidden", "true");
    const style = label === open.given ? "given" : label === open.label ? "guess" : "";
    const button = make("button", style, key, label);
    button.type = "button";
    if (style === "given") button.setAttribute("aria-pressed", "true");
    button.onclick = () => act("PUT", "/label", { label }, label);
    return button;
  }));
}

/** Does something with the open picture, then goes on to the next one without a label. */
async function act(method, path, content, given) {
  if (busy || !open) return;
  busy = true;
  say(byId("label-error"), "");
  try {
    await change(`/api/captures/${open.id}${path}`, method, needs, content);
    if (given) open.given = given;
    else list = list.filter((capture) => capture !== open);
    draw();
    next();
  } catch (error) {
    say(byId("label-error"), error.status ? error.message : "The device does not answer; nothing was changed.");
  } finally {
    busy = false;
  }
}

function next() {
  const after = list.find((capture) => capture.given === null && capture !== open);
  if (after) start(after.id);
  else byId("label").close();
}

byId("label-filter").oninput = choices;
byId("label-remove").onclick = () => act("DELETE", "", undefined, null);
byId("label-skip").onclick = () => {
  const left = list.filter((capture) => capture.given === null && capture !== open);
  const after = left.find((capture) => list.indexOf(capture) > list.indexOf(open)) ?? left[0];
  if (after) start(after.id);
  else byId("label").close();
};
byId("label").addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.altKey || event.metaKey) return;
  if (labels.length <= MANY && /^[1-9]$/.test(event.key)) byId("label-choices").children[Number(event.key) - 1]?.click();
});
