"""What the project set out to reach, held against the results. Ratios are ratios of medians within one run."""

import rounds

STATIC, DYNAMIC = "pgusher, static", "pgusher"
FLOOR, BARE, SAME = "libpq: connect, SELECT", "pipeline by hand", "pipeline by hand, same promises"

COMPARED = (STATIC, DYNAMIC, FLOOR, BARE, SAME, "dbmate", "asyncpg script")


def is_compared(name):
    """Whether an aim speaks of the program: then it has more time for its rounds."""
    return name.startswith(COMPARED)


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


def below(aim, most, value, unit=""):
    """A row: what is aimed at, what was reached, whether that is it."""
    if value is None:
        return f"| {aim} | {most}{unit} | not measured | |"
    verdict = "reached" if value <= most else f"missed by {(value / most - 1) * 100:.0f} %"
    return f"| {aim} | {most}{unit} | {value:.3g}{unit} | {verdict} |"


def ratio_rows(results):
    ratio = results.ratio
    rows = []
    scram = "100 files, SCRAM"
    for other, most in ((FLOOR, 0.8), ("dbmate", 0.5), ("asyncpg script", 0.1)):
        rows.append(below(f"nothing pending, SCRAM, 100 files, part of: {other}", most, ratio("nothing", scram, other)))
    trips = results.values("far", "nothing pending, 100 files, 5 ms", results.ours("far", "nothing pending, 100 files, 5 ms"), "round_trips")
    rows.append(below("nothing pending, round trips after the login", 1, max(trips) if trips else None))
    ours = results.ours("nothing", "1 files, SCRAM")
    many, one = (results.median("nothing", f"{count} files, SCRAM", ours) for count in (10000, 1))
    rows.append(below("nothing pending, 10,000 files: more than with 1 file", 25, (many - one) / 1000 if many and one else None, " ms"))
    for other, most in ((SAME, 1.1), (BARE, 1.5), ("dbmate", 0.8)):
        rows.append(below(f"fresh, 1,000 files, part of: {other}", most, ratio("fresh", "1000 files, fsync off", other)))
    for other, most in ((SAME, 1.2), ("dbmate", 0.05)):
        rows.append(below(f"fresh, 1,000 files, 5 ms each way, part of: {other}", most, ratio("far", "fresh, 1000 files, 5 ms", other)))
    return rows


def waiting_rows(results):
    rows = []
    for seconds in (0.5, 3, 8):
        group = f"a server that needs {seconds} s"
        for manner, median, p95 in (("trust", 30, 50), ("SCRAM", 50, 80)):
            times = results.values("waiting", group, results.ours("waiting", group, f", {manner}"))
            rows.append(below(f"waiting, {manner}, {group}: median", median, rounds.median(times) / 1000 if times else None, " ms"))
            rows.append(below(f"waiting, {manner}, {group}: p95", p95,
                              rounds.percentile(times, 95) / 1000 if times else None, " ms"))
    return rows


def memory_rows(results):
    rows = []
    for tool, most in ((STATIC, 8), (DYNAMIC, 14)):
        for case, group in (("nothing", "1000 files, SCRAM"), ("fresh", "1000 files, fsync off")):
            peaks = results.values(case, group, tool, "memory_kb")
            rows.append(below(f"memory, {tool}, {case}, 1,000 files", most, max(peaks) / 1024 if peaks else None, " MB"))
    return rows


def text(documents):
    results = Results(documents)
    rows = ratio_rows(results) + waiting_rows(results) + memory_rows(results)
    return ["| aim | at most | measured | |", "|---|---|---|---|", *rows]
