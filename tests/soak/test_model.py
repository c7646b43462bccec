# SPDX-License-Identifier: Apache-2.0
"""The model of the soak by itself, with a clock of the test: what it claims of a session, and that it sees what is wrong."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from model import APP, BOUND, BROWSER, EITHER, IN, LIFE, LINGER, NEVER, OUT, Contradiction, Model, Session  # noqa: E402


class World:
    """Two hosts, "here" and "there", whose clocks show what the test sets."""

    def __init__(self):
        self.time, self.offset = 100.0, 0.0
        self.model = Model(lambda _host, begun, ended: (begun + min(0, self.offset), ended + max(0, self.offset)), lambda: self.time)

    def wait(self, seconds: float = 1) -> None:
        self.time += seconds

    def sign_in(self, name: str = "a", user: str = "alice", kind: str = BROWSER, expires=(NEVER, NEVER)) -> Session:
        asked = self.time
        self.wait()
        session = Session(name * 66, user, kind, asked, self.time, expires)
        self.model.add(session)
        self.wait()
        return session

    def end(self, session: Session, how: str = "confirm", host: str = "here"):
        operation = self.model.begin(host, lambda each: each is session)
        self.wait()
        getattr(self.model, how)(operation)
        self.wait(0.001)
        return operation

    def must(self, session: Session, host: str = "here", ago: float = 0) -> str:
        """For a request that was sent that long ago, and is answered now."""
        return self.model.verdict(session, host, self.time - ago, self.time)


@pytest.fixture
def world():
    return World()


def test_a_session_must_be_in_until_an_operation_that_may_end_it_is_under_way(world):
    session, other = world.sign_in(), world.sign_in("b")
    assert world.must(session) == IN
    world.model.begin("here", lambda each: each is session)
    world.wait()
    assert world.must(session) == EITHER and world.must(other) == IN


def test_an_end_counts_at_once_on_its_host_and_within_the_bound_on_another(world):
    session = world.sign_in()
    world.end(session)
    assert (world.must(session), world.must(session, "there")) == (OUT, EITHER)
    assert world.must(session, ago=0.5) == EITHER, "sent before the answer"
    world.wait(BOUND)
    assert world.must(session, "there") == OUT
    assert world.must(session, "there", ago=BOUND) == EITHER


def test_a_refused_operation_changes_nothing_and_an_open_one_leaves_a_doubt(world):
    session = world.sign_in()
    world.end(session, "refuse")
    assert world.must(session) == IN
    world.end(session, "leave_open")
    world.wait(1000)
    assert world.must(session) == EITHER


def test_a_session_that_was_seen_to_have_ended_does_not_live_again(world):
    session = world.sign_in()
    world.end(session, "leave_open")
    world.model.judge(session, "there", world.time, world.time, IN, "a page")
    world.model.judge(session, "there", world.time, world.time, OUT, "a page")
    world.wait(BOUND + 0.1)
    with pytest.raises(Contradiction, match="must be out(.|\n)*its last steps"):
        world.model.judge(session, "here", world.time, world.time, IN, "a page")


def test_a_session_that_is_out_and_must_be_in_is_a_contradiction(world):
    session = world.sign_in()
    with pytest.raises(Contradiction, match=session.id):
        world.model.judge(session, "here", world.time, world.time, OUT, "a page")


@pytest.mark.parametrize("how, later, must", [("confirm", 1, IN), ("leave_open", 1, EITHER), ("leave_open", LINGER + 1, IN)])
def test_an_operation_on_all_sessions_meets_those_that_begin_meanwhile_or_while_it_may_still_be_done(world, how, later, must):
    before = world.sign_in()
    operation = world.model.begin("here", lambda each: each.user == "alice")
    meanwhile, bobs = world.sign_in("m"), world.sign_in("b", "bob")
    getattr(world.model, how)(operation)
    world.wait(later)
    after = world.sign_in("z")
    assert world.must(before) == (OUT if how == "confirm" else EITHER)
    assert (world.must(meanwhile), world.must(after), world.must(bobs)) == (EITHER, must, IN)


def test_a_session_expires_by_the_clock_of_the_host_and_may_be_deleted_then(world):
    session = world.sign_in(expires=(200, 210))
    assert world.must(session) == IN
    world.offset = 150
    assert world.must(session) == EITHER
    world.offset = 0
    world.time = 205
    assert world.must(session) == EITHER
    world.time = 211
    assert world.must(session) == OUT


def test_what_has_expired_is_not_ended_and_may_live_again_when_the_clock_is_set_back(world):
    session = world.sign_in(expires=(200, 210))
    world.offset = 150
    world.end(session)
    assert world.must(session) == EITHER
    world.offset = 0
    assert world.must(session) == EITHER


def restored(world, between) -> None:
    copy = world.model.copy_begins()
    world.wait()
    world.model.copy_ends(copy)
    world.wait()
    between()
    world.wait()
    world.model.restore_begins()
    world.wait()
    world.model.restore_ends(copy)


def test_a_restored_copy_brings_sessions_back_and_loses_others(world):
    kept, ended, over, doubtful = (world.sign_in(name, kind=APP) for name in "keod")
    world.end(over)
    world.end(doubtful, "leave_open")
    begun = []
    restored(world, lambda: (world.end(ended), begun.append(world.sign_in("b"))))
    assert [world.must(each) for each in (kept, ended, over, doubtful, *begun)] == [EITHER] * 5, "nothing is claimed at first"
    world.wait(2 * BOUND)
    assert [world.must(each) for each in (kept, ended, over, doubtful, *begun)] == [IN, IN, OUT, EITHER, EITHER]
    world.wait(LIFE)
    assert world.must(begun[0]) == OUT


def test_a_session_whose_row_a_restore_has_lost_may_live_on_elsewhere_for_the_life_of_a_cached_row(world):
    begun = []
    restored(world, lambda: begun.append(world.sign_in("b")))
    world.wait(2 * BOUND)
    world.model.judge(begun[0], "here", world.time, world.time, OUT, "a page")
    world.wait(2 * BOUND)
    assert world.must(begun[0], "there") == EITHER
    world.wait(LIFE)
    assert world.must(begun[0], "there") == OUT


def test_after_a_restore_with_all_ended_every_session_is_over_at_once(world):
    session = world.sign_in()
    world.model.restore_begins()
    world.wait()
    world.model.all_over()
    world.wait(0.001)
    later = world.sign_in("b")
    assert (world.must(session), world.must(session, "there"), world.must(later)) == (OUT, OUT, IN)


def test_what_is_forgotten_is_known_to_be_so(world):
    session, other = world.sign_in(), world.sign_in("b")
    world.end(session)
    world.wait(100)
    world.model.forget(50)
    assert list(world.model.sessions) == [other.id] and world.model.forgotten == {session.id}
