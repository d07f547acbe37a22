"""Operations as a provenance has them, and the digests that a daemon of BuildKit 0.34.2 named their records by."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dockcache_tui.core.explain.ops import Op, read_ops

IMAGE = f"docker-image://docker.io/library/busybox:latest@sha256:{'ab' * 32}"
AMD64 = {"Architecture": "amd64", "OS": "linux"}


def op(kind: str, body: Mapping[str, Any], inputs: int = 0, platform: Mapping[str, Any] = AMD64) -> Op:
    """Return an operation as it reads from a provenance."""
    leaves = [{"id": f"step{number}", "op": {"Op": {}}} for number in range(inputs)]
    edges = [f"step{number}:0" for number in range(inputs)]
    told = {"id": "it", "op": {"Op": {kind: body}, "platform": platform}, "inputs": edges}
    return read_ops(json.dumps({"buildConfig": {"llbDefinition": [*leaves, told]}})).ops[-1]


def run(mounts: Sequence[Mapping[str, Any]] = (), **meta: object) -> Op:
    """Return a RUN with mounts after that of its root."""
    plain = {"args": ["/bin/sh", "-c", "true"], "cwd": "/", "env": ["PATH=/bin"], "removeMountStubsRecursive": True}
    return op("exec", {"meta": plain | meta, "mounts": [{"dest": "/"}, *mounts]}, inputs=2)


def copy(*actions: Mapping[str, Any], inputs: int = 2, **more: object) -> Op:
    """Return a COPY of one file, or of what actions say of each."""
    plain = {"src": "/d/f", "dest": "/x/", "mode": -1, "timestamp": -1, "followSymlink": True, "allowWildcard": True}
    bodies = actions or ({},)
    last = len(bodies) - 1
    told = [
        {
            "input": len(bodies) + number - 1 if number else 0,
            "secondaryInput": 1,
            "output": 0 if number == last else -1,
            "Action": {"copy": {**plain, **body, **more}},
        }
        for number, body in enumerate(bodies)
    ]
    return op("file", {"actions": told}, inputs=inputs)
