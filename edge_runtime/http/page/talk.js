// Talks to the device: with the token where one is needed, and with patience where nobody answers.
import { byId, say } from "./dom.js";

const KEPT = "edge-runtime-token";
const PATIENCE = 6000; // milliseconds until an answer counts as none
let asking = null;

export class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Sends a request; gives the response, or throws Refused for an answer that says no, TypeError for none. */
async function send(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(PATIENCE), credentials: "omit" });
  if (response.ok) return response;
  let reason = `HTTP ${response.status}`;
  try {
    reason = (await response.json()).error ?? reason;
  } catch { /* no JSON: something stands between this page and the device */ }
  throw new Refused(response.status, reason);
}

/** Looks at something. Asks for the token where even that needs one. */
export async function look(path, options) {
  for (;;) {
    try {
      return await send(path, options);
    } catch (error) {
      if (error.status !== 401) throw error;
      if (!(await ask("Looking at this device needs its token."))) throw error;
    }
  }
}

/** Changes something. `needs` is what the device said that this takes. Throws Refused when the person gives up. */
export async function change(path, method, needs, content) {
  if (needs === "token" && !sessionStorage.getItem(KEPT) && !(await ask("Changing something needs the device's token."))) {
    throw new Refused(401, "Nothing was changed: that needs the token.");
  }
  const options = { method };
  if (content !== undefined) {
    options.body = JSON.stringify(content);
    options.headers = { "Content-Type": "application/json" };
  }
  for (;;) {
    try {
      return await send(path, options);
    } catch (error) {
      if (error.status !== 401 || !(await ask("Changing something needs the device's token."))) throw error;
    }
  }
}

/** Gives a picture as an address for <img>, and what names it. */
export async function picture(path) {
  const response = await look(path, { cache: "no-cache" });
  return { tag: response.headers.get("etag"), url: URL.createObjectURL(await response.blob()) };
}

/** Asks the person for the token until it is right; gives false if they would rather not. One question at a time. */
function ask(why) {
  asking ??= question(why).finally(() => { asking = null; });
  return asking;
}

function question(why) {
  const dialog = byId("token"), form = byId("token-form"), input = byId("token-input"), error = byId("token-error");
  say(byId("token-why"), why);
  say(error, sessionStorage.getItem(KEPT) ? "The token that was given is not the right one." : "");
  sessionStorage.removeItem(KEPT);
  input.value = "";
  return new Promise((done) => {
    const end = (known) => {
      form.onsubmit = dialog.onclose = null;
      input.value = "";
      if (dialog.open) dialog.close();
      done(known);
    };
    byId("token-cancel").onclick = () => end(false);
    dialog.onclose = () => end(false);
    form.onsubmit = async (event) => {
      event.preventDefault();
      const token = input.value.trim();
      if (!/^[\x21-\x7e]+$/.test(token)) {
        say(error, "A token is made of letters, digits and signs, without blanks.");
        return;
      }
      sessionStorage.setItem(KEPT, token);
      try {
        await send("/api/token", { method: "POST" });
        end(true);
      } catch (refused) {
        sessionStorage.removeItem(KEPT);
        say(error, refused instanceof Refused ? refused.message : "The device does not answer.");
        input.select();
      }
    };
    dialog.showModal();
  });
}
