"""What the project set out to reach, held against the results. Ratios are ratios of medians within one run. Why an aim can be
missed, and what was tried, is written here beside it, and told only when it is."""

import dataclasses
import typing

import rounds

STATIC, DYNAMIC = "pgusher, static", "pgusher"
FLOOR, BARE, SAME = "libpq: connect, SELECT", "pipeline by hand", "pipeline by hand, same promises"
MOST_NAMED = 8
HEAD = "| aim | at most | measured | 95 % interval | |\n|---|---|---|---|---|"

WHY_LOGIN = ("Both pay for the same login, and SCRAM's 4,096 rounds are most of what a client does in it, even where the static program "
             "leaves them to libcrypto (see \"What was made faster\"); the server does its own half. What else is saved is the loading "
             "of libraries.")
WHY_FILES = ("Each file is opened, read and closed, or the warning that it has changed would be lost: with 10,000 files that is 30,000 "
             "system calls, in which the client spends most of its processor time (see \"What a run costs\"). A program that does "
             "nothing else stands beside ours in \"one file and many, in turn\". The client has one thread and is busy for nearly all of "
             "the run; the server's work goes on beside that and adds next to nothing.")
WHY_SAME = ("Beyond the promises the migrations are split and judged by a lexer, a lock timeout is set in each transaction, the log "
            "lines are written, and the ledger is read twice.")
WHY_BARE = ("It is the price of safety: the log's row, the guard and the reset are statements that the server parses and plans for "
            "each migration. What was tried to make them cheaper stands under \"What is left\".")
WHY_WAIT = ("A server that refuses is knocked at every 34 to 45 ms, so that the median is half of that and a whole run later, with the "
            "first login that a server gets when it has recovered; knocking more often would be unkind to it. The wait alone, without "
            "the run, reaches these aims (docs/readiness.md).")
WHY_MEMORY = "The files' names and sums and the ledger's rows are held until the end; libcrypto and libpq come before them."


def most_of(values):
    return max(values)


def p95(values):
    return rounds.percentile(values, 95)


def median_ratio(ours, theirs):
    return rounds.median(ours) / rounds.median(theirs)


def median_difference(many, one):
    return rounds.median(many) - rounds.median(one)


@dataclasses.dataclass
class Aim:
    name: str
    most: float
    statistic: typing.Callable  # is given the values of each series
    series: tuple  # of round -> value
    unit: str = ""
    scale: float = 1  # values in one unit
    why: str = ""

    def __post_init__(self):
        self.value = self.low = self.high = None
        if all(self.series):
            self.value = self.statistic(*(list(one.values()) for one in self.series)) / self.scale
            self.low, self.high = self.interval()

    def interval(self):
        """A count is exact, and the most of all rounds is what it is: neither has an interval but itself."""
        if self.statistic is most_of:
            return self.value, self.value
        return tuple(value / self.scale for value in rounds.interval(self.statistic, *self.series))

    def is_missed(self):
        return self.value is not None and self.value > self.most

    def is_open(self):
        return self.low <= self.most < self.high

    def missed_by(self):
        return f"{(self.value / self.most - 1) * 100:.0f} %" + (", but its interval spans the aim" if self.is_open() else "")

    def verdict(self):
        if self.is_open():
            return f"the interval spans the aim, the value {'is above' if self.is_missed() else 'reaches'} it"
        return f"missed by {self.missed_by()}" if self.is_missed() else "reached"

    def row(self):
        between = "" if self.low == self.high else f"{self.low:.3g} to {self.high:.3g}{self.unit}"
        return f"| {self.name} | {self.most}{self.unit} | {self.value:.3g}{self.unit} | {between} | {self.verdict()} |"


class Results:
    def __init__(self, documents):
        self.documents = documents

    def series(self, case, group_name, tool, what="wall_us"):
        """round -> value"""
        document = self.documents.get(case)
        for group in document["groups"] if document else ():
            if group["name"] == group_name and tool in group["tools"]:
                return rounds.by_round(group["tools"][tool], what)
        return {}

    def ours(self, case, group_name, suffix=""):
        """Static where there is one."""
        return next((name + suffix for name in (STATIC, DYNAMIC) if self.series(case, group_name, name + suffix)), DYNAMIC + suffix)

    def both(self, case, group_name, other):
        return self.series(case, group_name, self.ours(case, group_name)), self.series(case, group_name, other)


def nothing_aims(results):
    scram = "100 files, SCRAM"
    for other, most, why in ((FLOOR, 0.8, WHY_LOGIN), ("dbmate", 0.5, ""), ("asyncpg script", 0.1, "")):
        yield Aim(f"nothing pending, SCRAM, 100 files, part of: {other}", most, median_ratio, results.both("nothing", scram, other), why=why)
    far = "nothing pending, 100 files, 5 ms"
    trips = results.series("far", far, results.ours("far", far), "round_trips")
    yield Aim("nothing pending, round trips after the login", 1, most_of, (trips,))
    growth = "1 and 10000 files, SCRAM"
    many, one = (results.series("nothing", growth, results.ours("nothing", growth, f", {files}"))
                 for files in ("10000 files", "1 file"))
    yield Aim("nothing pending, 10,000 files: more than with 1 file", 25, median_difference, (many, one), " ms", 1000, WHY_FILES)


def fresh_aims(results):
    here, far = "1000 files, fsync off", "fresh, 1000 files, 5 ms"
    for other, most, why in ((SAME, 1.1, WHY_SAME), (BARE, 1.5, WHY_BARE), ("dbmate", 0.8, "")):
        yield Aim(f"fresh, 1,000 files, part of: {other}", most, median_ratio, results.both("fresh", here, other), why=why)
    for group, other, most, why in ((far, SAME, 1.2, WHY_SAME), (f"{far}, dbmate", "dbmate", 0.05, "")):
        yield Aim(f"fresh, 1,000 files, 5 ms each way, part of: {other}", most, median_ratio, results.both("far", group, other), why=why)


def waiting_aims(results):
    for seconds in (0.5, 3, 8):
        group = f"a server that needs {seconds} s"
        for manner, median, tail in (("trust", 30, 50), ("SCRAM", 50, 80)):
            times = results.series("waiting", group, results.ours("waiting", group, f", {manner}"))
            for name, most, statistic in (("median", median, rounds.median), ("p95", tail, p95)):
                yield Aim(f"waiting, {manner}, {group}: {name}", most, statistic, (times,), " ms", 1000, WHY_WAIT)


def memory_aims(results):
    for tool, most in ((STATIC, 8), (DYNAMIC, 14)):
        for case, group in (("nothing", "1000 files, SCRAM"), ("fresh", "1000 files, fsync off")):
            peaks = results.series(case, group, tool, "memory_kb")
            yield Aim(f"memory, {tool}, {case}, 1,000 files", most, most_of, (peaks,), " MB", 1024, WHY_MEMORY)


def every(documents):
    results = Results(documents)
    return [aim for part in (nothing_aims, fresh_aims, waiting_aims, memory_aims) for aim in part(results)]


def text(documents):
    aims = every(documents)
    measured = [aim for aim in aims if aim.value is not None]
    lines = [HEAD, *(aim.row() for aim in measured)] if measured else []
    missed = {}
    for aim in aims:
        if aim.is_missed() and aim.why:
            missed.setdefault(aim.why, []).append(f"{aim.name} (by {aim.missed_by()})")
    lines += ["", "Missed:", "", *(f"- {'; '.join(names)}. {why}" for why, names in missed.items())] if missed else []
    return lines + not_measured([aim.name for aim in aims if aim.value is None], len(aims))


def not_measured(names, of):
    if not names:
        return []
    which = f": {'; '.join(names)}" if len(names) <= MOST_NAMED else ""
    return ["", f"{len(names)} of {of} aims are not measured yet{which}."]
