"""What buildx asks the frontend for, by its own options."""

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.frontend_options import frontend_options
from dockcache_tui.core.errors import UsageError

ASKED = {
    "--platform=linux/amd64,linux/arm64": {"platform": "linux/amd64,linux/arm64"},
    "--platform linux/amd64 --platform linux/386": {"platform": "linux/amd64,linux/386"},
    "--target late": {"target": "late"},
    "--build-arg A=1 --build-arg=B --build-arg C": {"build-arg:A": "1", "build-arg:B": "of the environment"},
    "--label a=b --label c": {"label:a": "b", "label:c": ""},
    "--no-cache-filter one --no-cache-filter=two": {"no-cache": "one,two"},
    "--no-cache --no-cache-filter one": {"no-cache": ""},
    "--add-host h:1.2.3.4,i=host-gateway": {"add-hosts": "h=1.2.3.4,i=127.0.0.1"},
    "--network=host": {"force-network-mode": "host"},
    "--network=default": {},
    "--shm-size=64m": {"shm-size": "67108864"},
    "--shm-size 1GiB": {"shm-size": "1073741824"},
    "--ulimit nofile=1024 --ulimit nproc=1:2": {"ulimit": "nofile=1024:1024,nproc=1:2"},
    "--cgroup-parent=/x": {"cgroup-parent": "/x"},
    "--pull": {"image-resolve-mode": "pull"},
    "--pull=false": {},
    "--build-context other=docker-image://busybox:v2": {"context:other": "docker-image://busybox:v2"},
    "--build-context other=../lib": {},
    "--secret id=a,src=f --ssh default -t one -o type=docker --load --provenance=false -q": {},
}


@pytest.mark.parametrize("words", ASKED)
def test_words(words: str) -> None:
    """Each option of buildx asks for what it says, and those that change no step for nothing."""
    spec = BuildSpec("/p", extra=tuple(words.split()))
    assert frontend_options(spec, {"B": "of the environment"}, "remote").options == ASKED[words]


def test_a_spec() -> None:
    """What a spec says is asked for too, and so is what the environment says."""
    spec = BuildSpec("/p", target="t", build_args=(("A", "1"), ("B", None), ("C", None)), no_cache=True)
    environment = {"B": "2", "SOURCE_DATE_EPOCH": "7", "DOCKER_DEFAULT_PLATFORM": "linux/386"}
    assert frontend_options(spec, environment, "docker").options == {
        "target": "t",
        "platform": "linux/386",
        "no-cache": "",
        "image-resolve-mode": "local",
        "build-arg:SOURCE_DATE_EPOCH": "7",
        "build-arg:A": "1",
        "build-arg:B": "2",
    }


def test_proxies() -> None:
    """The proxies of docker's configuration are arguments of each build, unless it is given others."""
    spec = BuildSpec("/p", build_args=(("http_proxy", "mine"),))
    proxies = {"HTTP_PROXY": "theirs", "NO_PROXY": "local"}
    assert frontend_options(spec, {}, "remote", proxies).options == {
        "build-arg:http_proxy": "mine",
        "build-arg:NO_PROXY": "local",
    }


def test_folders_and_caches() -> None:
    """Named contexts that are folders are told apart from those that are elsewhere, and caches are told of."""
    words = ("--build-context", "a:latest=x", "--build-context=b=https://example.invalid/x.git", "--cache-from=c")
    told = frontend_options(BuildSpec("/p", extra=words, cache_from=("d",)), {}, "remote")
    assert sorted(told.folders) == ["a"]
    assert told.cache_from == ("d", "c")
    assert told.options == {"context:b": "https://example.invalid/x.git"}


@pytest.mark.parametrize("words", ["--unheard-of", "--file other", "--shm-size=big", "--target", "path"])
def test_unknown_words(words: str) -> None:
    """Nothing is asked for where an option may change steps in a way that we don't know."""
    with pytest.raises(UsageError):
        frontend_options(BuildSpec("/p", extra=tuple(words.split())), {}, "remote")
