// JSON as text, with colours, and with ids of other objects as links.
import { el } from "./elements.js";

const COLLECTIONS = {
  agent_id: "agents",
  assistant_id: "agents",
  number_id: "numbers",
  campaign_id: "campaigns",
  transfer_trunk_id: "sip-trunks",
  workflow_id: "workflows",
  lead_id: "leads",
};

/**
 * Make a block that shows a JSON value.
 * @param {unknown} value
 * @param {string|null} organization whose objects ids are of; null for no links
 */
export function json(value, organization = null) {
  return el("pre", { class: "json", tabindex: "0" }, ...write(value, "", organization, null));
}

function write(value, indent, organization, name) {
  if (Array.isArray(value)) return list(value.map((each) => write(each, `${indent}  `, organization, null)), "[", "]", indent);
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).map(([key, each]) => [
      el("span", { class: "key" }, JSON.stringify(key)),
      ": ",
      ...write(each, `${indent}  `, organization, key),
    ]);
    return list(entries, "{", "}", indent);
  }
  const text = JSON.stringify(value);
  if (typeof value !== "string") return [el("span", { class: "plain" }, text)];
  return [link(value, text, organization, name) ?? el("span", { class: "string" }, text)];
}

function list(items, open, close, indent) {
  if (items.length === 0) return [open + close];
  const inner = items.flatMap((each, n) => [`\n${indent}  `, ...each, n < items.length - 1 ? "," : ""]);
  return [open, ...inner, `\n${indent}${close}`];
}

function link(value, text, organization, name) {
  if (name === "call_id") return el("a", { href: `#/calls/${encodeURIComponent(value)}` }, text);
  const collection = Object.hasOwn(COLLECTIONS, name) ? COLLECTIONS[name] : null;
  if (!organization || !collection) return null;
  return el("a", { href: `#/objects/${organization}/${collection}/${encodeURIComponent(value)}` }, text);
}
