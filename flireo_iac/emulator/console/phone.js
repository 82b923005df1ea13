// What makes calls go on: the clock, somebody who rings, and who answers.
import { get, post, put, remove } from "./control.js";
import { choice, clockTime, el, field, renew } from "./elements.js";

/** Run an action, and say beside it what was refused. */
function attempt(problem, soon, action) {
  return async (event) => {
    event?.preventDefault();
    try {
      await action();
      problem.textContent = "";
    } catch (refusal) {
      problem.textContent = refusal.message;
    }
    soon();
  };
}

const alert = () => el("p", { class: "problem", role: "alert" });

/** The clock of the calls, and buttons that move it. */
export function clock(soon) {
  const time = el("strong", { class: "time" }, "…");
  const about = el("span", { class: "quiet" });
  const problem = alert();
  const move = (body) => attempt(problem, soon, () => post("clock", body));
  const moves = [["+1 s", { advance_s: 1 }], ["+10 s", { advance_s: 10 }], ["+1 min", { advance_s: 60 }], ["Until quiet", { until: "quiet" }]];
  const element = el(
    "section",
    { class: "card" },
    el("h3", {}, "Clock"),
    el("p", { class: "now" }, time, "UTC", about),
    el("div", { class: "buttons" }, ...moves.map(([text, body]) => el("button", { type: "button", onclick: move(body) }, text))),
    problem,
  );
  return {
    element,
    async update() {
      const now = await get("clock");
      time.textContent = clockTime(now.now);
      const ahead = now.ahead_s >= 1 ? `, ${Math.round(now.ahead_s).toLocaleString("en")} s ahead` : "";
      about.textContent = (now.clock === "manual" ? "stands for calls until you move it" : "runs by itself") + ahead;
    },
  };
}

/** Somebody who rings a number. */
export function ringing(soon) {
  const from = el("input", { type: "tel", value: "+31612345678", required: true, autocomplete: "off" });
  const to = el("select", { required: true });
  const problem = alert();
  const ring = attempt(problem, soon, async () => {
    const { call } = await post("calls", { from: from.value.trim(), to: to.value });
    location.hash = `#/calls/${encodeURIComponent(call.id)}`;
  });
  const button = el("button", { class: "primary" }, "Ring");
  const none = el("p", { class: "quiet" }, "No number is registered yet. Deploy one, then somebody can ring it.");
  const fields = el("div", { class: "fields" }, field("From", from), field("To", to));
  let read = null;
  return {
    element: el("form", { class: "card", onsubmit: ring }, el("h3", {}, "Ring a number"), none, fields, el("div", { class: "buttons" }, button), problem),
    async update(overview) {
      if (read === overview.changes.objects) return;
      read = overview.changes.objects;
      const { objects } = await get("objects/numbers?brief=true");
      none.hidden = objects.length > 0;
      fields.hidden = button.hidden = objects.length === 0;
      const shown = objects.map((each) => [each.phone_number, each.name ? `${each.phone_number} · ${each.name}` : each.phone_number]);
      const chosen = to.value;
      renew(to, shown, () => shown.map(([value, text]) => el("option", { value }, text)));
      if (shown.some(([value]) => value === chosen)) to.value = chosen;
    },
  };
}

/** Who answers at which number, and what they say. */
export function people(soon) {
  const number = el("input", { value: "default", required: true, autocomplete: "off" });
  const picksUp = choice({}, [["person", "A person"], ["voicemail", "A voicemail"], ["nobody", "Nobody"], ["busy", "It is busy"]]);
  const says = el("textarea", { rows: 3, placeholder: "Hello?\nI would like to book a table.\nTomorrow at eight." });
  const problem = alert();
  const list = el("ul", { class: "orders" });
  const keep = attempt(problem, soon, () => {
    const script = says.value.split("\n").map((each) => each.trim()).filter(Boolean);
    const callee = { picks_up: picksUp.value, ...(script.length ? { script } : {}) };
    return put(`callees/${encodeURIComponent(number.value.trim())}`, callee);
  });
  const forget = (each) => attempt(problem, soon, () => remove(`callees/${encodeURIComponent(each)}`));
  const form = el(
    "form",
    { onsubmit: keep },
    el("div", { class: "fields" }, field("At number", number, "default stands for all others"), field("Who picks up", picksUp)),
    field("Says, a line each time", says, "the agent answers in between"),
    el("div", { class: "buttons" }, el("button", {}, "Let them answer")),
    problem,
  );
  return {
    element: el("section", { class: "card" }, el("h3", {}, "Who answers"), list, el("details", {}, el("summary", {}, "Script a person"), form)),
    async update() {
      const { callees } = await get("callees");
      renew(list, callees, () => (Object.keys(callees).length ? Object.entries(callees).map(([at, each]) => person(at, each, forget(at))) : [el("li", { class: "quiet" }, "Everybody says hello and goodbye.")]));
    },
  };
}

function person(at, callee, forget) {
  const lines = (callee.script ?? []).map((each) => (typeof each === "string" ? each : each.says)).filter(Boolean);
  const spoken = lines.length ? `“${lines.join("” “")}”` : "a person";
  const who = [undefined, "person"].includes(callee.picks_up) ? spoken : callee.picks_up;
  return el("li", {}, el("strong", {}, at === "default" ? "All others" : at), el("span", { class: "quiet words" }, who), el("button", { type: "button", class: "small", onclick: forget, "aria-label": `Forget ${at}` }, "Forget"));
}
