"""Order, place and marks of the table, without a screen."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.ui.table.view import (
    Arrangement,
    Marks,
    Position,
    WantedRows,
    advance,
    arrange,
    follow,
)

Row = tuple[int, int | None]
ROWS = st.lists(
    st.tuples(st.integers(0, 999), st.none() | st.integers(0, 9)), unique_by=lambda row: row[0], max_size=300
)
DIVISORS = st.sampled_from([None, 2, 3, 1000])
HEIGHTS = st.integers(1, 40)


def key_of(row: Row) -> int:
    """Return a row's key."""
    return row[0]


def value_of(row: Row) -> int | None:
    """Return what a row sorts by."""
    return row[1]


SORT_KEYS = st.sampled_from([None, value_of])


def passing(divisor: int | None) -> Callable[[Row], bool] | None:
    """Return a filter that keeps multiples."""
    return None if divisor is None else lambda row: row[0] % divisor == 0


def arranged(wanted: WantedRows[Row], last: Arrangement[Row] | None = None) -> Arrangement[Row]:
    """Take every step."""
    view = advance(arrange(wanted, key_of, last or Arrangement()), 60)
    assert view is not None
    return view


def shown_rows(view: Arrangement[Row]) -> list[Row]:
    """Return the rows in shown order."""
    return [view.row(position) for position in range(len(view.shown))]


@given(ROWS, DIVISORS, st.sampled_from([1, -1]))
def test_sort_and_filter_agree_with_the_plain_way(rows: list[Row], divisor: int | None, direction: int) -> None:
    """Dealing into buckets gives what one stable sort and one filter give, with unknown values last either way."""
    predicate, reverse = passing(divisor), direction < 0
    view = arranged(WantedRows(tuple(rows), value_of, reverse, predicate))
    known = sorted((row for row in rows if row[1] is not None), key=lambda row: row[1] or 0, reverse=reverse)
    plain = [*known, *(row for row in rows if row[1] is None)]
    assert shown_rows(view) == [row for row in plain if predicate is None or predicate(row)]


def test_a_long_sort_is_right_and_never_one_long_step() -> None:
    """20,000 rows sort as Python sorts them, in hundreds of steps."""
    rows: tuple[Row, ...] = tuple((at, at * 7919 % 20_011) for at in range(20_000))
    steps = arrange(WantedRows(rows, value_of), key_of, Arrangement())
    count = 0
    while (view := advance(steps, 0.0005)) is None:
        count += 1
    assert shown_rows(view) == sorted(rows, key=lambda row: row[1] or 0)
    assert count > 1


@given(ROWS, DIVISORS, DIVISORS, SORT_KEYS)
def test_reusing_the_last_answer_changes_nothing(
    rows: list[Row], before: int | None, after: int | None, sort_key: Callable[[Row], int | None] | None
) -> None:
    """A new filter over the same rows gives the same view whether or not earlier work is reused."""
    same = tuple(rows)
    last = arranged(WantedRows(same, sort_key, predicate=passing(before)))
    wanted = WantedRows(same, sort_key, predicate=passing(after))
    assert shown_rows(arranged(wanted, last)) == shown_rows(arranged(wanted))


@given(ROWS, ROWS, DIVISORS, st.integers(0, 300), st.integers(0, 300), HEIGHTS)
def test_the_cursor_follows_its_key_and_stays_on_its_line(
    rows: list[Row], fresh: list[Row], divisor: int | None, cursor: int, top: int, height: int
) -> None:
    """After any swap the place is valid; a key still shown keeps the cursor and, but for the ends, its line."""
    before = arranged(WantedRows(tuple(rows)))
    after = arranged(WantedRows(tuple(fresh), value_of, predicate=passing(divisor)))
    count = len(before.shown)
    cursor = min(cursor, max(0, count - 1))
    place = Position(cursor, min(top, max(0, count - height)))
    key = before.key(cursor)
    new = follow(place, key, before, after, height)
    left = len(after.shown)
    assert 0 <= new.cursor <= max(0, left - 1)
    assert 0 <= new.top <= max(0, left - height)
    found = after.position(key)
    assert new.cursor == (min(cursor, max(0, left - 1)) if found is None else found)
    line = place.cursor - place.top
    if 0 <= line < height and 0 < new.top < left - height:
        assert new.cursor - new.top == line


@given(ROWS, st.integers(0, 300), HEIGHTS)
def test_a_refresh_with_the_same_rows_moves_nothing(rows: list[Row], top: int, height: int) -> None:
    """Swapping rows for equal ones leaves cursor and scroll where they were."""
    before, after = arranged(WantedRows(tuple(rows))), arranged(WantedRows((*rows,)))
    place = Position(min(len(rows) // 2, max(0, len(rows) - 1)), min(top, max(0, len(rows) - height)))
    assert follow(place, before.key(place.cursor), before, after, height) == place


@given(st.integers(0, 200), st.integers(0, 200), st.integers(-300, 500), st.integers(1, 300), HEIGHTS)
def test_a_moved_cursor_is_in_sight(cursor: int, top: int, to: int, count: int, height: int) -> None:
    """Wherever the cursor is sent it lands on a row, and that row is on the screen."""
    place = Position(cursor, top).moved(to, count, height)
    assert 0 <= place.cursor < count
    assert place.top <= place.cursor < place.top + height


def test_equal_keys_survive() -> None:
    """Two rows with one key are both shown, and the key means the first."""
    view = arranged(WantedRows(((1, 5), (2, 6), (1, 7))))
    assert len(view.shown) == 3
    assert view.position(1) == 0


@given(st.frozensets(st.integers(0, 20)), st.integers(0, 20), st.lists(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_marks(keys: frozenset[int], key: int, span: list[int], known: set[int]) -> None:
    """A toggle undoes itself, a range adds exactly its span and can shrink again, and vanished keys are forgotten."""
    marks = Marks(keys)
    assert marks.toggled(key).toggled(key) == marks
    begun = marks.begun(key)
    assert begun.spanning(span).keys == keys | set(span)
    assert begun.spanning(span).spanning([key]).keys == keys | {key}
    assert begun.spanning(span).ended() == Marks(keys | set(span))
    assert marks.within(known).keys == keys & known
    assert begun.within(known).spanning(()).keys <= known
    assert (begun.within(known).anchor is None) == (key not in known)
