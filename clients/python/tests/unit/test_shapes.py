"""The generator of shapes, on a document that has each kind of schema."""

from typing import get_type_hints, is_typeddict

from novacore_client import shapes
from tools.shapes import written

DOCUMENT = {
    "components": {
        "schemas": {
            "Amount": {"type": "integer", "description": "How much."},
            "Child": {
                "allOf": [
                    {"$ref": "#/components/schemas/Parent"},
                    {"type": "object", "properties": {"more": {"type": "number"}}},
                ]
            },
            "Either": {
                "oneOf": [
                    {"$ref": "#/components/schemas/Child"},
                    {"type": "null"},
                    {
                        "type": "array",
                        "items": {
                            "oneOf": [{"$ref": "#/components/schemas/Mode"}, {"type": "null"}]
                        },
                    },
                ]
            },
            "Mode": {"type": "string", "enum": ["hard", "soft"]},
            "Parent": {
                "type": "object",
                "description": "What it is.",
                "required": ["amount", "free"],
                "properties": {
                    "amount": {"$ref": "#/components/schemas/Amount"},
                    "free": {"type": "object"},
                    "maybe": {"type": ["boolean", "null"], "description": "Whether."},
                },
            },
            "Row": {
                "type": "object",
                "properties": {"date": {"type": "string"}},
                "additionalProperties": {"type": "integer"},
            },
        }
    }
}

WANT = '''\
from __future__ import annotations



class Parent(TypedDict):
    """What it is."""

    amount: Amount
    free: dict[str, Any]
    #: Whether.
    maybe: NotRequired[bool | None]


class Child(Parent):
    more: NotRequired[float]


#: How much.
Amount: TypeAlias = int
Mode: TypeAlias = Literal['hard', 'soft']
Either: TypeAlias = Child | list[Mode | None] | None
Row: TypeAlias = dict[str, str | int]
'''


def test_types_can_be_looked_up() -> None:
    for name, kind in vars(shapes).items():
        if is_typeddict(kind):
            assert get_type_hints(kind), name


def test_each_kind_of_schema_is_written() -> None:
    assert written(DOCUMENT) == WANT
