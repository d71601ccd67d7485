"""Whether a value is what its type says, down to the last member."""

import types
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)


def differences(kind: Any, value: Any, path: str = "$") -> list[str]:
    """Where a value differs from a type: paths with why.

    A member that the type does not know is a difference as well.
    """
    origin = get_origin(kind)
    if origin is NotRequired:
        return differences(get_args(kind)[0], value, path)
    if origin in (Union, types.UnionType):
        found = [differences(one, value, path) for one in get_args(kind)]
        return [] if [] in found else [line for one in found for line in one]
    if origin is Literal:
        return [] if value in get_args(kind) else [f"{path}: {value!r} is none of {kind}"]
    if is_typeddict(kind):
        return _members(kind, value, path)
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: no list"]
        inner = get_args(kind)[0]
        return [
            line
            for at, one in enumerate(value)
            for line in differences(inner, one, f"{path}[{at}]")
        ]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{path}: no dict"]
        inner = get_args(kind)[1]
        return [
            line
            for name, one in value.items()
            for line in differences(inner, one, f"{path}.{name}")
        ]
    return _scalar(kind, value, path)


def _members(kind: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: no dict"]
    hints = get_type_hints(kind, include_extras=True)
    found = [
        f"{path}.{name}: absent"
        for name, hint in hints.items()
        if name not in value and get_origin(hint) is not NotRequired
    ]
    for name, one in value.items():
        if name in hints:
            found += differences(hints[name], one, f"{path}.{name}")
        else:
            found.append(f"{path}.{name}: not in the description")
    return found


def _scalar(kind: Any, value: Any, path: str) -> list[str]:
    if kind is Any:
        return []
    if kind is None or kind is type(None):
        return [] if value is None else [f"{path}: {value!r} is not None"]
    # A number without a fraction is a float too, but True is no number.
    wanted = (int, float) if kind is float else kind
    fits = isinstance(value, wanted) and (kind is bool or not isinstance(value, bool))
    return [] if fits else [f"{path}: {value!r} is no {kind.__name__}"]
