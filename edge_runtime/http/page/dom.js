// Makes and changes elements. Text is always set as text: a label or an address can never become markup.

export const byId = (id) => document.getElementById(id);

/** make("p", "quiet", "text", child, …): an element with a class and children. */
export function make(tag, style, ...children) {
  const element = document.createElement(tag);
  if (style) element.className = style;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets a text only where it is another one, so that a selection and a screen reader's place survive. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Makes the children of `parent` those of `items`: one element for each key, kept while its key stays. */
export function keep(parent, items, key, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, place) => {
    const name = String(key(item, place));
    let element = known.get(name);
    if (!element) {
      element = create(item, place);
      element.dataset.key = name;
    }
    known.delete(name);
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
    update?.(element, item, place);
  });
  for (const gone of known.values()) gone.remove();
}

/** Fills a <dl> with [name, value, style?]; rows without a value are left out. */
export function rows(list, pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const wanted = known.flatMap(([name, value, style]) => [["DT", name, ""], ["DD", String(value), style ?? ""]]);
  wanted.forEach(([tag, text, style], place) => {
    let element = list.children[place];
    if (!element || element.tagName !== tag) {
      element = document.createElement(tag);
      list.insertBefore(element, list.children[place] ?? null);
    }
    say(element, text);
    if (element.className !== style) element.className = style;
  });
  while (list.children.length > wanted.length) list.lastElementChild.remove();
}
