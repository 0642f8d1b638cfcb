"""When something that was lost is tried again: a function of how often it failed, without a clock and without chance.

The pause doubles from try to try up to a cap. Half of it is left to chance ("equal jitter"; M. Brooker, "Exponential
Backoff And Jitter", AWS Architecture Blog, 2015): a hundred devices that lost the same recorder in the same second
do not come back in the same second, and none comes back at once.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """How patiently something is tried again.

    Attributes:
        first: Seconds before the first new try, at most.
        factor: By what the pause grows with each failure.
        cap: Seconds that no pause exceeds. Within half a minute after a camera is back its pictures are, too; and some
            cameras shut out who asks more than a few times a minute with a wrong password.
        steady: Seconds that a connection must have lasted for its end to count as a first failure again.
        budget: So many new tries within `window` are allowed; None for any number: a camera may be off for a weekend.
        window: Seconds.
    """

    first: float = 0.5
    factor: float = 2.0
    cap: float = 30.0
    steady: float = 10.0
    budget: int | None = None
    window: float = 3600.0

    def pause(self, failures: int, chance: float) -> float:
        """Returns the seconds to wait after so many failures in a row.

        Args:
            failures: From 1.
            chance: From 0 up to 1.
        """
        # 2.0 ** 1024 would raise OverflowError, after nine hours of failing every half minute.
        whole = min(self.cap, self.first * self.factor ** min(failures - 1, 64))
        return whole / 2 + whole / 2 * chance


FOREVER = Backoff()


class Restarts:
    """Counts failures and new tries by a policy; time is an argument."""

    def __init__(self, policy: Backoff) -> None:
        self._policy = policy
        self._failures = 0
        self._tries: deque[float] = deque()

    def failed(self, at: float, lasted: float, chance: float) -> float | None:
        """Returns the seconds to wait before the next try, or None when the budget is spent.

        Args:
            at: Now.
            lasted: Seconds for which the connection had given frames.
            chance: From 0 up to 1.
        """
        policy = self._policy
        self._failures = 1 if lasted >= policy.steady else self._failures + 1
        if policy.budget is not None:
            while self._tries and self._tries[0] <= at - policy.window:
                self._tries.popleft()
            if len(self._tries) >= policy.budget:
                return None
            self._tries.append(at)
        return policy.pause(self._failures, chance)
