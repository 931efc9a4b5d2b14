// What is shown, as elements: text is only ever text.

import { STEPS, dayOf, purposeOf, refusalOf, shortOf, timeOf, timesIn } from "./words.js";

/** An element with its attributes and what is in it. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const PATHS = { good: "M4.5 10.4l3.6 3.6 7.4-8", bad: "M5.5 5.5l9 9m0-9l-9 9", open: "M6 10h8", missing: "M10 5.5v9M5.5 10h9" };

/** A drawn sign. What it means stands beside it in words. */
export function sign(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[state]);
  svg.append(path);
  return svg;
}

const STATES = { good: "checked", bad: "here it fails", open: "not reached" };

function chain(stateOf, aboutOf) {
  const steps = STEPS.map((step) => {
    const state = stateOf(step.id);
    return element(
      "li",
      { class: state },
      element("span", { class: "knot" }, sign(state)),
      element("span", { class: "step" }, element("strong", {}, step.title), element("span", { class: "hidden" }, `, ${STATES[state]}: `), element("span", { class: "about" }, aboutOf(step))),
    );
  });
  return element("ol", { class: "chain", "aria-label": "What was checked, in order" }, steps);
}

function copyable(label, text) {
  const value = element("code", { tabindex: "0", "aria-label": `${label} ${text}` }, text);
  const button = element("button", { type: "button", class: "button small", "aria-label": `Copy ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(value);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return element("div", { class: "copyable" }, value, button);
}

const facts = (rows) =>
  element("dl", { class: "facts" }, rows.map(([name, ...value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));

const hex = (text) => element("code", { title: text }, shortOf(text));

function criterion({ label, sentence, caveat }) {
  return element("li", {}, label ? element("strong", {}, `${label}: `) : null, sentence, caveat ? element("p", { class: "caveat" }, caveat) : null);
}

/** What a claim says, clause by clause. */
export function shownOf({ clauses, record }) {
  const parts = clauses.flatMap(({ label, rule, criteria }) => [
    label || rule ? element("p", { class: "rule" }, [label, rule].filter(Boolean).join(": ")) : null,
    element("ul", { class: "shown" }, criteria.map(criterion)),
  ]);
  if (record.length > 0) parts.push(element("p", { class: "rule" }, "About the record itself:"), element("ul", { class: "shown" }, record.map((line) => element("li", {}, line))));
  return parts;
}

const list = (lines) => element("ul", {}, lines.map((line) => element("li", {}, line)));
const card = (title, ...children) => element("section", { class: "card" }, element("h3", {}, title), ...children);

function verdict(state, kicker, title, ...lines) {
  return element("div", { class: `verdict ${state}` }, element("span", { class: "seal" }, sign(state)), element("div", {}, element("p", { class: "kicker" }, kicker), element("h2", {}, title), lines));
}

function developmentBanner() {
  return element(
    "div",
    { class: "development" },
    element("strong", {}, "Evidence of nothing. "),
    "This was made under a development key, with which anybody can forge proofs. Your settings allow such keys: for trying out alone.",
  );
}

/** What a presentation showed. */
export function verifiedView(verified) {
  const { shown, request, block, issuer, as_of } = verified;
  const about = {
    ledger: `by issuer ${shortOf(issuer)}, at block ${block.number}`,
    question: `for ${request.scope_label}, still open`,
    consent: `not revoked at block ${block.number}`,
  };
  const line = element("p", {}, "A person whose record is kept by issuer ", hex(issuer), " meets this as of ", element("strong", {}, dayOf(as_of)), ".");
  return [
    verified.development ? developmentBanner() : null,
    verdict(verified.development ? "bad" : "good", verified.development ? "Checked, under a development key" : "Proved", shown.title, line),
    chain(() => "good", ({ id, about: usual }) => about[id] ?? usual),
    card("What holds", shown.description ? element("p", {}, shown.description) : null, ...shownOf(shown)),
    card(
      "By whom, as of when",
      facts([
        ["Issuer of the record", element("code", {}, issuer)],
        ["As of the day", dayOf(as_of)],
        ["Ledger", `chain ${request.ledger.chain_id}, registry `, hex(request.ledger.registry)],
        ["Block", `${block.number}, ${timeOf(block.time)} `, hex(block.hash)],
        ["Issuer's publication", `number ${verified.epoch}`],
        ["Asked for", `${request.scope_label}: ${purposeOf(request.purpose)}`],
        ["Request", `made ${timeOf(request.requested_at)}, open until ${timeOf(request.expires_at)}`],
        ["Checked as of", timeOf(verified.verified_at)],
      ]),
    ),
    card(
      "Seen before?",
      element("p", {}, "This page keeps nothing, so it cannot know whether the same person has answered before. Keep these two together, and refuse a second answer that has both."),
      element("h4", {}, "Nullifier"),
      copyable("nullifier", verified.nullifier),
      element("h4", {}, "Scope"),
      copyable("scope", verified.scope),
    ),
    element("div", { class: "columns" }, card("What you learn", list(shown.learned)), card("What is not shown", list(shown.not_shown))),
    element("details", { class: "all" }, element("summary", {}, "Everything, for machines"), element("pre", { tabindex: "0", "aria-label": "The answer as JSON" }, JSON.stringify({ verified }, null, 2))),
  ];
}

/** Why nothing was verified, and what had been asked where that is known. */
export function refusedView(refused, asked) {
  const { headline, step, passed } = refusalOf(refused);
  const stateOf = (id) => (id === step ? "bad" : passed.includes(id) ? "good" : "open");
  const times = timesIn(refused.message).map(({ digits, time }) => [digits, time]);
  return [
    verdict("bad", "Not proved", headline, element("p", { class: "message" }, refused.message), times.length > 0 ? facts(times) : null, element("p", { class: "code" }, "Code: ", element("code", {}, refused.code))),
    chain(stateOf, ({ id, about }) => (stateOf(id) === "open" ? "not reached" : stateOf(id) === "bad" ? "here it fails" : about)),
    asked ? card(`What had been asked: ${asked.title}`, ...shownOf(asked)) : null,
    card("What this means", element("p", {}, "Do not rely on this presentation as it stands. The first thing that is wrong is named above; what comes after it was not looked at.")),
  ];
}

/** What the page has so far. */
export function slotView({ title, about }, file) {
  const state = file ? "good" : "missing";
  const what = file ? file.name : about;
  return element(
    "li",
    { class: file ? "given" : "missing" },
    element("span", { class: "knot" }, sign(state)),
    element("span", { class: "step" }, element("strong", {}, title), element("span", { class: "hidden" }, file ? ", given: " : ", missing: "), element("span", { class: "about" }, what)),
  );
}
