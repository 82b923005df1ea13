// The log of requests to the API, newest first.
import { find, get, remembering, remove } from "./control.js";
import { arrows, attempts, badge, clockTime, command, el, empty, facts, field, heading, plural, renew, row } from "./elements.js";
import { json } from "./json.js";

const MOST = 500;

export const requests = {
  title: "Requests",
  open(root, soon) {
    const filter = el("input", { type: "search", id: "request-filter", placeholder: "POST, /agents, 404, …1234", oninput: soon });
    const { problem, attempt } = attempts(soon);
    const forget = el("button", { type: "button", onclick: attempt(() => remove("requests")) }, "Empty the log");
    const list = arrows(el("ul", { class: "rows" }));
    const note = el("p", { class: "quiet note" });
    const detail = el("article", { class: "detail" });
    const tools = el("div", { class: "tools" }, field("Filter", filter), forget);
    const split = el("div", { class: "split" }, el("div", { class: "list" }, tools, problem, list, note), detail);
    root.append(el("h2", { class: "hidden" }, "Requests"), split);
    const last = remembering(async (text) => (await get(`requests?${new URLSearchParams({ limit: MOST, text })}`)).requests.reverse());
    const one = remembering((id) => find(`requests/${encodeURIComponent(id)}`));

    return async ([id], overview) => {
      const entries = await last(overview.changes.requests, filter.value);
      const entry = id ? await one(overview.changes.requests, id) : null;
      split.classList.toggle("has-detail", Boolean(id));
      renew(list, [entries, id], () => entries.map((each) => row(`#/requests/${each.id}`, String(each.id) === id, first(each), second(each))));
      note.textContent = told(entries, filter.value.trim(), overview.requests);
      renew(detail, [id, entry, overview.requests === 0], () => detailOf(id, entry, overview.requests === 0));
    };
  },
};

/** Say what the list leaves out, or why it is empty. */
function told(entries, text, all) {
  if (!entries.length) return text && all ? "Nothing fits the filter." : "";
  if (entries.length < MOST || entries.length === all) return "";
  return text ? `The last ${MOST} that fit.` : `The last ${MOST} of ${plural(all, "request")}.`;
}

function first(entry) {
  return [badge(entry.method, "method"), el("span", { class: "path" }, entry.path), status(entry)];
}

function second(entry) {
  const ms = entry.ms === undefined ? "" : `${entry.ms} ms`;
  return [el("span", {}, clockTime(entry.time)), el("span", {}, ms), el("span", {}, entry.key ?? "no key"), entry.fault ? el("span", { class: "bad" }, `fault ${entry.fault}`) : null];
}

/** Make the badge of a status; none was answered yet, or never. */
export function status(entry) {
  if (entry.status === null) return badge(entry.ms === undefined ? "…" : "none", "bad");
  return badge(entry.status, entry.status < 300 ? "good" : entry.status < 500 ? "warn" : "bad");
}

function detailOf(id, found, isEmpty) {
  if (!id && isEmpty) {
    const url = `${location.origin}/api/v1`;
    return [empty("No request yet.", "Each request to the API shows here as soon as it comes, with what it met.", command(`curl ${url}/agents -H 'Authorization: Bearer fl_test_anything'`))];
  }
  if (!id) return [empty("Every request to the API", "Choose one to see what was sent and what was answered. Keys and secrets are masked.")];
  if (!found) return [...heading("#/requests", "Requests", `Request ${id}`), empty("This request is not in the log (any more).")];
  const { request } = found;
  return [
    ...heading("#/requests", "Requests", `${request.method} ${request.path}`, status(request)),
    facts([
      ["Query", request.query],
      ["Came", clockTime(request.time)],
      ["Took", request.ms === undefined ? null : `${request.ms} ms`],
      ["Key", request.key ?? "none"],
      ["Organization", request.organization && el("a", { href: `#/objects/${request.organization}` }, request.organization.slice(0, 8))],
      ["Fault", request.fault && el("a", { href: "#/faults" }, request.fault)],
    ]),
    ...body("Sent", request.request, request.organization),
    ...body("Answered", request.answer, request.organization),
  ];
}

function body(title, sent, organization) {
  if (!sent) return [el("h3", {}, title), el("p", { class: "quiet" }, "No body, or it is not kept: those of the last 500 requests are, up to 200 kB each.")];
  const size = el("span", { class: "quiet" }, plural(sent.bytes, "byte"));
  if (sent.json === undefined) return [el("h3", {}, title, size), el("p", { class: "quiet" }, "Not JSON, so nobody can say what in it is secret: it is not shown.")];
  return [el("h3", {}, title, size), json(sent.json, organization)];
}
