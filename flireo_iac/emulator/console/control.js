// The control routes of the emulator, and nothing else: all paths are relative to this page.

/** A refusal, or an emulator that does not answer. */
export class ControlError extends Error {}

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
    });
  } catch {
    throw new ControlError("The emulator does not answer. Is it still running?");
  }
  const content = await answer.json();
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

/** Give what a route answers; null where there is nothing (any more). */
export async function find(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}
