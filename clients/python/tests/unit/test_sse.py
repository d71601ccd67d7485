import pytest

from novacore_client._sse import SentEvent, SseParser
from novacore_client.errors import AnswerError

TEXT = (
    '\ufeffid: 1\nevent: usage\ndata: {"a":1}\n\n'
    ": heartbeat\n\n"
    "id: 2\r\nevent: threshold\r\ndata: one\r\ndata: two é 🦀\x85\u2028\r\n\r\n"
    "event:later\rdata:no space\rdata\rdata:  two spaces\r\r"
    "retry: 1500\nretry: soon\nunknown: x\ndata: without a name\n\n"
    "id: 3\0\ndata: the id stays\n\n"
    "event: has no data\n\n"
    "data: forgets the name\n\n"
    "id\ndata: takes the id away\n\n"
    "id: 9\nevent: usage\ndata: unfinished\n"
).encode()

WANT = [
    SentEvent("usage", '{"a":1}', "1"),
    SentEvent("threshold", "one\ntwo é 🦀\x85\u2028", "2"),
    SentEvent("later", "no space\n\n two spaces", "2"),
    SentEvent("message", "without a name", "2"),
    SentEvent("message", "the id stays", "2"),
    SentEvent("message", "forgets the name", "2"),
    SentEvent("message", "takes the id away", ""),
]


def parsed(pieces: list[bytes]) -> tuple[list[SentEvent], float | None]:
    parser = SseParser()
    events = [event for piece in pieces for event in parser.push(piece)]
    return events, parser.retry_s


def test_events_are_read_as_the_standard_says() -> None:
    assert parsed([TEXT]) == (WANT, 1.5)


def test_events_are_the_same_when_cut_at_any_byte() -> None:
    for cut in range(len(TEXT) + 1):
        assert parsed([TEXT[:cut], TEXT[cut:]]) == (WANT, 1.5), f"cut at {cut}"


@pytest.mark.parametrize("size", range(1, 8))
def test_events_are_the_same_in_pieces_of_any_size(size: int) -> None:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    assert parsed(pieces) == (WANT, 1.5)


def test_a_parser_begins_with_the_id_that_is_known() -> None:
    assert SseParser("41").push(b"data: x\n\n") == [SentEvent("message", "x", "41")]


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: " + b"x" * 65_530 + b"\n"])
def test_an_event_may_not_grow_without_end(piece: bytes) -> None:
    parser = SseParser()
    parser.push(b"data: ")
    for _ in range(63):
        parser.push(piece)
    with pytest.raises(AnswerError, match="too long"):
        parser.push(piece * 2)
