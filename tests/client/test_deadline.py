from __future__ import annotations

import pytest

from flireo_iac.client.deadline import allowing, deadline


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def test_each_request_has_the_time_of_the_settings(clock: list[float]) -> None:
    for _ in range(3):
        with deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
            assert end.remaining_s == 120
            clock[0] += 70


def test_the_requests_of_an_operation_share_its_own_time_and_queueing_does_not_count(clock: list[float]) -> None:
    with allowing(10):
        with deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
            clock[0] += 4
        clock[0] += 1000  # between two requests, such as for another thread that reads the same list
        with deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
            assert end.remaining_s == 6
            clock[0] += 300
            end.extend(300)
            assert end.remaining_s == 6
            clock[0] += 7
        with deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
            assert end.remaining_s == 0
    with allowing(0), deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
        assert end.remaining_s == 120


@pytest.mark.parametrize(("is_repeatable", "left_s"), [(False, 10), (True, 1)])
def test_what_became_of_a_lost_create_has_the_whole_time_again(
    clock: list[float], is_repeatable: bool, left_s: float
) -> None:
    def fail() -> None:
        with deadline(120, clock=lambda: clock[0], is_repeatable=is_repeatable):
            clock[0] += 9
            raise ConnectionError

    with allowing(10):
        with pytest.raises(ConnectionError):
            fail()
        with deadline(120, clock=lambda: clock[0], is_repeatable=True) as end:
            assert end.remaining_s == left_s
