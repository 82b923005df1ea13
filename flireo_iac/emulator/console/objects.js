// What the emulator holds, by organization and kind.
import { find, get, remembering } from "./control.js";
import { arrows, badge, choice, clockTime, command, el, empty, facts, field, heading, items, plural, renew, row } from "./elements.js";
import { json } from "./json.js";
import { prompt, prompts } from "./prompt.js";

const MOST = 200;
// Organizations that stand below each other; of more, one is chosen.
const SIDE_BY_SIDE = 3;
const KINDS = {
  agents: "Agents",
  numbers: "Numbers",
  "tool-templates": "Tool templates",
  "analysis-templates": "Analysis templates",
  "sip-trunks": "SIP trunks",
  byok: "Provider keys",
  domains: "Domains",
  campaigns: "Campaigns",
  leads: "Leads",
  calls: "Calls",
  usage: "Usage",
  workflows: "Workflows",
  "mcp-servers": "MCP servers",
  "resend-domains": "Domains at Resend",
  account: "Account",
};

export const objects = {
  title: "Objects",
  open(root, soon) {
    const kinds = el("div", { class: "kinds" });
    const filter = el("input", { type: "search", id: "object-filter", placeholder: "Name, number, id", oninput: soon });
    const list = arrows(el("ul", { class: "rows" }));
    const note = el("p", { class: "quiet note" });
    const detail = el("article", { class: "detail" });
    const split = el("div", { class: "split" }, el("div", { class: "list" }, field("Filter", filter), list, note), detail);
    root.append(el("h2", { class: "hidden" }, "Objects"), kinds, split);
    const rowsOf = remembering(async (place, text) => {
      const query = new URLSearchParams({ organization: place.organization, brief: true, masked: true, limit: MOST, text });
      return (await get(`objects/${place.collection}?${query}`)).objects.reverse();
    });
    const one = remembering((place, id) => find(`objects/${place.collection}/${encodeURIComponent(id)}?organization=${place.organization}&masked=true`));

    return async ([organization, collection, id], overview) => {
      const place = placeOf(overview, organization, collection);
      renew(kinds, [overview.organizations, place], () => overviewOf(overview, place));
      split.hidden = !place;
      if (!place) return;
      const { changes } = overview;
      const rows = await rowsOf(changes.objects, place, filter.value);
      split.classList.toggle("has-detail", Boolean(id));
      showRows(list, rows, place, id);
      note.textContent = told(rows, filter.value.trim(), overview, place);
      const found = id ? await one(changes.objects, place, id) : null;
      renew(detail, [place, id, found], () => (id ? detailOf(place, id, found) : [chooseOne(place)]));
    };
  },
};

/** Give the organization and the kind to show; null when there is nothing at all. */
function placeOf(overview, organization, collection) {
  const known = overview.organizations.filter((each) => Object.keys(each.objects).length > 0);
  const chosen = overview.organizations.find((each) => each.id === organization) ?? known[0];
  if (!chosen) return null;
  const first = Object.keys(KINDS).find((each) => chosen.objects[each]) ?? "agents";
  return { organization: chosen.id, collection: Object.hasOwn(KINDS, collection) ? collection : first };
}

function overviewOf(overview, place) {
  if (!place) {
    const url = `${location.origin}/api/v1`;
    return [
      empty(
        "Nothing is here yet.",
        "Deploy a stack to the emulator, or send it a request. Any key that begins with fl_ is an organization of its own.",
        command(`FLIREO_BASE_URL=${url} FLIREO_API_KEY=fl_test_anything flireo up`),
      ),
    ];
  }
  const shown = overview.organizations.filter((each) => Object.keys(each.objects).length || each.id === place.organization);
  if (shown.length <= SIDE_BY_SIDE) return shown.map((each) => kindsOf(each, place));
  const here = shown.find((each) => each.id === place.organization);
  const pick = choice({ id: "organization", onchange: () => (location.hash = href(pick.value)) }, shown.map((each) => [each.id, `${each.name}, ${knownBy(each)}`]));
  pick.value = here.id;
  return [el("div", { class: "pick" }, field(plural(shown.length, "organization"), pick)), kindsOf(here, place)];
}

function kindsOf(organization, place) {
  const isHere = organization.id === place.organization;
  const links = Object.keys(KINDS)
    .filter((kind) => organization.objects[kind] || (isHere && kind === place.collection))
    .map((kind) => {
      const count = el("span", { class: "count" }, (organization.objects[kind] ?? 0).toLocaleString("en"));
      const current = isHere && kind === place.collection ? "page" : null;
      return el("li", {}, el("a", { href: href(organization.id, kind), "aria-current": current }, KINDS[kind], " ", count));
    });
  const title = el("h3", {}, organization.name, el("span", { class: "quiet" }, knownBy(organization)));
  return el("section", { class: "organization" }, title, el("ul", { class: "chips" }, ...links));
}

/** Say what tells an organization from others: its last key, or its id when no request came since the start. */
function knownBy(organization) {
  const key = organization.key ? `key ${organization.key}` : organization.id.slice(0, 8);
  return organization.parent_org_id ? `${key}, child of ${organization.parent_org_id.slice(0, 8)}` : key;
}

const href = (...parts) => `#/objects/${parts.map(encodeURIComponent).join("/")}`;

function showRows(list, rows, place, id) {
  renew(list, [place, rows, id], () =>
    rows.map((each) => row(href(place.organization, place.collection, each.id), each.id === id, [el("strong", {}, nameOf(each))], second(each))),
  );
}

/** Say what the list leaves out, or why it is empty. */
function told(rows, text, overview, place) {
  const all = overview.organizations.find((each) => each.id === place.organization).objects[place.collection] ?? 0;
  if (!rows.length) return text ? "Nothing fits the filter." : `No ${KINDS[place.collection].toLowerCase()} yet.`;
  if (rows.length < MOST || rows.length === all) return "";
  return text ? `The ${MOST} newest that fit.` : `The ${MOST} newest of ${plural(all, "object")}; filter to find others.`;
}

const nameOf = (object) => String(object.name ?? object.phone_number ?? object.domain_name ?? object.provider ?? object.host ?? object.caller_phone ?? object.id);

function second(object) {
  const name = nameOf(object);
  const about = [object.phone_number, object.tool_type, object.host, object.status, object.agent_name, object.id].filter((each) => each && each !== name);
  return [about.slice(0, 2).join(" · ")];
}

function chooseOne(place) {
  return empty(`${KINDS[place.collection]} of this organization`, "Choose one to see it as it is stored, and its prompts as text.");
}

function detailOf(place, id, found) {
  const title = KINDS[place.collection];
  const back = href(place.organization, place.collection);
  if (!found) return [...heading(back, title, id), empty("This object is not here (any more).", "It was deleted, or the emulator was started anew.")];
  const { object } = found;
  const texts = prompts(place.collection, object);
  return [
    ...heading(back, title, nameOf(object), object.is_active === false ? badge("inactive", "warn") : null),
    facts([["Id", el("code", {}, object.id)], ...about(place, object), ["Created", when(object.created_at)], ["Updated", when(object.updated_at)]]),
    ...texts.map(prompt),
    el("h3", {}, "As it is stored", el("span", { class: "quiet" }, "secrets are masked here")),
    json(object, place.organization),
  ];
}

const when = (stamp) => (typeof stamp === "string" ? `${stamp.slice(0, 10)} ${clockTime(stamp)}` : null);

function about(place, object) {
  if (place.collection === "numbers" && object.agent_id) {
    return [["Answered by", el("a", { href: href(place.organization, "agents", object.agent_id) }, object.agent_name ?? object.agent_id)]];
  }
  if (place.collection === "campaigns") return [["Leads", `${object.completed_leads} done, ${object.failed_leads} failed, of ${object.total_leads}`]];
  if (place.collection !== "agents") return [["Status", object.status]];
  const of = (block, ...names) => [block?.provider, ...names.map((each) => block?.[each])].filter((each) => typeof each === "string").join(" · ");
  const tools = items(object.llm_config?.tools).map((each) => each.function?.name ?? each.name ?? each.type);
  return [
    ["Thinks with", of(object.llm_config, "model")],
    ["Hears with", of(object.stt_config, "model", "language")],
    ["Speaks with", of(object.tts_config, "voiceId", "voice_id", "model")],
    ["Tools", tools.join(", ")],
    ["Webhook", object.webhook_url],
  ];
}
