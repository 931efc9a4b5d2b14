"""Writes python/medproof/_fields.py from verifier/schema/answer-v1.schema.json: ``generate.py [--check]``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCHEMA = HERE / "../../schema/answer-v1.schema.json"
OUT = HERE / "python/medproof/_fields.py"

# What items of lists are called.
SINGULAR = {"clauses": "Clause", "criteria": "Criterion"}

HEAD = '''"""What was verified, as the schema of answers has it. Made by generate.py; do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Optional
'''


class Classes:
    """Classes and their readers, those that others need before them."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def add(self, name: str, schema: dict[str, Any], about: str) -> None:
        fields = []
        read = []
        for key, value in schema["properties"].items():
            kind, reader = self.kind(key, value)
            fields.append(f"    {key}: {kind}")
            if "description" in value:
                fields.append(f'    """{value["description"]}"""')
            read.append((key, reader.format(f'found["{key}"]')))
        self.written.append(f'@dataclass(frozen=True)\nclass {name}:\n    """{about}"""\n\n' + "\n".join(fields))
        if name == "VerifiedFields":
            arguments = "".join(f'        "{key}": {value},\n' for key, value in read)
            self.written.append(
                f"def verified_fields(found: Any) -> dict[str, Any]:\n    return {{\n{arguments}    }}"
            )
        else:
            arguments = "".join(f"        {key}={value},\n" for key, value in read)
            self.written.append(f"def _{name.lower()}(found: Any) -> {name}:\n    return {name}(\n{arguments}    )")

    def kind(self, key: str, schema: dict[str, Any]) -> tuple[str, str]:
        """Of a value: its type, and how it is read."""
        if "enum" in schema:
            return f"Literal[{', '.join(json.dumps(value) for value in schema['enum'])}]", "{}"
        simple = {"string": "str", "integer": "int", "boolean": "bool"}
        kind = schema["type"]
        if isinstance(kind, list):
            [some] = [simple[one] for one in kind if one != "null"]
            return f"Optional[{some}]", "{}"
        if kind == "array":
            item, reader = self.kind(SINGULAR.get(key, key), schema["items"])
            each = "tuple({})" if reader == "{}" else f"tuple({reader.format('one')} for one in {{}})"
            return f"tuple[{item}, ...]", each
        if kind == "object":
            name = key[0].upper() + key[1:]
            self.add(name, schema, schema.get("description", f"A {key.lower()}."))
            return name, f"_{name.lower()}({{}})"
        return simple[kind], "{}"


def generated() -> str:
    answer = json.loads(SCHEMA.read_text())
    verified = answer["oneOf"][0]["properties"]["verified"]
    classes = Classes()
    classes.add("VerifiedFields", verified, verified["description"])
    return "\n\n\n".join([HEAD.rstrip("\n"), *classes.written]) + "\n"


def main() -> None:
    made = generated()
    if sys.argv[1:] == ["--check"]:
        if OUT.read_text() != made:
            sys.exit(f"{OUT.name} is not what the schema says: python3 generate.py writes it anew")
    else:
        OUT.write_text(made)


if __name__ == "__main__":
    main()
