// Calls: those that are going on, those that were, and what is said.
import { find, get, post, remembering } from "./control.js";
import { arrows, attempts, badge, clockTime, command, el, empty, facts, field, heading, items, renew, row } from "./elements.js";
import { json } from "./json.js";
import { clock, people, ringing } from "./phone.js";
import { marked } from "./prompt.js";

const MOST = 50;

export const calls = {
  title: "Calls",
  open(root, soon) {
    const tools = [clock(soon), ringing(soon), people(soon)];
    const [time, ring, who] = tools.map((each) => each.element);
    const list = arrows(el("ul", { class: "rows" }));
    const known = el("section", { class: "card calls" }, el("h3", {}, "Calls", el("span", { class: "quiet" }, `newest first, ${MOST} at most`)), list);
    const detail = el("article", { class: "detail" });
    const split = el("div", { class: "split" }, el("div", { class: "side" }, time, known, ring, who), detail);
    root.append(el("h2", { class: "hidden" }, "Calls"), split);
    const shown = talk(detail, soon);
    const last = remembering(async () => (await get(`calls?all=true&brief=true&masked=true&limit=${MOST}`)).calls);
    const one = remembering((id) => find(`calls/${encodeURIComponent(id)}?masked=true`));

    return async ([id], overview) => {
      // A call that goes on lasts longer with each look, though nothing of it has changed.
      const depends = [overview.changes.objects, overview.live_calls ? Date.now() : 0];
      const found = await last(depends);
      split.classList.toggle("has-detail", Boolean(id));
      known.hidden = found.length === 0;
      renew(list, [found, id], () => found.map((each) => line(each, id)));
      await Promise.all(tools.map((each) => each.update(overview)));
      shown(id, id ? await one(depends, id) : null, found.length === 0);
    };
  },
};

function line(call, id) {
  return row(
    `#/calls/${encodeURIComponent(call.id)}`,
    call.id === id,
    [el("strong", { class: "path" }, otherEnd(call)), state(call)],
    [el("span", {}, clockTime(call.created_at)), el("span", {}, call.agent_name ?? "no saved agent"), el("span", {}, lasted(call))],
  );
}

const otherEnd = (call) => `${call.direction === "inbound" ? "from" : "to"} ${call.caller_phone ?? "unknown"}`;

function state(call) {
  if (call.live && call.ended_at === null) return badge(call.status, "live");
  return badge(call.status, { failed: "bad", rejected: "bad" }[call.status] ?? "");
}

function lasted(call) {
  const seconds = call.duration_seconds ?? (call.live && call.ended_at === null ? call.talking_s : null);
  return seconds === null ? "" : `${Math.round(seconds)} s`;
}

/** Show one call; its transcript grows in place, so that a reader hears only what is new. */
function talk(detail, soon) {
  const head = el("div");
  const transcript = el("div", { class: "transcript", role: "log", "aria-label": "Transcript" });
  const steering = commands(soon);
  const rest = el("div");
  let of = null;
  return (id, found, isEmpty) => {
    if (!found) {
      of = null;
      renew(detail, [id, isEmpty], () => missing(id, isEmpty));
      return;
    }
    const { call } = found;
    if (of !== id) {
      of = id;
      transcript.replaceChildren();
      renew(detail, ["call", id], () => [head, transcript, steering.element, rest]);
    }
    renew(head, [call.status, lasted(call), call.end_reason, call.error], () => headOf(call));
    grow(transcript, call);
    steering.update(call);
    renew(rest, [call.summary, call.analysis_result, call.tool_calls, call.variables], () => restOf(call));
  };
}

function missing(id, isEmpty) {
  if (id) return [...heading("#/calls", "Calls", `Call ${id}`), empty("This call is not here (any more).")];
  if (isEmpty) {
    return [
      empty(
        "No call yet.",
        "Ring a number here, or have an agent call somebody. Nobody is really called: at the other end is a script.",
        command("flireo call place --agent receptionist --to +31612345678"),
      ),
    ];
  }
  return [empty("Calls, those that are going on first", "Choose one to follow what is said, and to steer it.")];
}

function headOf(call) {
  return [
    ...heading("#/calls", "Calls", `${call.direction === "inbound" ? "Call" : "Called"} ${otherEnd(call)}`, state(call)),
    facts([
      ["Agent", call.agent_id ? el("a", { href: `#/objects/${call.organization_id}/agents/${call.agent_id}` }, call.agent_name ?? call.agent_id) : "sent with the call"],
      ["Number", call.assistant_phone],
      ["Lasts", lasted(call)],
      ["Ended", call.end_reason],
      ["Problem", call.error],
      ["Id", el("code", {}, call.id)],
    ]),
  ];
}

const WHO = { assistant: "Agent", user: "Person", system: "Told to the agent" };

function grow(transcript, call) {
  const lines = items(call.messages);
  const before = transcript.querySelectorAll("[data-role]").length;
  if (before === 0 && lines.length > 0) transcript.replaceChildren();
  for (const { role, content } of lines.slice(before)) {
    transcript.append(el("div", { class: role, "data-role": role }, el("span", { class: "who" }, WHO[role] ?? role), el("span", { class: "said" }, ...marked(content))));
  }
  if (lines.length === 0) {
    const text = call.ended_at ? "Nothing was said." : "Nobody has said anything yet. Move the clock to let time pass.";
    if (transcript.textContent !== text) transcript.replaceChildren(el("p", { class: "quiet" }, text));
  }
}

/** The form that steers a call, as the API's control request does. */
function commands(soon) {
  const text = el("input", { autocomplete: "off" });
  const { problem, attempt } = attempts(soon);
  let id = null;
  const send = (command) =>
    attempt(async () => {
      await post(`calls/${encodeURIComponent(id)}/control`, command());
      text.value = "";
    });
  const say = send(() => ({ type: "say", content: text.value, end_after: false }));
  const tell = send(() => ({ type: "inject-context", content: text.value, trigger_response: true }));
  const end = send(() => ({ type: "end-call" }));
  const element = el(
    "form",
    { class: "steer", onsubmit: say },
    field("To the agent", text),
    el("button", { class: "primary" }, "Have it say this"),
    el("button", { type: "button", onclick: tell }, "Tell it this"),
    el("button", { type: "button", class: "danger", onclick: end }, "End the call"),
    problem,
  );
  return {
    element,
    update(call) {
      if (id !== call.id) problem.textContent = "";
      id = call.id;
      element.hidden = !call.live || call.status !== "in-progress";
    },
  };
}

function restOf(call) {
  const parts = [];
  if (call.summary) parts.push(el("h3", {}, "Summary"), el("p", {}, call.summary));
  if (call.analysis_result) parts.push(el("h3", {}, "Analysis"), json(call.analysis_result));
  if (call.tool_calls?.length) parts.push(el("h3", {}, "Tools it called"), json(call.tool_calls));
  if (Object.keys(call.variables ?? {}).length) parts.push(el("h3", {}, "Values of its slots"), json(call.variables));
  return parts;
}
