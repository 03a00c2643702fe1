"""What is done to the job while rows arrive."""
import re
import signal
import time

from broker import pause_for
from engine import Lived, Process

# The highest occurrence that is sure to come soon after a start: some points are passed once a start or a few times a restore.
POINTS = {
    "after_poll": 100,
    "before_barrier": 8,
    "after_barrier": 8,
    "mid_snapshot": 8,
    "before_tier_snapshot": 8,
    "before_manifest_rename": 5,
    "after_manifest_durable": 5,
    "after_flush_before_commit": 5,
    "during_commit": 5,
    "after_commit_before_ack": 5,
    "after_commit_before_sinks": 5,
    "before_retain": 5,
    "after_fence_before_read": 1,
    "mid_restore": 3,
}
KILLS_A_ROUND = 10
TAKEOVERS_A_ROUND = 5  # an instance that has just committed has nothing to lose; hardly five in turn
DIES_WITHIN = 60  # s after a start
COMMITS_WITHIN = 60
FREEZES = (5, 5, 75)  # s, in turn; the third, in long runs only, outlasts the minute for which a commit is waited for


class Run:
    """A scenario under way: the processes that live, and what has been done to them."""

    def __init__(self, place, broker, chance, options):
        self.place, self.broker, self.chance, self.cycles = place, broker, chance, options.cycles
        self.parallelisms = options.parallelism.split(",")
        self.points = options.points.split(",") if options.points else list(POINTS)
        self.processes = []
        self.faults = []    # all that was done, for the report
        self.planned = 0    # kills, takeovers, outages
        self.recoveries = []  # seconds from the start after a kill to the first commit
        self.after_kill = False
        self.began = time.monotonic()

    def start(self, kill_point=None, arguments=()):
        process = Process(self.place, self.chance.choice(self.parallelisms), kill_point, arguments)
        process.after_kill, self.after_kill = self.after_kill, False
        self.processes.append(process)
        return process

    def note(self, process, what, **more):
        self.faults.append({"what": what, "at": round(time.monotonic() - self.began, 3), "age": round(process.age(), 3),
                            "commits": process.commits(), "phase": "running" if process.commits() else "recovering", **more})

    def killed(self, process, what, by_us=True, **more):
        self.note(process, what, **more)
        if by_us and not process.kill():
            raise Lived(f"the process ended before it could be killed:\n{process.said()[-2000:]}")
        if process.after_kill and process.first_commit is not None:
            self.recoveries.append(process.first_commit)
        self.after_kill = True

    def end_all(self):
        for process in self.processes:
            process.kill()


def warm_up(run):
    process = run.start()
    process.await_commits(2, COMMITS_WITHIN)
    return process


def points(run):
    """SIGKILL at each point of the protocol; which of its occurrences, the seed says."""
    run.killed(warm_up(run), "SIGKILL after the first commits")
    todo = run.points * run.cycles
    run.chance.shuffle(todo)
    run.planned = len(todo) + 1
    for point in todo:
        nth = run.chance.randint(1, POINTS[point])
        process = run.start(kill_point=f"{point}:{nth}")
        code = process.await_end(DIES_WITHIN)
        if code != -signal.SIGKILL:
            raise Lived(f"the process ended with {code} instead of dying at {point}:{nth}:\n{process.said()[-2000:]}")
        run.killed(process, "SIGKILL at a point", by_us=False, point=point, nth=nth)


def random_kills(run):
    """SIGKILL at random ages: by turns while the process is recovering, soon after a commit, and anywhere."""
    first = warm_up(run)
    run.planned = KILLS_A_ROUND * run.cycles
    run.killed(first, "SIGKILL at random")
    for number in range(1, run.planned):
        process = run.start()
        if number % 3 == 0:
            age = run.chance.uniform(0, 0.15)
        elif number % 3 == 1:
            process.await_commits(1, COMMITS_WITHIN)
            age = process.age() + run.chance.uniform(0, 0.5)
        else:
            age = run.chance.uniform(0.05, 1.5)
        process.watch_until(age)
        run.killed(process, "SIGKILL at random")


def zombies(run):
    """An instance is frozen, wherever it is just then; another with the same arguments takes over; the first one wakes up."""
    run.planned = TAKEOVERS_A_ROUND * run.cycles
    old = warm_up(run)
    for _ in range(run.planned):
        time.sleep(run.chance.uniform(0, 0.3))
        old.commits()
        run.note(old, "SIGSTOP")
        old.signal(signal.SIGSTOP)
        new = run.start()
        new.await_commits(3, COMMITS_WITHIN)
        run.recoveries.append(new.first_commit)
        old.signal(signal.SIGCONT)
        woken = time.monotonic()
        code = old.await_end(15)
        run.faults[-1].update(exit_code=code, ended_after=round(time.monotonic() - woken, 3))
        if code != 4:
            raise Lived(f"the instance that was taken over from ended with {code} instead of 4:\n{old.said()[-2000:]}")
        if not re.search(r"fenced|taken over", old.said()):
            raise Lived(f"the instance that was taken over from does not say so:\n{old.said()[-2000:]}")
        new.await_commits(new.commits() + 2, COMMITS_WITHIN)
        old = new
    old.signal(signal.SIGTERM)
    code = old.await_end(60)
    if code != 0:
        raise Lived(f"SIGTERM was answered with exit code {code}:\n{old.said()[-2000:]}")


def broker_failures(run):
    """The broker is killed and started again, and frozen; the same process has to go on by itself."""
    run.planned = 2 * run.cycles
    process = warm_up(run)
    for number in range(run.planned):
        time.sleep(run.chance.uniform(0, 0.5))
        frozen = FREEZES[number // 2 % len(FREEZES)] if number % 2 == 1 else 0
        run.note(process, f"broker frozen for {frozen} s" if frozen else "broker killed")
        if frozen:
            pause_for(run.broker, frozen)
        else:
            run.broker.kill()
            time.sleep(run.chance.uniform(0, 2))
            run.broker.start()
        back, before = time.monotonic(), process.commits()
        process.await_commits(before + 3, 120)
        run.faults[-1]["commits_again_after"] = round(time.monotonic() - back, 3)
    restarts = process.said().count("attempt failed")
    run.faults[-1]["restarts_in_process"] = restarts
    process.signal(signal.SIGTERM)
    code = process.await_end(60)
    if code != 0:
        raise Lived(f"SIGTERM was answered with exit code {code}:\n{process.said()[-2000:]}")


ALL = {"points": points, "random": random_kills, "zombie": zombies, "broker": broker_failures}
