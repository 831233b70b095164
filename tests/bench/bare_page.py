"""A page of a given size from FastAPI and one compiled template, and nothing else: what any page costs at the least.

Run: `python -m tests.bench.bare_page PORT BYTES`; every address leads to it.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment

TEMPLATE = Environment(autoescape=True).from_string("<!doctype html><title>{{ title }}</title><p>{{ words }}</p>")


def bare(size: int) -> FastAPI:
    """The app."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    words = "word " * (size // 5)

    def page(path: str) -> HTMLResponse:
        return HTMLResponse(TEMPLATE.render(title=path, words=words))

    app.add_api_route("/{path:path}", page)
    return app


if __name__ == "__main__":
    uvicorn.run(bare(int(sys.argv[2])), port=int(sys.argv[1]), access_log=False, log_level="warning")
