"""Writes src/novacore_client/shapes.py, typed dictionaries, from an OpenAPI document.

python tools/shapes.py openapi.json            writes it
python tools/shapes.py --check openapi.json    fails if it is not what would be written
"""

import json
import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "novacore_client" / "shapes.py"

HEAD = '''\
"""The shapes of the API, by their names in the OpenAPI document.

Made by tools/shapes.py from the server's OpenAPI document; do not edit.
"""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict
'''

Schema = dict[str, Any]

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def named(ref: str) -> str:
    return ref.rsplit("/", 1)[-1]


def typed(schema: Schema) -> str:
    """The type that a schema is, as Python writes it."""
    if "$ref" in schema:
        return named(schema["$ref"])
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return union([typed(one) for one in schema[word]])
    if "allOf" in schema:
        if len(schema["allOf"]) != 1:
            raise ValueError(f"a type of several parts has to have a name: {schema}")
        return typed(schema["allOf"][0])
    if "enum" in schema:
        return f"Literal[{', '.join(repr(value) for value in schema['enum'])}]"
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return union([typed({**schema, "type": kind}) for kind in kinds])
    if kinds == "array":
        return f"list[{typed(schema.get('items', {}))}]"
    if kinds == "object":
        return mapping(schema)
    return SCALARS[kinds] if kinds is not None else "Any"


def mapping(schema: Schema) -> str:
    """An object without a name: of values of one type, or of anything."""
    others = schema.get("additionalProperties")
    values = [typed(one) for one in schema.get("properties", {}).values()]
    if isinstance(others, dict):
        return f"dict[str, {union([*values, typed(others)])}]"
    return "dict[str, Any]"


def union(types: list[str]) -> str:
    parts = list(dict.fromkeys(part for one in types for part in one.split(" | ")))
    if "None" in parts:
        parts = [part for part in parts if part != "None"] + ["None"]
    return " | ".join(parts)


def parts(schema: Schema) -> tuple[list[str], Schema] | None:
    """Bases and own members of what is a dictionary with a type for each key."""
    if "allOf" in schema:
        bases = [named(one["$ref"]) for one in schema["allOf"] if "$ref" in one]
        own = [one for one in schema["allOf"] if "$ref" not in one]
        return bases, {
            "properties": {k: v for one in own for k, v in one.get("properties", {}).items()},
            "required": [name for one in own for name in one.get("required", [])],
        }
    is_open = isinstance(schema.get("additionalProperties"), dict)
    return ([], schema) if schema.get("properties") and not is_open else None


def remark(text: str | None, indent: str) -> list[str]:
    if not text:
        return []
    begin = f"{indent}#: "
    lines = [textwrap.fill(line, 100 - len(begin)) for line in text.strip().splitlines()]
    return [begin + line if line else begin.rstrip() for line in "\n".join(lines).splitlines()]


def dictionary(name: str, schema: Schema, bases: list[str], own: Schema) -> list[str]:
    lines = ["", "", f"class {name}({', '.join(bases) or 'TypedDict'}):"]
    text = schema.get("description", "").strip()
    if text:
        quoted = text.replace("\\", "\\\\").replace('"""', "'''")
        wrapped = [textwrap.fill(line, 93) for line in quoted.splitlines()]
        body = textwrap.indent("\n".join(wrapped), "    ").lstrip()
        lines += [f'    """{body}"""' if "\n" not in body else f'    """{body}\n    """', ""]
    required = set(own.get("required", []))
    for key, member in own["properties"].items():
        if not key.isidentifier() or keyword.iskeyword(key):
            raise ValueError(f"{name}.{key} cannot be a name in Python")
        kind = typed(member)
        lines += remark(member.get("description"), "    ")
        lines.append(f"    {key}: {kind if key in required else f'NotRequired[{kind}]'}")
    return lines


def written(document: dict[str, Any]) -> str:
    schemas: dict[str, Schema] = document["components"]["schemas"]
    lines: list[str] = []
    aliases: list[str] = []
    done: set[str] = set()

    def write(name: str) -> None:
        if name in done:
            return
        done.add(name)
        schema = schemas[name]
        found = parts(schema)
        if found is None:
            # Other names have to be there before this one; classes are.
            for other in re.findall(r"\w+", typed(schema)):
                if other in schemas:
                    write(other)
            aliases.extend(remark(schema.get("description"), ""))
            aliases.append(f"{name}: TypeAlias = {typed(schema)}")
            return
        bases, own = found
        for base in bases:
            write(base)
        lines.extend(dictionary(name, schema, bases, own))

    for name in sorted(schemas):
        write(name)
    # Types in classes are looked up when all of them are there, those of aliases at once.
    return "\n".join(["from __future__ import annotations", "", *lines, "", "", *aliases, ""])


def main() -> int:
    arguments = sys.argv[1:]
    is_check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + is_check:
        print("usage: python tools/shapes.py [--check] <openapi.json>", file=sys.stderr)
        return 2
    body = written(json.loads(Path(arguments[-1]).read_text(encoding="utf-8")))
    future, rest = body.split("\n", 1)
    head, imports = HEAD.split('"""\n\n')
    text = f'{head}"""\n\n{future}\n\n{imports}{rest}'
    if not is_check:
        TARGET.write_text(text, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text:
        print("shapes.py is not what the document says: run `make client-types`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
