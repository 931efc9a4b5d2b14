// `answer.d.ts` and `settings.d.ts` from the schemas: written anew, or with --check compared.

import { readFileSync, writeFileSync } from "node:fs";

const FILES = {
  "answer.d.ts": { schema: "answer-v1", names: { Verified: "/oneOf/0/properties/verified", Explanation: "/oneOf/0/properties/verified/properties/shown" } },
  "settings.d.ts": { schema: "verifier-settings-v1", names: { VerifierSettings: "" } },
};

const at = (schema, pointer) => pointer.split("/").slice(1).reduce((part, key) => part[key], schema);

function typeOf(schema, indent, named) {
  const name = named.get(schema);
  if (name) return name;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => (type === "null" ? "null" : typeOf({ ...schema, type }, indent, named))).join(" | ");
  }
  if (schema.type === "array") return `Array<${typeOf(schema.items, indent, named)}>`;
  if (schema.type === "object") return objectOf(schema, indent, named);
  const plain = { string: "string", integer: "number", boolean: "boolean" }[schema.type];
  if (!plain) throw new Error(`no type for ${JSON.stringify(schema)}`);
  return plain;
}

function objectOf(schema, indent, named) {
  if (schema.additionalProperties !== false) throw new Error(`not closed: ${JSON.stringify(schema)}`);
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties).map(([key, value]) => {
    const optional = schema.required.includes(key) ? "" : "?";
    return `${comment(value, inner)}${inner}${key}${optional}: ${typeOf(value, inner, named)};\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

const comment = (schema, indent) => (schema.description ? `${indent}/** ${schema.description} */\n` : "");

function written({ schema: file, names }) {
  const url = new URL(`../../schema/${file}.schema.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(url, "utf8"));
  const parts = Object.entries(names).map(([name, pointer]) => {
    const part = at(schema, pointer);
    // Every type but the one that is being written goes by its name.
    const named = new Map(Object.entries(names).filter(([other]) => other !== name).map(([other, p]) => [at(schema, p), other]));
    return `${comment(part, "")}export interface ${name} ${objectOf(part, "", named)}\n`;
  });
  return `// Written by types.mjs from verifier/schema/${file}.schema.json.\n\n${parts.join("\n")}`;
}

const differing = Object.entries(FILES).filter(([file, what]) => {
  const url = new URL(file, import.meta.url);
  const now = written(what);
  if (process.argv.includes("--check")) return readFileSync(url, "utf8") !== now;
  writeFileSync(url, now);
  return false;
});
if (differing.length > 0) {
  console.error(`${differing.map(([file]) => file).join(", ")}: not what the schemas say; run node types.mjs`);
  process.exit(1);
}
