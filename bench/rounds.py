"""Rounds of programs in turn, and what they tell. Knows how to start a program under the stopwatch and how to reckon; what is
started, and what must be done before each run, is told by the cases."""

import json
import os
import random
import statistics
import subprocess
import tempfile

TIMEOUT_S = 900
RESAMPLES = 2000
INTERVAL_PERCENT = 95


class Failed(Exception):
    """A program that did not do what it was asked."""


def run(stopwatch, command, expected=0, stdin=subprocess.DEVNULL, timeout_s=TIMEOUT_S):
    """Runs (arguments, environment, folder) and gives the stopwatch's answer; raises Failed with the program's last words when it
    ended in another way than expected, and after timeout_s."""
    arguments, variables, folder = command
    read_fd, write_fd = os.pipe()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(stopwatch), str(write_fd), *map(str, arguments)], env=variables, cwd=folder,
                                   stdin=stdin, stdout=said, stderr=said, pass_fds=[write_fd],
                                   start_new_session=True)
        os.close(write_fd)
        ended = wait_for(process, timeout_s)
        with open(read_fd, encoding="ascii") as answer:
            text = answer.read()
        result = json.loads(text) if text else None
        if ended and result and result["exit"] == expected:
            return result
        said.seek(0)
        words = last_words(said.read().decode(errors="replace"))
        how = f"ended with {result['exit']}" if result else "had no answer from the stopwatch"
        raise Failed(how_it_failed(f"was not over after {timeout_s} s", words) if not ended else words or how)


def wait_for(process, timeout_s):
    """Whether it ended by itself. If not, it is killed with all that it started."""
    try:
        process.wait(timeout_s)
        return True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return False


def how_it_failed(what, words):
    return f"{what}; its last words: {words}" if words else what


def last_words(text):
    """The line that says most: the first that speaks of an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if ("error" in line.lower() or "fatal" in line.lower()) and not line.endswith(":")]
    return (telling or lines[-1:] or [""])[0][:200]


class Group:
    """Programs that do the same thing, and therefore can be compared."""

    def __init__(self, name, plot=True, reference=None):
        self.name = name
        self.plot = plot
        self.reference = reference
        self.tools = {}

    def entry(self, tool):
        return self.tools.setdefault(tool, {"samples": []})

    def result(self):
        return {"name": self.name, "plot": self.plot, "reference": self.reference, "tools": self.tools}


def rule_out(group, name, failure, bench):
    group.entry(name)["failed"] = str(failure)
    bench.show.note(f"{group.name}: {name} cannot do this: {failure}")


def warm_up(group, jobs, bench):
    """A run of each before the rounds; whoever fails in it is out, with its words. Gives the others."""
    able = []
    for name, once in jobs:
        bench.show.step(group.name, name)
        group.entry(name)
        try:
            once()
            able.append((name, once))
        except Failed as failure:
            rule_out(group, name, failure, bench)
    return able


def order(able, turn):
    """For each round another one, in which each follows another one (a Williams square)."""
    zigzag = [-(place // 2) if place % 2 == 0 else (place + 1) // 2 for place in range(len(able))]
    return [able[(place + turn) % len(able)] for place in zigzag]


def play(group, jobs, bench):
    """jobs: (name, once) pairs, where once() makes one run and gives a sample. All in turn, round by round."""
    able = warm_up(group, jobs, bench)
    for turn in range(bench.rounds):
        for name, once in order(able, turn):
            bench.show.step(group.name, name, turn + 1, bench.rounds)
            try:
                group.entry(name)["samples"].append({"round": turn, **once()})
            except Failed as failure:
                group.entry(name).setdefault("failed_rounds", []).append(str(failure))
                bench.show.note(f"{group.name}: {name} failed in round {turn + 1}: {failure}")


# --- reckoning -----------------------------------------------------------------------------------------------------------


def values(entry, what="wall_us"):
    return [sample[what] for sample in entry["samples"] if what in sample]


def median(numbers):
    return statistics.median(numbers) if numbers else None


def percentile(numbers, percent):
    """Between the two nearest ranks, in proportion."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def by_round(entry, what="wall_us"):
    return {sample["round"]: sample[what] for sample in entry["samples"] if what in sample}


def ratios(entry, other):
    """entry's time by other's, for each round in which both ran."""
    ours, theirs = by_round(entry), by_round(other)
    return [time / theirs[turn] for turn, time in ours.items() if theirs.get(turn, 0) > 0]


def interval(statistic, *series):
    """Between which two values the statistic lies, by the bootstrap: rounds are drawn again and again, always from the same seed,
    and those of all series together, because what disturbed one disturbed the others. series: round -> value each."""
    chance = random.Random(1)
    turns = sorted(set().union(*series))
    outcomes = []
    for _ in range(RESAMPLES):
        drawn = chance.choices(turns, k=len(turns))
        again = [[one[turn] for turn in drawn if turn in one] for one in series]
        if all(again):
            outcomes.append(statistic(*again))
    outside = (100 - INTERVAL_PERCENT) / 2
    return percentile(outcomes, outside), percentile(outcomes, 100 - outside)
