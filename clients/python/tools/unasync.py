"""Makes the synchronous twins of what is asynchronous: the client, and its tests.

python tools/unasync.py            writes them
python tools/unasync.py --check    fails if they are not what would be written
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("src/novacore_client", "tests/unit", "tests/contract")

#: Written by hand on both sides.
BY_HAND = {"base.py", "conftest.py"}

HEAD = "# Made by tools/unasync.py from ../_async; do not edit.\n"

#: Whole words, in this order.
WORDS = [
    (r"AsyncByteStream", "SyncByteStream"),
    (r"async def", "def"),
    (r"async for", "for"),
    (r"async with", "with"),
    (r"await ", ""),
    (r"AsyncIterator", "Iterator"),
    (r"Awaitable\[(tuple\[[^]]*\][^]]*\])\]", r"\1"),
    (r"AsyncIterator, Awaitable, Callable", "Callable, Iterator"),
    (r"Iterator, Awaitable, Callable", "Callable, Iterator"),
    (r"StopAsyncIteration", "StopIteration"),
    (r"__a(iter|next|enter|exit)__", r"__\1__"),
    (r"anext\(", "next("),
    (r"aclose", "close"),
    (r"aread", "read"),
    (r"aiter_bytes", "iter_bytes"),
    (r"aclosing", "closing"),
    (r"_async", "_sync"),
    (r"  # noqa: ASYNC\d+, [^\n]*", ""),
    (
        r"The asynchronous client\. Its twin is made of it by tools/unasync\.py\.",
        "The synchronous client.",
    ),
    (r"Async([A-Z])", r"\1"),
    (r"\n?pytestmark = pytest\.mark\.anyio\n", ""),
]


def twin(text: str, path: Path) -> str:
    for word, other in WORDS:
        text = re.sub(rf"(?<![A-Za-z]){word}" if word[0].isalpha() else word, other, text)
    text = ruff(HEAD + text, "check", "--fix-only", "--quiet", "--select=I", path=path)
    return ruff(text, "format", "--quiet", path=path)


def ruff(text: str, *arguments: str, path: Path) -> str:
    command = [f"{sysconfig.get_path('scripts')}/ruff", *arguments, f"--stdin-filename={path}", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> int:
    is_check = sys.argv[1:] == ["--check"]
    wrong = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder / "_async").glob("*.py")):
            if path.name in BY_HAND:
                continue
            target = ROOT / folder / "_sync" / path.name
            text = twin(path.read_text(encoding="utf-8"), target)
            if not is_check:
                target.parent.mkdir(exist_ok=True)
                target.write_text(text, encoding="utf-8")
            elif not target.exists() or target.read_text(encoding="utf-8") != text:
                print(
                    f"{target.relative_to(ROOT)} is not the twin of {path.name}: "
                    "run tools/unasync.py",
                    file=sys.stderr,
                )
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
