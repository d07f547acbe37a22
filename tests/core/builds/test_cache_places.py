"""Which caches a build was told to read and to write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.cache_places import CachePlace, option_values, places_of, places_read


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("user/app:cache", CachePlace("registry", "user/app:cache")),
        ("docker.io/library/app", CachePlace("registry", "app:latest")),
        ("type=registry,ref=localhost:5000/app", CachePlace("registry", "localhost:5000/app:latest")),
        ("type=registry,ref=r.io/app@sha256:0", CachePlace("registry", "r.io/app@sha256:0")),
        ('"type=local","dest=a,b"', CachePlace("folder", "/work/a,b")),
        ("type=local,src=../x/", CachePlace("folder", "/x")),
        ("type=gha", CachePlace("gha scope", "buildkit")),
        ("TYPE=gha,Scope=app,token=t", CachePlace("gha scope", "app")),
        ("type=s3,bucket=b,secret_access_key=k", CachePlace("s3", "b")),
        ("type=inline", CachePlace("registry", "me/app:latest")),
    ],
)
def test_specs(spec: str, place: CachePlace) -> None:
    """A cache is known by its kind and name, however it is written; what is read is what was written."""
    assert places_of([spec], "/work", ["me/app"]) == (place,)
    assert places_of([place.option], "/") == (place,)


def test_whole() -> None:
    """Only with mode=max are all steps written."""
    specs = ("type=gha,mode=max", "type=gha,mode=min", "type=inline,mode=max")
    assert [place.whole for place in places_of(specs, "/", ["a"])] == [True, False, False]
    assert places_of(["type=inline", "type=local", "", "type=registry"], "/") == ()


def test_what_a_frontend_was_asked() -> None:
    """A build of anybody tells the caches it was to read, in the newer form and in the older one."""
    entries = [
        {"Type": "local", "Attrs": {"digest": "sha256:0", "src": "/c"}},
        {"Type": "gha", "Attrs": {"scope": "x", "token": "t"}},
    ]
    asked = {"cache-imports": json.dumps(entries), "cache-from": "a,b:1"}
    assert [(place.kind, place.name) for place in places_read(asked)] == [
        ("folder", "/c"),
        ("gha scope", "x"),
        ("registry", "a:latest"),
        ("registry", "b:1"),
    ]
    assert places_read({"cache-imports": '{"Type": 1}'}) == ()


def test_options() -> None:
    """The values of an option are found in both forms and by each of its names."""
    words = ("--tag=a", "-t", "b", "--cache-to", "c", "--tag")
    assert list(option_values(words, "-t", "--tag")) == ["a", "b", ""]


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text names at most one cache, and no odd one ends in an error."""
    assert len(places_of([text], "/")) <= 1
    assert isinstance(places_read({"cache-imports": text}), tuple)
