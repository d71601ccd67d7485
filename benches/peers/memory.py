"""sqlite-vec and usearch on the vectors of a bench: latencies and recall, one JSON line a row.

python memory.py FOLDER DIMS LIMIT ROWS...

FOLDER holds `vectors.f32` and `queries.f32`: little-endian f32 of DIMS elements and length one, row
after row. Of each number of ROWS the first so many vectors are one user's memories.
"""

import json
import os
import sys
import time

import apsw
import numpy as np
import sqlite_vec
from usearch.index import Index


def percentiles(seconds):
    millis = np.array(seconds) * 1000
    return {"p50_ms": float(np.percentile(millis, 50)), "p99_ms": float(np.percentile(millis, 99))}


def exact(vectors, queries, limit):
    """The ids of the nearest, by brute force."""
    return [set(np.argsort(-(vectors @ query), kind="stable")[:limit].tolist()) for query in queries]


def measure(ask, queries, truth):
    seconds, found = [], 0
    for query, nearest in zip(queries, truth):
        begun = time.perf_counter()
        ids = ask(query)
        seconds.append(time.perf_counter() - begun)
        found += len(nearest & set(ids))
    return percentiles(seconds) | {"recall": found / sum(map(len, truth))}


def sqlite_vec_rows(folder, vectors, queries, truth, limit):
    """A vec0 table with the user as its partition key, on disk, beside another user's rows."""
    path = os.path.join(folder, f"peer-{len(vectors)}.db")
    connection = apsw.Connection(path)
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute(
        f"CREATE VIRTUAL TABLE v USING vec0(user INTEGER PARTITION KEY, "
        f"e float[{vectors.shape[1]}] distance_metric=cosine)"
    )
    begun = time.perf_counter()
    with connection:
        connection.executemany(
            "INSERT INTO v (rowid, user, e) VALUES (?, 1, ?)",
            ((row + 1, vector.tobytes()) for row, vector in enumerate(vectors)),
        )
    load = time.perf_counter() - begun

    def ask(query):
        rows = connection.execute(
            "SELECT rowid FROM v WHERE user = 1 AND e MATCH ? AND k = ?", (query.tobytes(), limit)
        )
        return [row - 1 for (row,) in rows]

    figures = measure(ask, queries, truth)
    connection.close()
    return figures | {"load_s": load, "bytes": os.path.getsize(path)}


def usearch_rows(vectors, queries, truth, limit, expansion):
    """An HNSW index in memory, one per user."""
    index = Index(ndim=vectors.shape[1], metric="cos", dtype="f32", expansion_search=expansion)
    begun = time.perf_counter()
    index.add(np.arange(len(vectors)), vectors, threads=1)
    load = time.perf_counter() - begun

    def ask(query):
        return index.search(query, limit).keys.tolist()

    return measure(ask, queries, truth) | {"load_s": load, "bytes": index.memory_usage}


def main():
    folder, dims, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    read = lambda name: np.fromfile(os.path.join(folder, name), dtype="<f4").reshape(-1, dims)
    all_vectors, queries = read("vectors.f32"), read("queries.f32")
    for rows in map(int, sys.argv[4:]):
        vectors = np.ascontiguousarray(all_vectors[:rows])
        truth = exact(vectors, queries, limit)
        peers = {
            "sqlite-vec f32": lambda: sqlite_vec_rows(folder, vectors, queries, truth, limit),
            "usearch f32 ef 64": lambda: usearch_rows(vectors, queries, truth, limit, 64),
            "usearch f32 ef 256": lambda: usearch_rows(vectors, queries, truth, limit, 256),
        }
        for name, run in peers.items():
            print(json.dumps({"peer": name, "rows": rows} | run()), flush=True)


main()
