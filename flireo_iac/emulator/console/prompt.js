// Texts that agents speak or are told, with their {{slots}} marked.
import { el, items, plural } from "./elements.js";

const SLOT = /(\{\{[^{}]*\}\})/;

/** Give the texts of an object that a person wrote for an agent, as pairs of title and text. */
export function prompts(collection, object) {
  const found = collection === "agents" ? ofAgent(object) : [["System message of its calls", object.system_message_template]];
  return found.filter(([, text]) => typeof text === "string" && text !== "");
}

function ofAgent(agent) {
  const told = items(agent.llm_config?.messages).map((each) => [TITLES[each.role] ?? "Message", each.content]);
  return [...told, ["First message", agent.first_message], ["Message to a voicemail", agent.voicemail_message]];
}

const TITLES = { system: "System message", assistant: "Message of the agent", user: "Message of the caller" };

/** Give the nodes that show a text with its slots marked. */
export const marked = (text) => String(text ?? "").split(SLOT).map((each) => (SLOT.test(each) ? el("mark", {}, each) : each));

/** Make the section that shows one text. */
export function prompt([title, text]) {
  const slots = text.split(SLOT).filter((each) => SLOT.test(each));
  const names = [...new Set(slots.map((each) => each.slice(2, -2).trim()))];
  const words = text.split(/\s+/).filter(Boolean).length;
  const about = [plural(words, "word"), names.length ? `${plural(names.length, "slot")}: ${names.join(", ")}` : "no slots"];
  return el(
    "section",
    { class: "prompt" },
    el("h3", {}, title, el("span", { class: "quiet" }, about.join(" · "))),
    el("div", { class: "text" }, ...marked(text)),
  );
}
