"""How slots are shared."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from search.service.sharing import Claim, shares


def claim(
    study: str, owner: str = "anna", priority: int = 0, most: int = 8, has: int = 0, since: float = 0.0
) -> Claim:
    return Claim(study, owner, priority, most, has, since)


def test_one_study_gets_all_that_it_can_use() -> None:
    assert shares([claim("a", most=3)], 8) == {"a": 3}
    assert shares([claim("a", most=30)], 8) == {"a": 8}


def test_studies_of_one_owner_share_alike() -> None:
    assert shares([claim("a"), claim("b", since=1.0)], 8) == {"a": 4, "b": 4}


def test_two_owners_share_alike_however_many_studies_they_have() -> None:
    many = [claim(f"a{n}", since=n) for n in range(3)]
    assert shares([*many, claim("b", "ben", since=9.0)], 8) == {"a0": 2, "a1": 1, "a2": 1, "b": 4}


def test_each_owners_first_study_comes_before_anybodys_second() -> None:
    running = [claim("a0", has=1), claim("a1", has=1, since=1.0)]
    assert shares([*running, claim("b", "ben", since=2.0)], 2) == {"a0": 1, "a1": 0, "b": 1}


def test_what_runs_keeps_its_slot_against_what_has_the_same_right() -> None:
    assert shares([claim("a", since=5.0, has=1), claim("b", "ben", since=1.0)], 1) == {"a": 1, "b": 0}


def test_a_higher_priority_comes_first() -> None:
    assert shares([claim("a", has=1), claim("b", "ben", priority=1)], 1) == {"a": 0, "b": 1}
    assert shares([claim("a", has=4), claim("b", "ben", priority=1)], 4) == {"a": 1, "b": 3}


CLAIMS = st.lists(
    st.builds(
        Claim,
        study=st.text("abcdefgh", min_size=1, max_size=3),
        owner=st.sampled_from(["anna", "ben", "chris"]),
        priority=st.integers(-1, 1),
        most=st.integers(1, 6),
        has=st.integers(0, 2),
        since=st.floats(0, 10),
    ),
    max_size=12,
    unique_by=lambda one: one.study,
)


@given(CLAIMS, st.integers(1, 12))
def test_no_slot_is_given_twice_kept_back_or_taken_from_who_comes_first(
    claims: list[Claim], slots: int
) -> None:
    given_ = shares(claims, slots)
    assert given_.keys() == {one.study for one in claims}
    assert all(0 <= given_[one.study] <= one.most for one in claims)
    assert sum(given_.values()) == min(slots, sum(one.most for one in claims))
    for one in claims:
        for other in claims:
            if one.priority > other.priority and given_[one.study] == 0:
                assert given_[other.study] == 0
    # Fair: nobody waits with a study while another of the same priority has two that run.
    for priority in {one.priority for one in claims}:
        level = [one for one in claims if one.priority == priority]
        have = Counter(one.owner for one in level if given_[one.study])
        waiting = {one.owner for one in level if not given_[one.study]}
        assert all(have[owner] >= max(have.values(), default=0) - 1 for owner in waiting)
