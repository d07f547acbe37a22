"""What the archives are built from."""

import os
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
REVISION = "0123456789abcdef0123456789abcdef01234567"
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")

LONG = "/".join(("long" * 30, "er" * 60))
LAYERS = f"""\
FROM busybox
LABEL org.opencontainers.image.revision={REVISION}
RUN mkdir -p /data/dir /data/deep/er /data/folds /data/{LONG} && cd /data \\
 && put() {{ yes "$1" | head -c "$2" >"$1"; }} \\
 && put gone 1000 && put hard 2000 && ln hard over && put dir/x 300 && put dir/y 400 && put deep/er/z 500 \\
 && put first 700 && ln first second && put turns 600 && put folds/f 150 && put mode 800 && put big 90 && put same 70 \\
 && chown 12:34 deep/er/z && chmod 4755 deep/er/z && chown 3000000:4000000 big && chmod 1777 dir \\
 && put "odd  näme" 20 && put {LONG}/name 40 && touch empty \\
 && ln -s over link && ln -s /no/where dangling && ln -s deep to-folder && mkfifo fifo && mknod device c 1 3
ENV PROOF=1
RUN cd /data && put() {{ yes "$1" | head -c "$2" >"$1"; }} \\
 && rm gone turns first && put new 2500 && mv new over && rm -r dir folds && mkdir dir turns \\
 && put dir/w 10 && put turns/inside 50 && ln -s deep folds && rm to-folder && mkdir to-folder
RUN cd /data && put() {{ yes "$1" | head -c "$2" >"$1"; }} \\
 && rm deep/er/z && chmod 600 mode && touch -d '2001-02-03 04:05:06' over && put gone 30
CMD ["sh"]
"""
"""Layers that delete and overwrite, with entries of every kind."""
WASTED = 1000 + 600 + (300 + 400) + 150 + 500 + 800 + 2500
"""gone, turns, dir, folds, deep/er/z, mode, and `over` as the second RUN wrote it; what `hard` holds is still seen."""

MULTI = "FROM scratch\nARG TARGETARCH\nCOPY word-$TARGETARCH /word\nCOPY same /same\n"
SMALL = "FROM scratch\nCOPY one two /some/\nCOPY three /\n"
CACHED = "FROM busybox AS made\nCOPY word /word\nRUN cat /word >/copy\nFROM scratch\nCOPY --from=made /copy /copy\n"

_NOISE = os.urandom(40_000)
CONTEXTS: dict[str, tuple[str, dict[str, bytes]]] = {
    "layers": (LAYERS, {}),
    "golang": ("FROM golang:1.26\n", {}),
    "multi": (MULTI, {"same": b"same", **{f"word-{arch}": arch.encode() for arch in ("amd64", "arm64", "arm")}}),
    "small": (SMALL, {"one": _NOISE, "two": b"two", "three": _NOISE[::-1]}),
}
"""Dockerfiles and the files beside them."""
