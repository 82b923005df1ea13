// What makes calls go on: the clock, somebody who rings, and who answers.
import { get, post, put, remove } from "./control.js";
import { attempts, choice, clockTime, el, field, renew } from "./elements.js";

/** The clock of the calls, and buttons that move it. */
export function clock(soon) {
  const time = el("strong", { class: "time" }, "…");
  const about = el("span", { class: "quiet" });
  const { problem, attempt } = attempts(soon);
  const move = (body) => attempt(() => post("clock", body));
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
  const { problem, attempt } = attempts(soon);
  const ring = attempt(async () => {
    const [organization, number] = to.value.split(" ");
    const { call } = await post(`calls?organization=${organization}`, { from: from.value.trim(), to: number });
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
      const known = (await Promise.all(overview.organizations.filter((each) => each.objects.numbers).map(numbers))).flat();
      none.hidden = known.length > 0;
      fields.hidden = button.hidden = known.length === 0;
      const chosen = to.value;
      renew(to, known, () => known.map(([value, text]) => el("option", { value }, text)));
      if (known.some(([value]) => value === chosen)) to.value = chosen;
    },
  };
}

/** Give the numbers of an organization as pairs of what identifies one and how it is called. */
async function numbers({ id }) {
  const { objects } = await get(`objects/numbers?brief=true&organization=${id}`);
  return objects.map((each) => [`${id} ${each.phone_number}`, [each.phone_number, each.name].filter(Boolean).join(" · ")]);
}

/** Who answers at which number, and what they say. */
export function people(soon) {
  const number = el("input", { value: "default", required: true, autocomplete: "off" });
  const picksUp = choice({}, [["person", "A person"], ["voicemail", "A voicemail"], ["nobody", "Nobody"], ["busy", "It is busy"]]);
  const says = el("textarea", { rows: 3, placeholder: "Hello?\nI would like to book a table.\nTomorrow at eight." });
  const { problem, attempt } = attempts(soon);
  const list = el("ul", { class: "orders" });
  const keep = attempt(() => {
    const script = says.value.split("\n").map((each) => each.trim()).filter(Boolean);
    const callee = { picks_up: picksUp.value, ...(script.length ? { script } : {}) };
    return put(`callees/${encodeURIComponent(number.value.trim())}`, callee);
  });
  const forget = (each) => attempt(() => remove(`callees/${encodeURIComponent(each)}`));
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
