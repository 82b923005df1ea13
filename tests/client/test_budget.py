from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flireo_iac.client import FlireoApi
from flireo_iac.client.budget import WINDOW_S, Budget, budget_path
from flireo_iac.client.hints import Quota
from flireo_iac.client.pace import SLOWEST, Pace
from flireo_iac.client.schedule import SCHEMA, Schedule
from flireo_iac.kinds import KINDS
from flireo_iac.settings import Settings
from flireo_iac.waits import wait_text
from tests.client.scripted import Scripted, reply

TAKER = """
import os, sys, threading, time
from pathlib import Path
from flireo_iac.client.budget import Budget
path, limit, window_s, threads, turns = sys.argv[1:]
budget = Budget(Path(path), int(limit), window_s=float(window_s))
def take():
    for _ in range(int(turns)):
        budget.take()
        os.write(1, f"{time.monotonic()}\\n".encode())
started = [threading.Thread(target=take) for _ in range(int(threads))]
for thread in started: thread.start()
for thread in started: thread.join()
budget.close()
"""


def start(path: Path, limit: int, window_s: float, threads: int, turns: int) -> subprocess.Popen[str]:
    arguments = [str(path), str(limit), str(window_s), str(threads), str(turns)]
    return subprocess.Popen([sys.executable, "-c", TAKER, *arguments], stdout=subprocess.PIPE, text=True)


def most_in_a_window(moments: list[float], window_s: float) -> int:
    moments = sorted(moments)
    return max(sum(1 for other in moments if first <= other < first + window_s) for first in moments)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.just(0.0)),
        st.tuples(st.just("pass"), st.floats(0, 90)),
        st.tuples(st.just("refuse"), st.floats(-5, 500)),
        st.tuples(st.just("hear"), st.integers(0, 5)),
    ),
    max_size=60,
)


@given(limit=st.integers(1, 40), steps=steps)
def test_no_window_holds_more_turns_than_the_limit_and_no_pause_holds_one(
    limit: int, steps: list[tuple[str, float]]
) -> None:
    clock = Clock()
    budget = Budget(None, limit, sleep=clock.sleep, clock=clock)
    turns = [budget.take()]
    open_from, until, left = 0.0, 0.0, 0
    for step, value in steps:
        if step == "take":
            before = clock.now
            turns.append(budget.take())
            assert turns[-1].waited_s == pytest.approx(clock.now - before)
            assert clock.now >= open_from
            if clock.now < until:
                left -= 1
                assert left >= 0, "more requests than the server has left in its window"
        elif step == "pass":
            clock.now += value
        elif step == "refuse":
            budget.refused(turns[-1], value, "test")
            open_from = max(open_from, clock.now + min(value, 120))
        elif clock.now >= until:
            left, until = int(value), clock.now + 30
            budget.heard(turns[-1], Quota(0, left, until, 30))
            if left >= limit:
                until = 0.0
    budget.close()
    moments = [turn.at for turn in turns]
    assert moments == sorted(moments)
    for first in moments:
        assert sum(1 for other in moments if first <= other < first + WINDOW_S - 1e-6) <= limit


@given(limit=st.integers(1, 5), pauses=st.lists(st.floats(0, 90), max_size=30))
def test_without_a_word_of_the_server_nobody_waits_longer_than_the_window_asks(limit: int, pauses: list[float]) -> None:
    clock = Clock()
    budget = Budget(None, limit, sleep=clock.sleep, clock=clock)
    turns: list[float] = []
    for seconds in pauses:
        earliest = turns[-limit] + WINDOW_S if len(turns) >= limit else 0.0
        expected = max(clock.now, earliest)
        budget.take()
        assert clock.now == pytest.approx(expected)
        turns.append(clock.now)
        clock.now += seconds
    budget.close()


@given(
    steps=st.lists(st.tuples(st.floats(0, 400), st.booleans(), st.floats(0, 120)), max_size=40),
    limit=st.integers(1, 100),
)
def test_the_pace_stays_within_its_bounds_and_one_burst_of_refusals_cuts_it_once(
    steps: list[tuple[float, bool, float]], limit: int
) -> None:
    now, pace = 1000.0, Pace()
    for seconds, is_refused, wait_s in steps:
        before = pace.factor_at(now, WINDOW_S)
        now += seconds
        assert pace.factor_at(now, WINDOW_S) >= before
        if is_refused and now > pace.since:
            expected = max(SLOWEST, pace.factor_at(now, WINDOW_S) / 2)
            pace = pace.refused(now, now, now + wait_s, WINDOW_S)
            assert pace.factor_at(now, WINDOW_S) == expected
            assert pace.refused(now, now + 0.1, now + 5, WINDOW_S) == pace
        assert SLOWEST <= pace.factor_at(now, WINDOW_S) <= 1
        assert 1 <= pace.limit_at(limit, now, WINDOW_S) <= limit
    assert pace.limit_at(limit, now + 120 + 5 * WINDOW_S, WINDOW_S) == limit


events = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.just(0.0)),
        st.tuples(st.just("pass"), st.floats(0, 30)),
        st.tuples(st.just("pause"), st.floats(0, 60)),
        st.tuples(st.just("slow"), st.floats(0, 30)),
        st.tuples(st.just("keep"), st.integers(0, 8)),
    ),
    max_size=60,
)


@example(limit=20, events=[("keep", 0), ("add", 0), ("pass", 1), ("keep", 5)])
@given(limit=st.integers(1, 20), events=events)
def test_the_queue_keeps_its_order_and_nothing_in_it_moves_to_an_earlier_time(
    limit: int, events: list[tuple[str, float]]
) -> None:
    file = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        file.execute(statement)
    now, planned = 1000.0, {}
    for event, value in events:
        schedule = Schedule(file, limit, WINDOW_S, now)
        if event == "add":
            turn = schedule.add()
            planned[turn.id] = turn.at
        elif event == "pass":
            now += value
        elif event == "pause":
            end = schedule.pause(value, "test")
            assert not [at for at in waiting(file, now) if at < end]
        elif event == "slow":
            schedule.slow_down(now, now + value)
        else:
            counted = max((id_ for id_, at in planned.items() if at <= now), default=0)
            schedule.keep_within(counted, 0, int(value), now + 20, now + 20)
            assert sum(1 for at in waiting(file, now) if at < now + 20) <= value
        rows = file.execute("SELECT id, at FROM turn ORDER BY id").fetchall()
        assert [at for _, at in rows] == sorted(at for _, at in rows)
        for id_, at in rows:
            assert at >= planned[id_]
            planned[id_] = at
    every = sorted(planned.values())
    assert all(later - first >= WINDOW_S - 1e-6 for first, later in zip(every, every[limit:], strict=False))
    file.close()


def waiting(file: sqlite3.Connection, now: float) -> list[float]:
    return [at for (at,) in file.execute("SELECT at FROM turn WHERE at > ?", (now,))]


def test_a_process_that_came_first_leaves_the_others_their_part(tmp_path: Path) -> None:
    clock = Clock()
    first, second = (
        Budget(tmp_path / "b" / "b.sqlite", 10, clock=clock, sleep=clock.sleep, process=name) for name in ("1", "2")
    )
    assert not any(first.take().waited_s for _ in range(10))
    # The second has to wait for the window. Then the first may have 6 of its 10 turns, and waits for its old ones.
    assert second.take().waited_s == WINDOW_S
    assert not any(first.take().waited_s for _ in range(6))
    assert first.take().waited_s == pytest.approx(_about(WINDOW_S))
    first.close()
    second.close()


def _about(window_s: float) -> float:
    """Give when the other is no longer about, as it is seen: at whole seconds."""
    return math.ceil(window_s / 4)


@given(order=st.permutations(range(16)), burst=st.integers(16, 60))
def test_answers_out_of_order_are_no_sign_of_other_machines(order: list[int], burst: int) -> None:
    clock = Clock()
    budget = Budget(None, 90, sleep=clock.sleep, clock=clock)
    turns = [budget.take() for _ in range(burst)]
    # Sixteen requests under way: the server counted them in another order than that of their turns.
    for used, index in enumerate(order, burst - 16 + 1):
        budget.heard(turns[burst - 16 + index], Quota(used, 100 - used, 1060, 60))
    waits = [budget.take().waited_s for _ in range(80 - burst)]
    assert not any(waits)
    budget.close()


def test_what_others_use_is_noticed_and_the_rest_is_spread_over_the_window() -> None:
    clock = Clock()
    budget = Budget(None, 90, sleep=clock.sleep, clock=clock)
    turn = [budget.take() for _ in range(5)][-1]
    budget.heard(turn, Quota(60, 40, 1060, 40))
    waits = [budget.take().waited_s for _ in range(20)]
    assert waits == pytest.approx([1.0] * 20)
    # Two windows without others, and it bursts again.
    clock.now += 3 * WINDOW_S
    assert not any(budget.take().waited_s for _ in range(90))
    budget.close()


def test_the_pace_is_halved_and_comes_back_in_small_steps() -> None:
    pace = Pace().refused(1000, 1001, 1040, 60)
    limits = [pace.limit_at(90, 1040 + seconds, 60) for seconds in (-20, 0, 14, 15, 30, 60, 149, 150, 1000)]
    assert limits == [45, 45, 45, 49, 54, 63, 85, 90, 90]


def test_processes_and_their_threads_share_one_budget(tmp_path: Path) -> None:
    path = tmp_path / "state" / "budget" / "b.sqlite"
    began = time.monotonic()
    takers = [start(path, limit=10, window_s=1.0, threads=4, turns=3) for _ in range(3)]
    moments = [float(line) for taker in takers for line in taker.communicate(timeout=60)[0].splitlines()]
    assert [taker.returncode for taker in takers] == [0, 0, 0]
    assert len(moments) == 36
    # What is seen is when a thread went on, some milliseconds after its turn.
    assert most_in_a_window(moments, 0.7) <= 10
    assert max(moments) - min(moments) >= 2.7
    assert max(moments) - began < 20


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "state" / "budget" / "b.sqlite"
    taker = start(path, limit=100_000, window_s=60, threads=4, turns=1_000_000)
    assert taker.stdout is not None
    for _ in range(50):
        assert taker.stdout.readline()
    os.kill(taker.pid, signal.SIGKILL)
    taker.communicate(timeout=10)
    budget = Budget(path, 100_000)
    began = time.monotonic()
    budget.take()
    assert time.monotonic() - began < 1
    held = sqlite3.connect(path)
    assert held.execute("SELECT count(*) FROM turn").fetchone()[0] >= 50
    held.close()
    budget.close()


def test_a_waiter_that_is_killed_holds_nobody_for_longer_than_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "state" / "budget" / "b.sqlite"
    taker = start(path, limit=1, window_s=1.0, threads=1, turns=50)
    assert taker.stdout is not None
    assert taker.stdout.readline()
    os.kill(taker.pid, signal.SIGKILL)
    taker.communicate(timeout=10)
    budget = Budget(path, 1, window_s=1.0)
    assert budget.take().waited_s < 2.2
    budget.close()


IN_TRANSACTION = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("PRAGMA cache_size = 1")
held.execute("BEGIN IMMEDIATE")
held.executemany("INSERT INTO turn (at, reason, process) VALUES (?, 'x', 'x')", [(time.monotonic() + 50,)] * 20_000)
print("inside", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_killed_within_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    budget = Budget(path, 2)
    budget.take()
    process = subprocess.Popen([sys.executable, "-c", IN_TRANSACTION, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    waiter = threading.Thread(target=budget.take)
    waiter.start()
    process.kill()
    process.communicate(timeout=10)
    waiter.join(timeout=30)
    assert not waiter.is_alive(), "the killed process still holds the file"
    budget.close()
    held = sqlite3.connect(path)
    assert held.execute("SELECT count(*) FROM turn").fetchone() == (2,)
    held.close()


def test_waiters_that_are_killed_hold_back_no_more_than_their_own_turns(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    taker = start(path, limit=4, window_s=1.0, threads=8, turns=50)
    assert taker.stdout is not None
    for _ in range(4):
        assert taker.stdout.readline()
    os.kill(taker.pid, signal.SIGKILL)
    taker.communicate(timeout=10)
    clock = Clock()
    clock.now = time.monotonic()
    budget = Budget(path, 4, window_s=1.0, clock=clock, sleep=clock.sleep)
    # Eight at most were waiting, four of them in each window.
    assert budget.take().waited_s <= 4.0
    budget.close()


def test_a_wall_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall = Clock(), [1.8e9]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    path = tmp_path / "b" / "b.sqlite"
    waits = []
    for jump_s in (0, 86_400 * 365, -2 * 86_400 * 365, 3_600):
        wall[0] += jump_s
        # A new process each time: what it does first is sweep.
        budget = Budget(path, 2, clock=clock, sleep=clock.sleep)
        waits.append(budget.take().waited_s)
        budget.close()
    assert waits == [0, 0, WINDOW_S, 0]


def test_each_boot_of_a_machine_has_a_budget_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(key="fl_x", state_dir=tmp_path)
    boot = tmp_path / "boot"
    monkeypatch.setattr("flireo_iac.client.budget._BOOT", boot)
    paths = []
    for text in (None, "one", "two", "one"):
        if text is not None:
            boot.write_text(text)
        paths.append(budget_path(settings))
    assert len(set(paths)) == 3
    assert paths[1] == paths[3]


def test_a_wait_says_why_how_long_and_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        assert wait_text("it is late", 75.4) == "it is late: waiting 75 s, until 08:01:15"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_interrupted_waiter_gives_its_turn_back(tmp_path: Path) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "b" / "b.sqlite"
    budget = Budget(path, 1, sleep=interrupted)
    budget.take()
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            budget.take()
    budget.close()
    held = sqlite3.connect(path)
    assert held.execute("SELECT count(*) FROM turn").fetchone() == (1,)
    held.close()


def test_a_pause_reaches_those_who_wait_already(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    ours, theirs = Budget(path, 1, window_s=0.5), Budget(path, 1, window_s=0.5)
    turn = ours.take()
    got: list[float] = []
    waiter = threading.Thread(target=lambda: got.append(ours.take().waited_s))
    waiter.start()
    time.sleep(0.1)
    theirs.refused(turn, 1.2, "test")
    waiter.join()
    assert 1.2 <= got[0] < 2.5
    ours.close()
    theirs.close()


def test_long_waits_are_announced_with_their_reason_before_they_begin(tmp_path: Path) -> None:
    clock = Clock()
    said: list[tuple[str, float, float]] = []
    budget = Budget(
        None,
        2,
        sleep=clock.sleep,
        clock=clock,
        on_wait=lambda reason, seconds: said.append((reason, seconds, clock.now)),
    )
    turns = [budget.take() for _ in range(3)]
    budget.refused(turns[-1], 90, "the server asks for a pause (HTTP 429)")
    budget.take()
    assert said == [
        ("the budget of 2 requests a minute is used up", 62, 1000),
        ("the server asks for a pause (HTTP 429)", 90, 1062),
    ]
    budget.close()


def test_what_a_restart_of_the_machine_left_behind_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    clock = Clock()
    clock.now = 1e6
    before = Budget(path, 1, clock=clock, sleep=clock.sleep)
    before.refused(before.take(), 100, "test")
    before.close()
    clock.now = 10
    after = Budget(path, 1, clock=clock, sleep=clock.sleep)
    assert after.take().waited_s == 0
    turn = after.take()
    assert turn.waited_s == WINDOW_S
    after.refused(turn, 5, "test")
    after.refused(turn, 2, "test")
    clock.now += WINDOW_S + 1
    after.refused(turn, 5, "test")
    assert after.take().waited_s == 5
    after.close()


def test_a_broken_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 500)
    said: list[str] = []
    budget = Budget(path, 1, on_warning=said.append)
    budget.take()
    budget.close()
    assert said == []
    assert path.read_bytes().startswith(b"SQLite format 3")


def test_a_folder_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    clock = Clock()
    said: list[str] = []
    budget = Budget(in_the_way / "budget" / "b.sqlite", 2, on_warning=said.append, clock=clock, sleep=clock.sleep)
    assert [budget.take().waited_s for _ in range(4)] == [0, 0, WINDOW_S, 0]
    assert len(said) == 1
    assert "FLIREO_STATE_DIR" in said[0]
    budget.close()


def put_a_folder_in_its_place(path: Path, budget: Budget) -> None:
    budget.close()
    if path.is_file():
        path.unlink()
        path.mkdir()


def damage(path: Path, budget: Budget) -> None:
    budget.close()
    path.write_bytes(b"this is no database" * 500)


def keep(path: Path, budget: Budget) -> None:
    del path, budget


def waits_of_a_run(path: Path, lose: Callable[[Path, Budget], None]) -> list[float]:
    clock = Clock()
    budget = Budget(path, 4, clock=clock, sleep=clock.sleep)
    turns = [budget.take() for _ in range(4)]
    lose(path, budget)
    foreseen = budget.foresee(1)
    turns += [budget.take() for _ in range(4)]
    budget.refused(turns[-1], 20, "test")
    lose(path, budget)
    turns += [budget.take() for _ in range(3)]
    budget.close()
    return foreseen + [turn.waited_s for turn in turns]


@pytest.mark.parametrize("lose", [put_a_folder_in_its_place, damage])
def test_what_was_sent_and_heard_counts_after_the_file_is_lost(
    tmp_path: Path, lose: Callable[[Path, Budget], None]
) -> None:
    waits = waits_of_a_run(tmp_path / "kept" / "b.sqlite", keep)
    assert waits[:6] == [WINDOW_S, 0, 0, 0, 0, WINDOW_S]
    assert waits_of_a_run(tmp_path / "lost" / "b.sqlite", lose) == waits


def test_who_waits_keeps_his_turn_when_the_file_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "b" / "b.sqlite"

    def sleep(seconds: float) -> None:
        clock.now += seconds
        damage(path, budget)

    budget = Budget(path, 2, clock=clock, sleep=sleep)
    turns = [budget.take() for _ in range(4)]
    assert [turn.waited_s for turn in turns] == [0, 0, WINDOW_S, 0]
    assert len({turn.id for turn in turns}) == 4
    budget.close()


def test_turns_of_several_processes_come_together_in_a_new_file(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "b" / "b.sqlite"
    one, two = (Budget(path, 10, clock=clock, sleep=clock.sleep, process=name) for name in ("one", "two"))
    for budget in (one, two, one, two):
        budget.take()
    damage(path, one)
    two.close()
    one.take()  # would else have the number of a turn of the other one
    two.take()
    assert max(one.foresee(4)) == 0
    assert one.foresee(5)[4] == WINDOW_S
    one.close()
    two.close()


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "b" / "b.sqlite"
    said: list[str] = []
    budget = Budget(path, 100, on_warning=said.append)
    budget.take()
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    budget.take()
    budget.take()
    budget.close()
    assert said == []


def test_the_file_is_private_and_its_name_tells_nothing(tmp_path: Path) -> None:
    settings = Settings(key="fl_live_canary", state_dir=tmp_path / "state")
    path = budget_path(settings)
    old_umask = os.umask(0)
    try:
        budget = Budget(path, 1)
        budget.take()
    finally:
        os.umask(old_umask)
    assert "canary" not in str(path)
    assert budget_path(settings) == path
    assert budget_path(Settings(key="fl_live_other", state_dir=tmp_path / "state")) != path
    assert {oct(each.stat().st_mode & 0o777) for each in path.parent.iterdir()} == {"0o600"}
    assert [oct(each.stat().st_mode & 0o777) for each in (path.parent, path.parent.parent)] == ["0o700", "0o700"]
    assert not any(b"canary" in each.read_bytes() for each in path.parent.iterdir())
    budget.close()


def test_budgets_that_nobody_uses_are_swept(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    for name, age_s in (("v3-old.sqlite", 90_000), ("v3-young.sqlite", 3_600), ("other", 90_000)):
        (folder / name).write_text("")
        os.utime(folder / name, (time.time() - age_s,) * 2)
    budget = Budget(folder / "v3-new.sqlite", 1)
    budget.take()
    budget.close()
    assert {file.name for file in folder.iterdir() if "journal" not in file.name} == {
        "v3-young.sqlite",
        "v3-new.sqlite",
        "other",
    }


def test_a_budget_in_use_is_not_swept_when_the_clock_of_the_files_jumps(tmp_path: Path) -> None:
    path = tmp_path / "v3-used.sqlite"
    used = Budget(path, 1)
    used.take()
    os.utime(path, (time.time() - 200_000,) * 2)
    other = Budget(tmp_path / "v3-new.sqlite", 1)
    other.take()
    other.close()
    assert path.exists()
    used.close()


def test_who_has_a_file_open_that_was_removed_goes_on_in_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    clock = Clock()
    one, two = (Budget(path, 3, clock=clock, sleep=clock.sleep, process="one") for _ in range(2))
    one.take()
    path.unlink()
    two.take()
    one.take()
    assert two.foresee(1) == [WINDOW_S]
    one.close()
    two.close()


def test_a_429_stops_other_processes_too(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    first, second = make_api(server.url), make_api(server.url)
    server.will(reply(429, "", Retry_After="1"), reply(200, {"agents": []}))
    drained = threading.Thread(target=lambda: first.list(KINDS["agent"]))
    drained.start()
    while not server.seen:
        time.sleep(0.01)
    time.sleep(0.1)
    second.list(KINDS["agent"])
    drained.join()
    assert min(seen.at for seen in server.seen[1:]) - server.seen[0].at >= 0.9


def test_a_wait_for_the_own_budget_is_no_failure_of_the_server(server: Scripted, tmp_path: Path) -> None:
    settings = Settings(key="fl_x", base_url=server.url, operation_timeout_s=0.5, state_dir=tmp_path)
    budget = Budget(tmp_path / "b" / "b.sqlite", 1, window_s=1.0)
    server.will(reply(200, {"agents": []}))
    with FlireoApi(settings, budget=budget) as api:
        api.list(KINDS["agent"])
        assert api.list(KINDS["agent"]).is_complete


def test_a_turn_costs_less_than_two_milliseconds(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "b" / "b.sqlite", 100_000)
    budget.take()
    times = []
    for _ in range(500):
        began = time.perf_counter()
        budget.take()
        times.append(time.perf_counter() - began)
    budget.close()
    # The median, because other programs use the machine too.
    assert sorted(times)[250] < 0.002


@given(taken=st.integers(0, 30), number=st.integers(0, 30), limit=st.integers(1, 9))
def test_turns_are_foreseen_as_they_come_and_none_is_taken(taken: int, number: int, limit: int) -> None:
    clock = Clock()
    budget = Budget(None, limit, window_s=10.0, sleep=clock.sleep, clock=clock)
    for _ in range(taken):
        budget.take()
    foreseen = budget.foresee(number)
    assert foreseen == budget.foresee(number)
    began = clock.now
    came = []
    for _ in range(number):
        budget.take()
        came.append(clock.now - began)
    assert foreseen == pytest.approx(came)
