// The vectors' parts as bytes: text, hexadecimal, or text and another that is repeated after it.

export const NAMES = ["settings", "bundle", "request", "claim", "presentation"];

export function bytesOf(part) {
  if (typeof part === "string") return Buffer.from(part);
  if (part.hex !== undefined) return Buffer.from(part.hex, "hex");
  return Buffer.from(part.text + part.repeat.repeat(part.times));
}

/** A vector's five parts as bytes, and its time. */
export function partsOf(vector, base) {
  const parts = NAMES.map((name) => [name, bytesOf(vector[name] ?? base[name])]);
  return { ...Object.fromEntries(parts), now: vector.now ?? base.now };
}
