// The frame: which view is shown, and when it looks again. One look at a time, and none while nobody sees the page.
import { calls } from "./calls.js";
import { ControlError, get } from "./control.js";
import { el } from "./elements.js";
import { faults } from "./faults.js";
import { objects } from "./objects.js";
import { requests } from "./requests.js";
import { webhooks } from "./webhooks.js";

const EVERY_MS = 1000;
const VIEWS = { objects, requests, calls, faults, webhooks };
const main = document.getElementById("main");
const tabs = {};
let shown = null;
let wake = () => {};
let isAsked = false;

/** Look again now, or right after the look that is under way. */
function soon() {
  isAsked = true;
  wake();
}

function route() {
  const [name, ...path] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  return Object.hasOwn(VIEWS, name) ? [name, path] : ["objects", []];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function look() {
  const [name, path] = route();
  const overview = await get("overview");
  for (const [each, count] of Object.entries(counts(overview))) tabs[each].querySelector(".count").textContent = count;
  document.getElementById("dialect").textContent = overview.dialect;
  if (shown?.name !== name) enter(name);
  await shown.update(path, overview);
}

function enter(name) {
  const view = VIEWS[name];
  main.replaceChildren();
  shown = { name, update: view.open(main, soon) };
  for (const tab of Object.values(tabs)) tab.removeAttribute("aria-current");
  tabs[name].setAttribute("aria-current", "page");
  document.title = `${view.title} · Flireo emulator`;
}

function counts(overview) {
  const kept = overview.organizations.flatMap((each) => Object.values(each.objects));
  return {
    objects: kept.reduce((sum, each) => sum + each, 0).toLocaleString("en"),
    requests: overview.requests.toLocaleString("en"),
    calls: overview.live_calls ? `${overview.live_calls} live` : "",
    faults: overview.faults || "",
    webhooks: overview.webhooks.toLocaleString("en"),
  };
}

/** Tell what keeps the page from showing how things are: the emulator, or the page itself. */
function tell(problem) {
  if (problem instanceof ControlError) return say(problem.status ? problem.message : "does not answer", "bad");
  console.error(problem);
  return say(`error in the console: ${problem.message}`, "bad");
}

function say(text, look) {
  const place = document.getElementById("connection");
  if (place.textContent === text) return;
  place.textContent = text;
  place.className = look;
}

async function run() {
  for (;;) {
    isAsked = false;
    if (!document.hidden) {
      try {
        await look();
        say("running", "good");
      } catch (problem) {
        tell(problem);
      }
    }
    if (!isAsked) {
      await new Promise((resolve) => {
        wake = resolve;
        if (!document.hidden) setTimeout(resolve, EVERY_MS);
      });
    }
  }
}

for (const [name, view] of Object.entries(VIEWS)) {
  tabs[name] = el("a", { href: `#/${name}` }, view.title, " ", el("span", { class: "count" }));
  document.getElementById("views").append(el("li", {}, tabs[name]));
}
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", soon);
document.addEventListener("visibilitychange", soon);
run();
