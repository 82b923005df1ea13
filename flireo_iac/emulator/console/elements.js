// Building the page. Texts become text nodes, so whatever an object holds is shown as it is and never read as HTML.
import { ControlError } from "./control.js";

/**
 * Make an element.
 * @param {string} tag
 * @param {object} attributes `class`, `href`, …; functions are listeners (`onclick`); null and false are left out.
 * @param {...(Node|string|number|null)} children
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const seen = new WeakMap();

/**
 * Put new children into an element when what they show has changed; focus and places of scrolling stay. When building
 * fails the element is empty, and the next look tries again.
 * @param {Element} place
 * @param {unknown} shown what is shown, as JSON
 * @param {() => Node[]} build
 */
export function renew(place, shown, build) {
  const signature = JSON.stringify(shown);
  if (seen.get(place) === signature) return;
  const focused = place.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  let children = [];
  seen.delete(place);
  try {
    children = build();
    seen.set(place, signature);
  } finally {
    place.replaceChildren(...children);
  }
  if (focused) [...place.querySelectorAll("a, button, input, select")].find((each) => keyOf(each) === focused)?.focus();
}

const keyOf = (element) => element.getAttribute("href") ?? element.id ?? null;

/** Make a link of a list: what is on its first line, and what is on its second. */
export function row(href, current, first, second) {
  return el(
    "li",
    {},
    el("a", { class: "row", href, "aria-current": current ? "true" : null }, el("span", { class: "line" }, ...first), el("span", { class: "line quiet" }, ...second)),
  );
}

/** Let the arrow keys go from link to link of a list. */
export function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...list.querySelectorAll("a")];
    const next = links[links.indexOf(document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  return list;
}

/** Make a place that tells of what was refused, and what turns actions into listeners that use it. */
export function attempts(soon) {
  const problem = el("p", { class: "problem", role: "alert" });
  const attempt = (action) => async (event) => {
    event.preventDefault();
    try {
      await action();
      problem.textContent = "";
    } catch (refusal) {
      if (!(refusal instanceof ControlError)) throw refusal;
      problem.textContent = refusal.message;
    }
    soon();
  };
  return { problem, attempt };
}

let fields = 0;

/** Make an input with its label, and what else there is to know about it. */
export function field(label, input, hint) {
  fields += 1;
  input.id ||= `field-${fields}`;
  const about = hint ? el("p", { class: "hint", id: `hint-${fields}` }, hint) : null;
  if (about) input.setAttribute("aria-describedby", about.id);
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input, about);
}

/** Make a drop-down from pairs of value and text, or texts. */
export function choice(attributes, options) {
  const pairs = options.map((each) => (Array.isArray(each) ? each : [each, each]));
  return el("select", attributes, ...pairs.map(([value, text]) => el("option", { value }, text)));
}

/** Make an empty state: what is not there, and what to do about it. */
export function empty(title, ...more) {
  return el("div", { class: "empty" }, el("p", { class: "head" }, title), ...more.map((each) => el("p", {}, each)));
}

/** Make a line of shell for people to copy. */
export const command = (text) => el("pre", { class: "command" }, text);

/** Make a list of names and values; values that are not there are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, ...known.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** Make the heading of a detail, with a way back for narrow screens. */
export function heading(back, backText, title, ...more) {
  return [el("a", { class: "back", href: back }, `← ${backText}`), el("h2", {}, title, ...more)];
}

export const badge = (text, look = "") => el("span", { class: `badge ${look}`.trim() }, text);

/** Give the objects of what should be a list of them: an object may be stored in any shape. */
export const items = (value) => (Array.isArray(value) ? value.filter((each) => each !== null && typeof each === "object") : []);

/** Write a time of the API as a person reads it: hours, minutes, seconds. */
export const clockTime = (stamp) => (typeof stamp === "string" ? stamp.slice(11, 19) : "");

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
