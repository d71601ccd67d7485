"""What the auditor is told: one line for each case, after which he compares ledger and provider."""

import json
import sys


class Auditor:
    """Tells of cases and waits for the verdict on each."""

    def __init__(self):
        self.name = ""

    def over(self, name, calls, slack=0):
        """The case is over; the provider was called so often. Does not return if it is wrong."""
        print(json.dumps({"case": name, "calls": calls, "slack": slack}), flush=True)
        if sys.stdin.readline().strip() != "ok":
            sys.exit("the auditor does not agree with: " + name)


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "n": {"type": "array", "items": {"type": "number"}}},
    "required": ["city"],
}
# What the tool of the mock is given.
WANTED = {"city": "Grünau", "n": [1, 2]}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Tries:
    """Counts what an SDK sends."""

    def __init__(self):
        self.count = 0

    def hook(self, _request):
        self.count += 1
