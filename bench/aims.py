"""What the project set out to reach, held against the results. Ratios are ratios of medians within one run. Why an aim can be
missed, and what was tried, is written here beside it, and told only when it is."""

import dataclasses

import rounds

STATIC, DYNAMIC = "pgusher, static", "pgusher"
FLOOR, BARE, SAME = "libpq: connect, SELECT", "pipeline by hand", "pipeline by hand, same promises"
MOST_NAMED = 8

WHY_LOGIN = ("Both pay for the same login, which SCRAM's 4,096 rounds in libpq are most of; what is saved beside it is the loading "
             "of libraries. Giving libcrypto the key once was tried (see \"What is left\").")
WHY_FILES = ("The folder is read and every file hashed, four system calls each, or the warning that a file has changed would be lost; "
             "the server packs ten thousand names and checksums. Both happen at the same time, on a second core if there is one.")
WHY_SAME = ("Beyond the promises the migrations are split and judged by a lexer, a lock timeout is set in each transaction, the log "
            "lines are written, and the ledger is read twice.")
WHY_BARE = ("It is the price of safety: the log's row, the guard and the reset are statements that the server parses and plans for "
            "each migration. What was tried to make them cheaper stands under \"What is left\".")
WHY_WAIT = ("A server that refuses is knocked at every 34 to 45 ms, so that the median is half of that and a whole run later, with the "
            "first login that a server gets when it has recovered; knocking more often would be unkind to it. The wait alone, without "
            "the run, reaches these aims (docs/readiness.md).")
WHY_MEMORY = "The files' names and sums and the ledger's rows are held until the end; libcrypto and libpq come before them."


@dataclasses.dataclass
class Aim:
    name: str
    most: float
    value: float | None
    unit: str = ""
    why: str = ""

    def is_missed(self):
        return self.value is not None and self.value > self.most

    def missed_by(self):
        return f"{(self.value / self.most - 1) * 100:.0f} %"

    def row(self):
        verdict = f"missed by {self.missed_by()}" if self.is_missed() else "reached"
        return f"| {self.name} | {self.most}{self.unit} | {self.value:.3g}{self.unit} | {verdict} |"


class Results:
    def __init__(self, documents):
        self.documents = documents

    def values(self, case, group_name, tool, what="wall_us"):
        document = self.documents.get(case)
        for group in document["groups"] if document else ():
            if group["name"] == group_name and tool in group["tools"]:
                return rounds.values(group["tools"][tool], what)
        return []

    def median(self, *which, **what):
        return rounds.median(self.values(*which, **what))

    def ours(self, case, group_name, suffix=""):
        """Static where there is one."""
        return next((name + suffix for name in (STATIC, DYNAMIC) if self.values(case, group_name, name + suffix)), DYNAMIC + suffix)

    def ratio(self, case, group_name, other):
        ours = self.median(case, group_name, self.ours(case, group_name))
        theirs = self.median(case, group_name, other)
        return ours / theirs if ours and theirs else None


def nothing_aims(results):
    scram = "100 files, SCRAM"
    for other, most in ((FLOOR, 0.8), ("dbmate", 0.5), ("asyncpg script", 0.1)):
        yield Aim(f"nothing pending, SCRAM, 100 files, part of: {other}", most, results.ratio("nothing", scram, other), why=WHY_LOGIN)
    far = "nothing pending, 100 files, 5 ms"
    trips = results.values("far", far, results.ours("far", far), "round_trips")
    yield Aim("nothing pending, round trips after the login", 1, max(trips) if trips else None)
    ours = results.ours("nothing", "1 file, SCRAM")
    many, one = (results.median("nothing", f"{files}, SCRAM", ours) for files in ("10000 files", "1 file"))
    yield Aim("nothing pending, 10,000 files: more than with 1 file", 25, (many - one) / 1000 if many and one else None, " ms", WHY_FILES)


def fresh_aims(results):
    here, far = "1000 files, fsync off", "fresh, 1000 files, 5 ms"
    for other, most, why in ((SAME, 1.1, WHY_SAME), (BARE, 1.5, WHY_BARE), ("dbmate", 0.8, "")):
        yield Aim(f"fresh, 1,000 files, part of: {other}", most, results.ratio("fresh", here, other), why=why)
    for group, other, most, why in ((far, SAME, 1.2, WHY_SAME), (f"{far}, dbmate", "dbmate", 0.05, "")):
        yield Aim(f"fresh, 1,000 files, 5 ms each way, part of: {other}", most, results.ratio("far", group, other), why=why)


def waiting_aims(results):
    for seconds in (0.5, 3, 8):
        group = f"a server that needs {seconds} s"
        for manner, median, p95 in (("trust", 30, 50), ("SCRAM", 50, 80)):
            times = [time / 1000 for time in results.values("waiting", group, results.ours("waiting", group, f", {manner}"))]
            yield Aim(f"waiting, {manner}, {group}: median", median, rounds.median(times), " ms", WHY_WAIT)
            yield Aim(f"waiting, {manner}, {group}: p95", p95, rounds.percentile(times, 95), " ms", WHY_WAIT)


def memory_aims(results):
    for tool, most in ((STATIC, 8), (DYNAMIC, 14)):
        for case, group in (("nothing", "1000 files, SCRAM"), ("fresh", "1000 files, fsync off")):
            peaks = results.values(case, group, tool, "memory_kb")
            yield Aim(f"memory, {tool}, {case}, 1,000 files", most, max(peaks) / 1024 if peaks else None, " MB", WHY_MEMORY)


def every(documents):
    results = Results(documents)
    return [aim for part in (nothing_aims, fresh_aims, waiting_aims, memory_aims) for aim in part(results)]


def text(documents):
    aims = every(documents)
    measured = [aim for aim in aims if aim.value is not None]
    lines = ["| aim | at most | measured | |", "|---|---|---|---|", *(aim.row() for aim in measured)] if measured else []
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
