"""Who has ended, of processes that nobody told of."""

from __future__ import annotations

import os
import subprocess
import time

from app.session.living import Living


def test_a_process_is_there_until_it_has_ended() -> None:
    now = 0.0
    living = Living(clock=lambda: now)
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        seen = time.time_ns()
        assert not living.has_ended(child.pid, seen)
        child.kill()
        child.wait()
        assert not living.has_ended(child.pid, seen), "not looked at twice in a second"
        now = 2.0
        assert living.has_ended(child.pid, seen)


def test_a_number_that_was_given_again_is_another_process() -> None:
    an_hour = 3600 * 1_000_000_000
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        assert Living().has_ended(child.pid, time.time_ns() - an_hour)
        child.kill()


def test_who_may_not_be_asked_is_there() -> None:
    assert not Living().has_ended(1, time.time_ns())
    assert not Living().has_ended(os.getpid(), time.time_ns())
    assert not Living(is_there=lambda _pid: True).has_ended(2**22 + 1, time.time_ns())


def test_what_nobody_asks_about_any_more_is_forgotten() -> None:
    looks: list[int] = []

    def is_there(pid: int) -> bool:
        looks.append(pid)
        return False

    living = Living(is_there=is_there)
    for pid in range(5000):
        assert living.has_ended(pid, 0)
    assert len(looks) == 5000
    assert len(living._known) < 5000
