# SPDX-License-Identifier: Apache-2.0
"""Clients that send requests all the time while something happens to the database, and the check of each response."""
from __future__ import annotations

import http.client
import threading
import time

from harness import DEADLINE, PAGE, eventually, get, random_token

WHO = '<Location "/app">\n    Header always set User "expr=%{REMOTE_USER}"\n</Location>\n'  # what the site must have


def settled(ask):
    """The first answer other than 503: after a recovery each child finds out for itself."""
    answers = []
    eventually(lambda: answers.append(ask()) or answers[-1].status != 503, "anything but 503")
    return answers[-1]


class Load:
    """Users with their tokens, and others who must never be let in: with a forged cookie, without any, or `out` by now.

    Users get their page or 503, and keep their cookies; no user ever gets another user's page.
    """

    def __init__(self, server, *, out: str | None = None, times: int = 2, **users: str):
        self.server, self.users, self.going = server, users, True
        cookies = {**users, "forged": random_token(), "nobody": None} | ({"out": out} if out else {})
        self.found: dict[str, dict[int, int]] = {who: {} for who in cookies}
        self.wrong: list[str] = []
        visitors = list(cookies) * times
        self.ended = [0] * len(visitors)  # requests of each
        self.threads = [threading.Thread(target=self._visit, args=(i, who, cookies[who])) for i, who in enumerate(visitors)]

    def _visit(self, number: int, who: str, cookie: str | None) -> None:
        while self.going:
            try:
                answer = get(self.server, "/app/", cookie)
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{who}: {error!r}")
                continue
            finally:
                self.ended[number] += 1
            self.found[who][answer.status] = self.found[who].get(answer.status, 0) + 1
            self._judge(who, answer)
            time.sleep(0.01)

    def _judge(self, who: str, answer) -> None:
        user = answer.headers["User"] or None
        let_in = answer.status == 200
        if let_in != (PAGE == answer.text) or (let_in and (who not in self.users or user != who)):
            self.wrong.append(f"{who} was let in as {user}")
        if who in self.users and (answer.status not in (200, 503) or answer.cookies()):
            self.wrong.append(f"{who}: {answer.status} {answer.cookies()}")
        if answer.status == 503 and not answer.headers["Retry-After"]:
            self.wrong.append("503 without Retry-After")
        if who == "nobody" and answer.status != 401:
            self.wrong.append(f"nobody: {answer.status}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        for thread in self.threads:
            thread.join()

    def another(self, status: int) -> None:
        """Waits until every user has been answered so some more times."""
        before = {user: self.found[user].get(status, 0) for user in self.users}
        end = time.monotonic() + DEADLINE
        while not all(self.found[user].get(status, 0) >= n + 3 for user, n in before.items()):
            assert time.monotonic() < end, f"no more answers {status} to the users: {self.found} {self.wrong[:3]}"
            time.sleep(0.05)

    def every_request_ends(self) -> None:
        """Waits until no visitor waits any more for the request that was open at the call."""
        before = list(self.ended)
        end = time.monotonic() + DEADLINE
        while waiting := [i for i, n in enumerate(before) if self.ended[i] == n]:
            assert time.monotonic() < end, f"visitors {waiting} are still waiting"
            time.sleep(0.05)
