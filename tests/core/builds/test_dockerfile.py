"""Where the instructions of a Dockerfile begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.dockerfile import read_dockerfile

TEXT = """\
# syntax=docker/dockerfile:1
# escape=`
# The version
ARG Q=1

FROM busybox AS a
# about X

# of it
arg X=1
RUN echo `
  # inside

  two <<EOF <<-"B" `
x $X
FROM nothing
EOF
\ty
\tB
COPY --link --chown=a:b  . .
RUN ["a", "<<EOF"]
RUN echo $((1<<2)) <<<here "not <<this"
ONBUILD RUN cat <<'E'
x\\
E
CMD x"""


def test_lines() -> None:
    """Comments, continued lines, heredocs and directives are told apart, with the lines of each instruction."""
    dockerfile = read_dockerfile(TEXT)
    assert dockerfile
    assert [(one.word, one.above, one.first, one.last) for one in dockerfile.instructions] == [
        ("ARG", 2, 3, 3),
        ("FROM", 5, 5, 5),
        ("ARG", 8, 9, 9),
        ("RUN", 10, 10, 18),
        ("COPY", 19, 19, 19),
        ("RUN", 20, 20, 20),
        ("RUN", 21, 21, 21),
        ("ONBUILD", 22, 22, 24),
        ("CMD", 25, 25, 25),
    ]
    copy = dockerfile.instructions[4]
    assert (copy.flags, copy.arguments) == (("--link", "--chown=a:b"), ". .")
    assert dockerfile.at(12) is dockerfile.at(19) is dockerfile.instructions[3]
    assert dockerfile.at(9) is None
    assert dockerfile.stage(copy) == dockerfile.instructions[1:]
    assert dockerfile.stage(dockerfile.instructions[0]) == ()
    assert dockerfile.instructions[3].names("X")
    assert not dockerfile.instructions[3].names("EO")


def test_stages() -> None:
    """Each stage begins with its FROM, and ends before the next."""
    dockerfile = read_dockerfile("FROM a AS one\r\nRUN x \\\r\n y\r\nFROM one\r\nRUN x")
    assert dockerfile
    first, run, second, last = dockerfile.instructions
    assert (dockerfile.stage(run), dockerfile.stage(last)) == ((first, run), (second, last))
    assert (run.rest, run.last) == ("x  y", 2)


def test_unclear() -> None:
    """A Dockerfile of which the end of an instruction can't be told is not read."""
    for text in ("RUN cat <<EOF\nx\n", 'RUN cat <<EOF "\nEOF\n', "RUN cat <<$NAME\n"):
        assert read_dockerfile(f"FROM a\n{text}") is None


@given(st.text(alphabet="FROMaRUN \\\n\r\t#<-E'\"=[`"))
def test_any_text(text: str) -> None:
    """Of any text the instructions stand one below the other, and no line is lost."""
    dockerfile = read_dockerfile(text)
    if dockerfile is None:
        return
    assert "".join(dockerfile.lines) == text
    end = -1
    for one in dockerfile.instructions:
        assert end < one.above <= one.first <= one.last
        assert "".join(dockerfile.lines[one.first : one.last + 1]) == one.text
        end = one.last
