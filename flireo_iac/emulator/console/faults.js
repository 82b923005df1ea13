// Faults on order: what the next requests to the API meet.
import { get, post, remove } from "./control.js";
import { attempts, badge, choice, el, empty, field, plural, renew } from "./elements.js";

const KINDS = [
  ["status", "An error status"],
  ["status-after-commit", "An error status, carried out all the same"],
  ["429", "429, too many requests"],
  ["timeout", "No answer for 30 s"],
  ["timeout-after-commit", "No answer for 30 s, carried out all the same"],
  ["disconnect-before", "The connection is cut"],
  ["disconnect-after-commit", "The connection is cut, carried out all the same"],
  ["html", "A gateway's page"],
  ["html-after-commit", "A gateway's page, carried out all the same"],
  ["empty", "No body"],
  ["truncated", "A list without its tail half"],
  ["truncated-body", "Half the body"],
  ["duplicates", "A list with an item twice"],
  ["wrong-envelope", "One level too deep"],
  ["dialect:dec2025", "In the envelope of dec2025"],
  ["dialect:jan2026", "In the envelope of jan2026"],
  ["dialect:successor", "In the envelope of successor"],
];
const METHODS = [["*", "any"], "GET", "POST", "PATCH", "PUT", "DELETE"];

export const faults = {
  title: "Faults",
  open(root, soon) {
    const kind = choice({ id: "fault-kind", name: "kind", onchange: () => adapt() }, KINDS);
    const method = choice({ name: "method" }, METHODS);
    const path = el("input", { name: "path", value: "*", autocomplete: "off", spellcheck: "false" });
    const status = el("input", { name: "status", type: "number", min: 400, max: 599, value: 503, required: true });
    const retry = el("input", { name: "retry", type: "number", min: 0, placeholder: "no header" });
    const times = el("input", { name: "times", type: "number", min: 1, value: 1, placeholder: "all" });
    const after = el("input", { name: "after", type: "number", min: 0, value: 0, required: true });
    const statusField = field("Status", status);
    const retryField = field("Retry-After, seconds", retry);
    const { problem, attempt } = attempts(soon);
    const adapt = () => {
      statusField.hidden = !kind.value.startsWith("status") && !kind.value.startsWith("html");
      retryField.hidden = kind.value !== "429";
      status.value = kind.value.startsWith("html") ? 502 : 503;
    };
    const form = el(
      "form",
      { class: "card form", onsubmit: attempt(() => post("faults", wanted())) },
      el("h3", {}, "Have requests fail"),
      el("div", { class: "fields" }, el("div", { class: "double" }, field("What they meet", kind)), statusField, retryField, field("Method", method), field("Path below /api/v1", path, "* stands for anything"), field("Times", times, "empty for all"), field("After", after, "requests let through first")),
      el("div", { class: "buttons" }, el("button", { class: "primary" }, "Set the fault")),
      problem,
    );
    const list = el("div");
    adapt();
    root.append(el("h2", { class: "hidden" }, "Faults"), el("div", { class: "column" }, form, list));

    function wanted() {
      const made = { kind: kind.value, method: method.value, path: path.value || "*", times: times.value ? Number(times.value) : null, after: Number(after.value) };
      if (kind.value.startsWith("status")) made.kind = kind.value.replace("status", `status:${status.value}`);
      if (kind.value.startsWith("html")) made.status = Number(status.value);
      if (kind.value === "429" && retry.value) made.retry_after = Number(retry.value);
      return made;
    }

    return async () => {
      const { faults: orders } = await get("faults");
      renew(list, orders, () => (orders.length ? [ordered(orders, attempt)] : [empty("No fault is set.", "Every request is answered as the API would. Set a fault to see what a client makes of a bad day.")]));
    };
  },
};

function ordered(orders, attempt) {
  const forget = el("button", { type: "button", id: "clear-faults", onclick: attempt(() => remove("faults")) }, "Clear all faults");
  return el(
    "section",
    { class: "card" },
    el("h3", {}, plural(orders.length, "fault"), el("span", { class: "quiet" }, "the oldest that fits wins")),
    el("ul", { class: "orders" }, ...orders.map((each) => el("li", {}, badge(each.kind, "bad"), el("span", { class: "path" }, `${each.method} ${each.path}`), el("span", { class: "quiet" }, told(each))))),
    el("div", { class: "buttons" }, forget),
  );
}

function told(order) {
  const parts = [order.times === null ? "every request" : `the next ${order.times === 1 ? "one" : order.times}`];
  if (order.after) parts.push(`after ${plural(order.after, "request")}`);
  if (order.retry_after !== null) parts.push(`Retry-After ${order.retry_after}`);
  if (order.spreads) parts.push("then everything");
  return parts.join(", ");
}
