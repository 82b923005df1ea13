"""Several machines on one key, in virtual time: real budgets, a server that counts as the emulator does."""

from __future__ import annotations

import pytest

from tests.client.many_machines import Outcome, run


def test_one_machine_bursts_and_is_never_refused() -> None:
    alone = run([180])
    assert alone.refused.total() == 0
    assert sum(1 for at, _ in alone.sent if at < 10) == 90
    assert max(alone.finished.values()) < 80


@pytest.mark.parametrize(
    ("machines", "headers", "most_refused"),
    [(2, True, 0.02), (2, False, 0.06), (3, True, 0.04), (5, True, 0.06), (5, False, 0.12), (10, True, 0.12)],
)
def test_machines_share_a_key_with_few_refusals_and_get_done(machines: int, headers: bool, most_refused: float) -> None:
    requests = 600 // machines
    done = run([requests] * machines, headers=headers)
    assert len(done.sent) == 600
    assert done.refused.total() <= 600 * most_refused
    # No request is refused for so long that its operation would be given up.
    assert done.longest_s < 120
    assert is_fair(done)
    # Five windows are the least that the server's limit allows.
    assert max(done.finished.values()) < 2 * 5 * 60


def test_a_machine_gets_its_pace_back_when_the_others_are_done() -> None:
    done = run([400, 30], headers=False)
    assert done.refused[0] > 0
    # The last window's worth of requests goes out as fast as if nobody else had ever been there.
    last = [at for at, machine in done.sent if machine == 0][-90:]
    assert last[-1] - last[0] < 65


def is_fair(done: Outcome) -> bool:
    equal = 1 / len(done.finished)
    return all(equal * 0.5 <= share <= equal * 2 for share in done.shares().values())
