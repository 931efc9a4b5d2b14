// Codes, times and addresses as people read them.

// By hand: to make a form of `Intl` takes the browser longer than to unpack the verifier.
const MONTHS = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
];
const written = (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;

export const dayOf = (iso) => written(new Date(`${iso}T00:00:00Z`));
export const timeOf = (seconds) => {
  const date = new Date(seconds * 1000);
  return `${written(date)} at ${date.toISOString().slice(-13, -5)} UTC`;
};
export const shortOf = (hex) => (hex.length > 18 ? `${hex.slice(0, 8)}…${hex.slice(-6)}` : hex);

const PURPOSES = {
  TREAT: "treatment",
  ETREAT: "emergency treatment",
  HPAYMT: "payment",
  HOPERAT: "health-care operations",
  HRESCH: "research",
  PUBHLTH: "public health",
};
export const purposeOf = (code) => `${PURPOSES[code] ?? "another purpose"} (${code})`;

/** What is checked, in the order in which it is checked. */
export const STEPS = [
  { id: "trust", title: "Your trust", about: "settings and bundle are good" },
  { id: "question", title: "Your question", about: "asked by you, still open" },
  { id: "proof", title: "The proof", about: "answers this very question" },
  { id: "ledger", title: "The record", about: "anchored on the ledger" },
  { id: "consent", title: "The consent", about: "given, and not revoked" },
];

const HEADLINES = {
  "presentation.proof": "The proof does not hold",
  "presentation.policy": "This answers another question",
  "presentation.request": "This answers another request",
  "presentation.length": "This is no presentation, or it was cut",
  "request.expired": "The request has expired",
  "request.not_yet": "The request is not yet open",
  "request.audience": "Somebody else asked this",
  "request.ledger": "The request is about another ledger",
  "request.claim_id": "The request contradicts itself",
  "did.signature": "A signature does not hold",
  "bundle.signer": "The trust bundle is not from the signer whom you trust",
  "ledger.view_expired": "The trust bundle has expired",
  "ledger.clock": "The trust bundle is from the future",
  "ledger.not_final": "The trust bundle's block is not final",
  "ledger.paused": "The ledger is paused",
  "ledger.other": "The trust bundle is about another ledger",
  "key.unknown": "The key is not among those that you trust",
  "key.revoked": "The key was revoked",
  "key.retired": "The key had been retired",
  "key.development": "The key is for development only",
  "key.presentation": "This was made under another key",
  "root.unknown": "The record is not on the ledger",
  "root.superseded": "The record was out of date",
  "issuer.not_accepted": "The issuer is not one whom you believe",
  "issuer.suspended": "The issuer is suspended",
  "issuer.silent": "The issuer has been silent for too long",
  "consent.revoked": "The consent was revoked",
};

const FAMILIES = {
  point: "The presentation is damaged",
  presentation: "The presentation is damaged",
  ledger: "The ledger cannot be relied on",
  key: "The key cannot be relied on",
  request: "The request is not good",
};

// What the message names first, where the code alone does not say which file is meant.
const FILES = [
  { start: "settings: ", step: "trust", headline: "The settings are not good" },
  { start: "now: ", step: "trust", headline: "The moment is not one" },
  { start: "trust bundle: ", step: "trust", headline: "The trust bundle is not good" },
  { start: "request: ", step: "question", headline: "The request is not good" },
  { start: "claim: ", step: "question", headline: "The claim is not good" },
];

// After the proof was checked.
const LATE = ["key.retired", "key.revoked"];
// Before the question's terms are compared, since the presentation could not be read.
const UNREAD = /^(json\.|point\.|presentation\.(length|version|input|input_count)$)/;
const BY_FAMILY = { request: "question", key: "question", presentation: "proof", point: "proof", json: "proof", consent: "consent" };

/** A refusal in words: what it comes to, at which step, and which steps were passed before. */
export function refusalOf({ code, message }) {
  const [family] = code.split(".");
  const file = FILES.find(({ start }) => message.startsWith(start));
  const step = file?.step ?? stepOf(code, family);
  const at = STEPS.findIndex(({ id }) => id === step);
  const unread = !file && UNREAD.test(code);
  const passed = STEPS.slice(0, unread ? 1 : at).map(({ id }) => id);
  const headline = HEADLINES[code] ?? file?.headline ?? FAMILIES[family] ?? "The presentation is not good";
  return { headline, step, passed };
}

function stepOf(code, family) {
  if (code === "key.presentation") return "proof";
  return LATE.includes(code) ? "ledger" : (BY_FAMILY[family] ?? "ledger");
}

/** The times that a message gives in seconds, as people read them. */
export function timesIn(message) {
  const seconds = [...message.matchAll(/(?<![0-9a-fx])[12][0-9]{9}(?![0-9a-f])/g)].map(([digits]) => digits);
  return [...new Set(seconds)].map((digits) => ({ digits, time: timeOf(Number(digits)) }));
}
