"""The examples of the README, as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from novacore_client import NovaCore
from tests.contract.server import SERVICE_TOKEN, serving

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

#: What each example prints.
PRINTED = [
    r"100 of 1000 tokens\n(.+ %\n)*llm_tokens 100 tokens 10(\.0)? %\n(.+ %\n)*",
    r"u@example\.com free_trial\n",
    r"eve@example\.com\n",
    r"750 tokens left until .+Z; .+ would do\n",
    r"1 0 0\n",
    r"connecting\nopen\n1 llm_tokens 100\n",
    r"My dog is called Rex\n",
]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with serving() as url:
        with NovaCore(url) as nova:
            signed_in = nova.auth.register("u@example.com", "correct horse")
        user_id = signed_in["user"]["id"]
        with NovaCore(url, service_token=SERVICE_TOKEN) as nova:
            nova.usage.record({"userId": user_id, "resourceType": "llm_tokens", "amount": 100})
        yield {
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "NOVACORE_URL": url,
            "NOVACORE_TOKEN": signed_in["accessToken"],
            "NOVACORE_SERVICE_TOKEN": SERVICE_TOKEN,
            "NOVACORE_USER": user_id,
        }


def test_each_example_has_an_expectation() -> None:
    assert len(EXAMPLES) == len(PRINTED)


@pytest.mark.parametrize(("code", "printed"), list(zip(EXAMPLES, PRINTED, strict=False)))
def test_example(code: str, printed: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert re.fullmatch(printed, done.stdout), done.stdout
