"""What is repeated of the last build, what beats it, and how it is taken back."""

from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.next_build import (
    Given,
    argument_words,
    reads_stdin,
    remembered,
    repeated,
    with_arguments,
)
from dockcache_tui.core.errors import UsageError

LAST = BuildSpec(
    "/p", builder="b", target="t", build_args=(("A", "1"), ("B", None)), cache_from=("f",), cache_to=("t",),
    no_cache=True, extra=("--pull",),
)  # fmt: skip


def test_all_but_no_cache_is_repeated() -> None:
    """Everything sticks, except what was said to hold for one build."""
    assert repeated(LAST, {"PATH": "/bin", "BUILDX_BUILDER": ""}) == replace(LAST, no_cache=False)


def test_the_environment_beats_what_is_remembered() -> None:
    """BUILDX_BUILDER takes the builder's place, and docker's own file variables the files of their kind alone."""
    assert repeated(LAST, {"BUILDX_BUILDER": "e"}).builder == ""
    compose = replace(LAST, kind="compose", file="a.yaml", more_files=("b.yaml",))
    bake = replace(compose, kind="bake")
    for variable, beaten, kept in (("COMPOSE_FILE", compose, bake), ("BUILDX_BAKE_FILE", bake, compose)):
        now = repeated(beaten, {variable: "c"})
        assert (now.file, now.more_files, now.target) == ("", (), "t")
        for other in (kept, LAST):
            assert repeated(other, {variable: "c"}) == replace(other, no_cache=False)


def test_what_the_environment_chose_is_not_remembered() -> None:
    """A variable set for one build takes nothing away: builder and files stay what they were, but for a flag."""
    environment = {"BUILDX_BUILDER": "e", "BUILDX_BAKE_FILE": "c"}
    last = replace(LAST, kind="bake", file="a.hcl", more_files=("b.hcl",), no_cache=False)
    assert remembered(repeated(last, environment), last, environment) == last
    assert remembered(replace(last, builder="flag", file="x.hcl"), last, environment).builder == "flag"
    for unlike in (None, LAST, replace(last, kind="compose")):
        assert remembered(replace(last, file=""), unlike, environment).file == ""
    assert remembered(replace(last, builder=""), last, {}).builder == ""


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        (("-f", "-"), True), (("--file", "-"), True), (("-f-",), True), (("-f=-",), True), (("--file=-",), True),
        (("--secret", "id=a,src=/dev/stdin"), True), (("--file=/dev/fd/63",), True), (("-f", "/proc/self/fd/0"), True),
        ((), False), (("--pull", "-f", "-x"), False), (("--label", "-f"), False), (("--label", "a=/dev/null"), False),
    ],
)  # fmt: skip
def test_builds_that_read_stdin(words: tuple[str, ...], reads: bool) -> None:  # noqa: FBT001
    """Every way to say stdin is known, and nothing that only looks like one."""
    assert reads_stdin(BuildSpec("/p", extra=words)) is reads


def test_files_that_are_stdin() -> None:
    """A file named `-` is stdin in the first place and in any other."""
    assert reads_stdin(BuildSpec("/p", "-"))
    assert reads_stdin(BuildSpec("/p", "a.hcl", "bake", more_files=("-",)))


def test_build_arguments_change_one_by_one() -> None:
    """An argument changes only itself, NAME takes the environment's value, and `NAME=` and an empty word take back."""
    before = LAST.build_args
    assert with_arguments(before, ["C=2=3"]) == (("A", "1"), ("B", None), ("C", "2=3"))
    assert with_arguments(before, ["A"]) == (("A", None), ("B", None))
    assert with_arguments(before, ["A=", "Z="]) == (("B", None),)
    assert with_arguments(before, ["", "D=4"]) == (("D", "4"),)
    assert argument_words(before) == ("A=1", "B")
    with pytest.raises(UsageError, match="=x"):
        with_arguments((), ["=x"])


def test_what_is_not_given_stays() -> None:
    """Nothing given changes nothing, but the cache is used again."""
    assert Given().changing(LAST) == replace(LAST, no_cache=False)


def test_what_is_given_changes_only_itself() -> None:
    """Each option replaces its own part of the spec, and an empty one takes it back."""
    given = {"target": "x", "builder": "y", "cache_from": ("1", "2"), "cache_to": ("3",), "extra": ("--load",)}
    for name, value in given.items():
        assert Given(**{name: value}).changing(LAST) == replace(LAST, no_cache=False, **{name: value})  # type: ignore[arg-type]
    empty = Given("", "", ("",), ("",), ("",), (), no_cache=True)
    assert empty.changing(LAST) == BuildSpec("/p", no_cache=True)
