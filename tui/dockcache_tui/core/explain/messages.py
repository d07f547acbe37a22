"""BuildKit's messages: what types their fields have, and their order, which is part of a key and not always kept.

Fields as declared in BuildKit's solver/pb/ops.proto, up to 0.34.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Message: TypeAlias = Mapping[str, "Shape"]
"""A message's fields in order."""
Shape: TypeAlias = "type | list[Shape] | Message | Always"
"""What a field holds: a plain value (bytes are base64, `dict` is texts by names), several of a shape, or a message."""


@dataclass(frozen=True, slots=True)
class Always:
    """What a field holds that BuildKit never leaves out."""

    shape: Shape


def _each(shape: Shape, *names: str) -> Message:
    return dict.fromkeys(names, shape)


_USER: Message = {"User": {"byName": {"name": str, "input": int}, "byId": int}}
_OWNER: Message = {"user": _USER, "group": _USER}
_META: Message = {
    "args": [str],
    "env": [str],
    **_each(str, "cwd", "user"),
    "proxy_env": _each(str, "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"),
    "extraHosts": [_each(str, "Host", "IP")],
    "hostname": str,
    "ulimit": [{"Name": str, "Soft": int, "Hard": int}],
    "cgroupParent": str,
    "removeMountStubsRecursive": bool,
    "validExitCodes": [int],
}
_SECRET: Message = {"ID": str, **_each(int, "uid", "gid", "mode"), "optional": bool}
_MOUNT: Message = {
    "input": int,
    "selector": str,
    "dest": Always(str),
    "output": int,
    "readonly": bool,
    "mountType": int,
    "TmpfsOpt": {"size": int},
    "cacheOpt": {"ID": str, "sharing": int},
    "secretOpt": _SECRET,
    "SSHOpt": _SECRET,
    "resultID": str,
    "contentCache": int,
}
_COPY: Message = {
    **_each(str, "src", "dest"),
    "owner": _OWNER,
    "mode": int,
    **_each(bool, "followSymlink", "dirCopyContents", "attemptUnpackDockerCompatibility", "createDestPath"),
    **_each(bool, "allowWildcard", "allowEmptyWildcard"),
    "timestamp": int,
    **_each([str], "include_patterns", "exclude_patterns"),
    "alwaysReplaceExistingDestPaths": bool,
    "modeStr": str,
    "required_paths": [str],
}
_ACTION: Message = {
    "copy": _COPY,
    "mkfile": {"path": Always(str), "mode": int, "data": bytes, "owner": _OWNER, "timestamp": int},
    "mkdir": {"path": Always(str), "mode": int, "makeParents": bool, "owner": _OWNER, "timestamp": int},
    "rm": {"path": str, **_each(bool, "allowNotFound", "allowWildcard")},
}
_FILE: Message = {**_each(Always(int), "input", "secondaryInput", "output"), "Action": Always(_ACTION)}
MESSAGES: Mapping[str, Message] = {
    "exec": {
        "meta": Always(_META),
        "mounts": [_MOUNT],
        **_each(int, "network", "security"),
        "secretenv": [{**_each(str, "ID", "name"), "optional": bool}],
        "cdiDevices": [{"name": str, "optional": bool}],
    },
    "source": {"identifier": Always(str), "attrs": dict},
    "file": {"actions": Always([_FILE])},
    "build": {"builder": int, "inputs": object, "attrs": dict},
    "merge": {"inputs": [{"input": int}]},
    "diff": _each({"input": int}, "lower", "upper"),
    "passthrough": {"id": str, "outputs": [int]},
}
"""The operations that we know whole; one with a field that is not here is one that we don't know."""
PLATFORM: Message = {**_each(str, "Architecture", "OS", "Variant", "OSVersion"), "OSFeatures": [str]}


class UnknownMessageError(ValueError):
    """A message with a field that is not known, or one that holds what it can't."""


def in_order(value: Any, shape: Shape) -> Any:
    """Return what a field holds with the fields of messages in order; raises UnknownMessageError."""
    if isinstance(shape, Always):
        return in_order(value, shape.shape)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise UnknownMessageError(value)
        return [in_order(one, shape[0]) for one in value]
    if isinstance(shape, type):
        if not _is(value, shape):
            raise UnknownMessageError(value)
        return value
    needed = {name for name, inside in shape.items() if isinstance(inside, Always)}
    if not isinstance(value, dict) or value.keys() - shape.keys() or needed - value.keys():
        raise UnknownMessageError(value)
    return {name: in_order(value[name], inside) for name, inside in shape.items() if name in value}


def _is(value: object, kind: type) -> bool:
    if kind is bytes:
        return isinstance(value, str) and _is_base64(value)
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return kind is object or type(value) is kind  # True is an int to Python


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
