import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.submission.document import Broken, Mapping, Place, Scalar, Sequence, compose
from seatrial.submission.product import read


def test_everything_knows_where_it_stands() -> None:
    root = compose(b"a:\n  - b\n  - 'c'\n")
    assert isinstance(root, Mapping)
    ((key, value),) = root.pairs
    assert isinstance(key, Scalar)
    assert isinstance(value, Sequence)
    assert (key.at, value.items[0].at, value.items[1].at) == (Place(1, 1), Place(2, 5), Place(3, 5))
    assert [item.plain for item in value.items if isinstance(item, Scalar)] == [True, False]


@pytest.mark.parametrize(
    ("text", "line"),
    [(b"a: b: c", 1), (b"a: [\nb\n", 3), (b"a: *x", 1), (b"a: 1\n\tb: 2", 2), (b"a: \xff", 1), (b"\x00", 1)],
)
def test_what_is_broken_says_in_which_line(text: bytes, line: int) -> None:
    with pytest.raises(Broken) as caught:
        compose(text)
    assert caught.value.at.line == line
    assert caught.value.what


def test_only_the_first_document_counts() -> None:
    assert compose(b"a: 1\n---\nb: [") == compose(b"a: 1\n")


@pytest.mark.parametrize("text", [b"", b"# nothing\n"])
def test_nothing_is_nothing(text: bytes) -> None:
    assert compose(text) is None


def test_bombs_do_not_go_off() -> None:
    laughs = b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n".encode() for n in range(1, 9)
    )
    for text in (laughs, b"[" * 5000):
        with pytest.raises(Broken):
            compose(text)


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"# \n?<~1.", max_size=80).map(str.encode)))
def test_whatever_comes_is_read_or_broken(text: bytes) -> None:
    try:
        product = read(compose(text))
    except Broken:
        return
    assert product.entries is not None
