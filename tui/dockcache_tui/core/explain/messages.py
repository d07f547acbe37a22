"""The order of the fields in BuildKit's messages, which is part of a key and which not every reader keeps.

Fields as declared in BuildKit's solver/pb/ops.proto, up to 0.34.
"""

from collections.abc import Mapping
from typing import Any

Message = Mapping[str, "Message | None"]
"""A message's fields in order, each with the message in it; None for a plain value or a map."""


def _plain(*names: str) -> Message:
    return dict.fromkeys(names)


_USER: Message = {"User": {"byName": _plain("name", "input"), "byId": None}}
_OWNER: Message = {"user": _USER, "group": _USER}
_META: Message = {
    **_plain("args", "env", "cwd", "user"),
    "proxy_env": _plain("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"),
    "extraHosts": _plain("Host", "IP"),
    "hostname": None,
    "ulimit": _plain("Name", "Soft", "Hard"),
    **_plain("cgroupParent", "removeMountStubsRecursive", "validExitCodes"),
}
_MOUNT: Message = {
    **_plain("input", "selector", "dest", "output", "readonly", "mountType"),
    "TmpfsOpt": _plain("size"),
    "cacheOpt": _plain("ID", "sharing"),
    "secretOpt": _plain("ID", "uid", "gid", "mode", "optional"),
    "SSHOpt": _plain("ID", "uid", "gid", "mode", "optional"),
    **_plain("resultID", "contentCache"),
}
_COPY: Message = {
    **_plain("src", "dest"),
    "owner": _OWNER,
    **_plain("mode", "followSymlink", "dirCopyContents", "attemptUnpackDockerCompatibility", "createDestPath"),
    **_plain("allowWildcard", "allowEmptyWildcard", "timestamp", "include_patterns", "exclude_patterns"),
    **_plain("alwaysReplaceExistingDestPaths", "modeStr", "required_paths"),
}
_ACTION: Message = {
    "copy": _COPY,
    "mkfile": {**_plain("path", "mode", "data"), "owner": _OWNER, "timestamp": None},
    "mkdir": {**_plain("path", "mode", "makeParents"), "owner": _OWNER, "timestamp": None},
    "rm": _plain("path", "allowNotFound", "allowWildcard"),
}
MESSAGES: Mapping[str, Message] = {
    "exec": {
        "meta": _META,
        "mounts": _MOUNT,
        **_plain("network", "security"),
        "secretenv": _plain("ID", "name", "optional"),
        "cdiDevices": _plain("name", "optional"),
    },
    "source": _plain("identifier", "attrs"),
    "file": {"actions": {**_plain("input", "secondaryInput", "output"), "Action": _ACTION}},
    "build": _plain("builder", "inputs", "attrs"),
    "merge": {"inputs": _plain("input")},
    "diff": {"lower": _plain("input"), "upper": _plain("input")},
    "passthrough": _plain("id", "outputs"),
}
"""The operations that we know whole; one with a field that is not here is one that we don't know."""


def in_order(value: Any, message: Message | None) -> Any:
    """Return a message with its fields in order; raises KeyError for one with a field that is not known."""
    if message is None:
        return value
    if isinstance(value, list):
        return [in_order(one, message) for one in value]
    unknown = value.keys() - message.keys()
    if unknown:
        raise KeyError(min(unknown))
    return {name: in_order(value[name], inside) for name, inside in message.items() if name in value}
