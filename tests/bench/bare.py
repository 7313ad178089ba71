"""The yardstick: a bare Flask "hello" on waitress, served as the House serves.

``python -m tests.bench.bare PORT THREADS``
"""

from __future__ import annotations

import logging
import sys

import waitress
from flask import Flask


def main() -> None:
    port, threads = int(sys.argv[1]), int(sys.argv[2])
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app = Flask("bare", static_folder=None)

    @app.get("/")
    def hello() -> str:
        return "hello"

    waitress.serve(app, host="127.0.0.1", port=port, threads=threads, ident="house", _quiet=True)


if __name__ == "__main__":
    main()
