// The control routes of the emulator, and nothing else: all paths are relative to this page.

/** A refusal, or an emulator that does not answer. */
export class ControlError extends Error {}

async function ask(method, path, body) {
  let answer;
  let content;
  try {
    answer = await fetch(path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
    });
    content = await answer.json();
  } catch {
    throw new ControlError("The emulator does not answer. Is it still running?");
  }
  if (!answer.ok) {
    const gone = new ControlError(content.message ?? content.error ?? `Status ${answer.status}.`);
    gone.status = answer.status;
    throw gone;
  }
  return content;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const put = (path, body) => ask("PUT", path, body);
export const remove = (path) => ask("DELETE", path);

/** Make a reader that asks again only when what it depends on has changed. */
export function remembering(read) {
  let known = null;
  return async (depends, ...what) => {
    const of = JSON.stringify([depends, what]);
    if (known?.of !== of) known = { of, value: await read(...what) };
    return known.value;
  };
}

/** Give what a route answers; null where there is nothing (any more). */
export async function find(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}
