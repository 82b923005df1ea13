// What calls told to webhooks on this machine, newest first.
import { get, remembering, remove } from "./control.js";
import { arrows, attempts, badge, clockTime, el, empty, facts, heading, renew, row } from "./elements.js";
import { json } from "./json.js";

const MOST = 200;

export const webhooks = {
  title: "Webhooks",
  open(root, soon) {
    const { problem, attempt } = attempts(soon);
    const forget = el("button", { type: "button", onclick: attempt(() => remove("webhooks")) }, "Empty the log");
    const list = arrows(el("ul", { class: "rows" }));
    const detail = el("article", { class: "detail" });
    const split = el("div", { class: "split" }, el("div", { class: "list" }, el("div", { class: "tools" }, forget), problem, list), detail);
    root.append(el("h2", { class: "hidden" }, "Webhooks"), split);
    const last = remembering(async () => (await get(`webhooks?masked=true&limit=${MOST}`)).webhooks.reverse().map(opened));

    return async ([id], overview) => {
      const entries = await last(overview.changes.webhooks);
      split.classList.toggle("has-detail", Boolean(id));
      renew(list, [entries, id], () => entries.map((each) => line(each, id)));
      const entry = entries.find((each) => String(each.id) === id);
      renew(detail, [id, entry, entries.length === 0], () => detailOf(id, entry, entries.length === 0));
    };
  },
};

function opened(entry) {
  const body = entry.body === null ? null : JSON.parse(entry.body);
  return { ...entry, body, time: body?.message?.timestamp };
}

function line(entry, id) {
  return row(
    `#/webhooks/${entry.id}`,
    String(entry.id) === id,
    [el("strong", { class: "path" }, entry.event), result(entry)],
    [el("span", {}, clockTime(entry.time)), el("span", { class: "path" }, entry.url)],
  );
}

function result(entry) {
  if (entry.status === null) return badge("not delivered", "bad");
  return badge(entry.status, entry.status < 300 ? "good" : "bad");
}

function detailOf(id, entry, isEmpty) {
  if (!id && isEmpty) {
    return [empty("No webhook was sent yet.", "An agent with a webhook_url on this machine is told of its calls. Other hosts are refused, and that shows here.")];
  }
  if (!id) return [empty("Every webhook that was sent", "Choose one to see its headers, what it said, and what came back.")];
  if (!entry) return [...heading("#/webhooks", "Webhooks", `Webhook ${id}`), empty("This webhook is not in the log (any more).")];
  return [
    ...heading("#/webhooks", "Webhooks", entry.event, result(entry)),
    facts([
      ["To", entry.url],
      ["Call", el("a", { href: `#/calls/${encodeURIComponent(entry.call_id)}` }, entry.call_id)],
      ["Time", clockTime(entry.time)],
      ["Problem", entry.error],
    ]),
    el("h3", {}, "Said"),
    entry.body === null ? el("p", { class: "quiet" }, "Not JSON.") : json(entry.body),
    el("h3", {}, "Came back"),
    answerOf(entry),
    el("h3", {}, "Headers"),
    json(entry.headers),
  ];
}

function answerOf(entry) {
  if (!entry.answer) return el("p", { class: "quiet" }, entry.status === null ? "Nothing." : "No body, or one that is not JSON.");
  return json(JSON.parse(entry.answer));
}
