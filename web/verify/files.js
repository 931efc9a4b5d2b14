// Which file is which, by what is in it.

/** What a check needs: in the order in which the page asks for it. */
export const SLOTS = [
  { kind: "settings", type: "medproof/verifier-settings", title: "Your settings", about: "whose questions, which ledger, which issuers you believe" },
  { kind: "bundle", type: "medproof/trust-bundle", title: "Trust bundle", about: "the ledger at one block, signed by somebody you chose" },
  { kind: "request", type: "medproof/request", title: "Request", about: "the question, as you signed it" },
  { kind: "presentation", type: "medproof/presentation", title: "Presentation", about: "the answer: 321 bytes, or JSON" },
];

const PRESENTATION_BYTES = 321;
const MOST_FILE_BYTES = 80 * 1024 * 1024;

/** What is wrong with a file, in words that name it. */
export class FileProblem extends Error {}

/** The kind of a file. `syntaxOf` says where bytes stop to be JSON. */
export async function recognise(name, bytes, syntaxOf) {
  if (bytes.length === 0) throw new FileProblem(`${name} is empty: save it again`);
  if (bytes.length > MOST_FILE_BYTES) throw new FileProblem(`${name} has ${bytes.length} bytes, more than any of these files: check which file this is`);
  if (beginsAsJson(bytes)) return recogniseJson(name, bytes, syntaxOf);
  // Its length and all else is the verifier's to judge, once it is known to be meant as one.
  if (Math.abs(bytes.length - PRESENTATION_BYTES) <= 96) return "presentation";
  throw new FileProblem(`${name} is not one of these files: expected JSON, or a presentation of ${PRESENTATION_BYTES} bytes; found ${bytes.length} bytes of something else`);
}

function beginsAsJson(bytes) {
  const first = bytes.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return first === 0x7b || first === 0x5b;
}

async function recogniseJson(name, bytes, syntaxOf) {
  const value = await parsed(name, bytes, syntaxOf);
  const slot = SLOTS.find(({ type }) => type === value?.type);
  if (slot) return slot.kind;
  if (typeof value?.form === "string" && value.form.startsWith("medproof-claim/")) {
    throw new FileProblem(`${name} is a claim: it is not needed here, since the request contains it`);
  }
  const found = typeof value?.type === "string" ? `one of type “${value.type.slice(0, 60)}”` : "one without a type";
  throw new FileProblem(`${name} is not one of these files: expected JSON of type ${SLOTS.map(({ type }) => type).join(", ")}; found ${found}`);
}

async function parsed(name, bytes, syntaxOf) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FileProblem(`${name} is damaged: ${await syntaxOf(bytes)}`);
  }
}
