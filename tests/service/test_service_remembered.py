"""What is remembered, and for how long."""

from __future__ import annotations

from search.service.remembered import Remembered


def test_a_value_is_found_out_anew_when_it_is_old_or_made_of_something_else() -> None:
    now, found = 0.0, iter(range(10))
    remembered = Remembered[int](lambda value: 2.0 if value else 5.0, lambda: now)

    def get(of: object = "a", name: str = "x") -> int:
        return remembered.get(name, of, lambda: next(found))

    assert [get(), get(), get(name="y"), get()] == [0, 0, 1, 0]
    now = 4.9
    assert [get(), get(name="y")] == [0, 2]
    now = 5.0
    assert [get(), get()] == [3, 3]
    assert [get("b"), get("b")] == [4, 4]
