// Tells when this page was printed, and when a newer print of it has come out.
// Both are asked of the server with HEAD: the page itself holds nothing that
// differs from one print to the next, so that a page that says the same stays
// the same. What is told is the print that the server has when it is asked, a
// moment after the page came; a newer one after that is noticed by its ETag.
// Without this script there is a sentence in its place.
"use strict";

const strip = document.getElementById("printed");
const text = strip?.querySelector("p");
let shown; // the print that is on the screen

async function ask() {
  const answer = await fetch(location.pathname + location.search, { method: "HEAD", cache: "no-store", credentials: "omit" });
  const [at, took] = (answer.headers.get("Newsroom-Printed") ?? "").split("; took=");
  const ttl = /ttl=(-?\d+)/.exec(answer.headers.get("Cache-Status") ?? "")?.[1];
  return { etag: answer.headers.get("ETag"), at: new Date(at), took, until: ttl && new Date(Date.now() + ttl * 1000) };
}

function clock(at) {
  return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
}

function ago(at) {
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `on ${at.toLocaleDateString()}`;
}

// How long this visitor waited, from asking to the first byte.
function wait() {
  const visit = performance.getEntriesByType("navigation")[0];
  return visit ? ` · reached you in ${Math.max(1, Math.round(visit.responseStart - visit.requestStart))} ms` : "";
}

// Until when it stays: a page that knows when it changes says so.
function stays() {
  if (!shown.until) return "stays as it is until something on it changes";
  if (shown.until < Date.now()) return "is being printed again";
  const at = shown.until - Date.now() < 86400e3
    ? shown.until.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })
    : shown.until.toLocaleDateString([], { day: "numeric", month: "long" });
  return `stays as it is until ${at}, or until something on it changes`;
}

function show() {
  const waited = document.createElement("span");
  waited.className = "wait";
  waited.textContent = wait();
  text.replaceChildren(`Printed at ${clock(shown.at)} (${ago(shown.at)}) in ${shown.took} ms`, waited, ` · ${stays()}`);
}

async function look() {
  const print = await ask();
  if (isNaN(print.at)) return;
  if (!shown || shown.etag === print.etag) {
    shown = print;
    show();
    return;
  }
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Show it";
  text.replaceChildren(`A newer print of this page came out at ${clock(print.at)}. `, link);
  strip.classList.add("newer");
  clearInterval(timer);
}

function lookWhenSeen() {
  if (document.visibilityState === "visible") look().catch(() => {}); // no connection: what is there stays true
}

let timer;
if (strip) {
  timer = setInterval(lookWhenSeen, 3000);
  document.addEventListener("visibilitychange", lookWhenSeen);
  lookWhenSeen();
}
