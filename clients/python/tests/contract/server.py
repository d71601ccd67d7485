"""The real binary in a temporary folder, and a proxy that cuts its answers."""

import contextlib
import os
import re
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

ADMIN = ("admin@localhost", "admin-password")
SERVICE_TOKEN = "service-token-of-the-tests-0123456789"


@contextlib.contextmanager
def serving(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Starts the binary that NOVACORE_BIN names on a free port; gives its address once it is
    ready."""
    binary = os.environ.get("NOVACORE_BIN")
    if binary is None:
        raise RuntimeError("NOVACORE_BIN has to name the server's binary")
    with tempfile.TemporaryDirectory(prefix="novacore-client-") as folder:
        variables = {
            "NOVACORE_DATA_DIR": str(Path(folder) / "data"),
            "NOVACORE_ADMIN_PASSWORD": ADMIN[1],
            "NOVACORE_SERVICE_TOKEN": SERVICE_TOKEN,
            "NOVACORE__EMBEDDER__KIND": "none",
            "NOVACORE__AUTH__REGISTER_PER_ADDRESS_SECONDS": "0",
            "NOVACORE__AUTH__LOGIN_PER_ADDRESS_SECONDS": "0",
            "NOVACORE__AUTH__LOGIN_PER_EMAIL_SECONDS": "0",
            **(environment or {}),
        }
        command = [binary, "serve", "--listen", "127.0.0.1:0"]
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _ready(child)
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _ready(child: subprocess.Popen[str]) -> str:
    """The address that the server says; its last line says that it can be used."""
    said = ""
    url = None
    assert child.stdout is not None
    for line in child.stdout:
        said += line
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        url = url or (found and found[0])
        if line.startswith("try: ") and url is not None:
            # What it says later is of no interest, but somebody has to hear it.
            threading.Thread(target=_drain, args=(child,), daemon=True).start()
            return url
    raise RuntimeError(f"the server has ended:\n{said}")


def _drain(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ValueError):
        for _ in child.stdout or ():
            pass


class CuttingProxy:
    """A proxy in front of the server that ends connections after so many bytes of answers."""

    def __init__(self, target: str) -> None:
        self._port = urlsplit(target).port or 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._cut_after: Callable[[], int | None] = lambda: None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, left: Callable[[], int | None]) -> None:
        """Says how many bytes of answers each connection may bring from now on; None: all."""
        self._cut_after = left
        # Those that are kept open for later calls would know nothing of it.
        self.cut()

    def cut(self) -> None:
        """Breaks all connections."""
        with self._lock:
            for one in self._sockets:
                _shut(one)

    def stop(self) -> None:
        _shut(self._server)
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            with self._lock:
                self._sockets |= {near, far}
            left = self._cut_after()
            threading.Thread(target=self._join, args=(near, far, left), daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket, left: int | None) -> None:
        asks = threading.Thread(target=self._copy, args=(near, far, None), daemon=True)
        asks.start()
        self._copy(far, near, left)
        asks.join()
        with self._lock:
            self._sockets -= {near, far}
        near.close()
        far.close()

    def _copy(self, begin: socket.socket, end: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while left is None or left > 0:
                piece = begin.recv(65_536 if left is None else min(left, 65_536))
                if not piece:
                    break
                end.sendall(piece)
                left = None if left is None else left - len(piece)
        # Shut, not closed: the other direction may still use it.
        _shut(begin)
        _shut(end)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
