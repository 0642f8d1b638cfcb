// Two small graphs of the last minutes: time inside the interpreter, and how old a frame was when it was judged.
import { byId, keep, make, say } from "./dom.js";
import { age as ageOf, seconds } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 60;

export function show(latency, age, history) {
  const graphs = [
    { name: "Interpreter", about: "one frame, mean of 5 s", style: "latency", spread: latency, column: 2, word: seconds },
    { name: "Age when judged", about: "oldest in 5 s", style: "age", spread: age, column: 3, word: ageOf },
  ];
  keep(byId("speed"), graphs, (graph) => graph.style, create, (element, graph) => draw(element, graph, history));
}

function create(graph) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  const spread = make("dl", "spread", ...["p50", "p90", "p99"].map((name) => make("div", "", make("dt", "", name), make("dd"))));
  return make("div", `graph ${graph.style}`,
    make("div", "title", make("b", "", graph.name), make("span", "quiet", graph.about)), svg,
    make("p", "axis", make("span"), make("span"), make("span", "", "now")), spread);
}

function draw(element, graph, history) {
  const svg = element.querySelector("svg"), wide = history.slots * 5;
  const values = history.points.map((point) => point[graph.column]);
  const top = Math.max(...values, 0);
  svg.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
  svg.setAttribute("aria-label", `${graph.name}: highest of the last ${minutes(history)} minutes ${graph.word(top)}, median ${graph.word(graph.spread.p50)}`);
  while (svg.children.length > history.points.length) svg.lastElementChild.remove();
  history.points.forEach((point, place) => {
    let bar = svg.children[place];
    if (!bar) {
      bar = document.createElementNS(SVG, "rect");
      svg.append(bar);
    }
    const high = top ? Math.max((point[graph.column] / top) * (HIGH - 4), 1) : 0;
    const at = { x: wide - (point[0] + 1) * 5, y: HIGH - high, width: 4, height: high };
    for (const [name, value] of Object.entries(at)) bar.setAttribute(name, value.toFixed(1));
  });
  const [start, high] = element.querySelector(".axis").children;
  say(start, `${minutes(history)} min ago`);
  say(high, top ? `highest ${graph.word(top)}` : "");
  ["p50", "p90", "p99"].forEach((name, place) => say(element.querySelectorAll("dd")[place], graph.word(graph.spread[name])));
}

const minutes = (history) => Math.round((history.slots * history.slot) / 60);
