"""Rounds of programs in turn, and what they tell. Knows how to start a program under the stopwatch and how to reckon; what is
started, and what must be done before each run, is told by the cases."""

import json
import os
import statistics
import subprocess
import tempfile

TIMEOUT_S = 900


class Failed(Exception):
    """A program that did not do what it was asked."""


def run(stopwatch, command):
    """Runs (arguments, environment, folder) and gives the stopwatch's answer; raises Failed with the program's last words."""
    arguments, variables, folder = command
    read_fd, write_fd = os.pipe()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(stopwatch), str(write_fd), *map(str, arguments)], env=variables, cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[write_fd],
                                   start_new_session=True)
        os.close(write_fd)
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        with open(read_fd, encoding="ascii") as answer:
            text = answer.read()
        if text and json.loads(text)["exit"] == 0:
            return json.loads(text)
        said.seek(0)
        raise Failed(last_words(said.read().decode(errors="replace")) or "did not end in time")


def last_words(text):
    """The line that says most: the first that speaks of an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if ("error" in line.lower() or "fatal" in line.lower()) and not line.endswith(":")]
    return (telling or lines[-1:] or [""])[0][:200]


class Group:
    """Programs that do the same thing, and therefore can be compared."""

    def __init__(self, name, plot=True):
        self.name = name
        self.plot = plot
        self.tools = {}

    def entry(self, tool):
        return self.tools.setdefault(tool, {"samples": []})

    def result(self):
        return {"name": self.name, "plot": self.plot, "tools": self.tools}


def warm_up(group, jobs, bench):
    """A run of each before the rounds; whoever fails in it is out, with its words. Gives the others."""
    able = []
    for name, once in jobs:
        bench.show.step(group.name, name)
        try:
            once()
            able.append((name, once))
        except Failed as failure:
            group.entry(name)["failed"] = str(failure)
            bench.show.note(f"{group.name}: {name} cannot do this: {failure}")
    return able


def play(group, jobs, bench):
    """jobs: (name, once) pairs, where once() makes one run and gives a sample. All in turn, round by round."""
    able = warm_up(group, jobs, bench)
    for turn in range(bench.rounds):
        for name, once in able:
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


def ratios(entry, other, what="wall_us"):
    """entry's value by other's, for each round in which both ran."""
    theirs = {sample["round"]: sample[what] for sample in other["samples"]}
    return [sample[what] / theirs[sample["round"]] for sample in entry["samples"] if theirs.get(sample["round"], 0) > 0]
