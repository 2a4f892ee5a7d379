"""What is going to be run: groups that were not played yet. It knows which of them an aim speaks of, and roughly how long each will
take on a quiet machine; what one does when it is played is told by the cases."""

import dataclasses
import typing

import rounds


@dataclasses.dataclass
class Planned:
    name: str
    members: list  # (name, how many seconds one run may take)
    play: typing.Callable  # is given the group
    aim: bool = False  # one of the aims is read off it
    plot: bool = False
    setup_s: float = 0
    reference: str | None = None  # the program whose times the others' are compared with; None: no round compares with another

    def seconds(self, round_count):
        """One more than its rounds: the first run of each warms up."""
        return self.setup_s + (round_count + 1) * sum(seconds for _, seconds in self.members)

    def run(self):
        group = rounds.Group(self.name, self.plot, self.reference)
        self.play(group)
        return group


def choose(groups, which, words):
    """which: all, aims or rest; words: a group's name has to hold one of them, if there are any."""
    wanted = {"all": (True, False), "aims": (True,), "rest": (False,)}[which]
    return [group for group in groups if group.aim in wanted and (not words or any(word in group.name for word in words))]


def minutes(seconds):
    return f"{seconds / 60:5.1f} min"


def listing(cases, round_count):
    """cases: name -> groups. A line for each group, and what it all comes to."""
    lines = []
    total_s = {True: 0, False: 0}
    for case, groups in cases.items():
        lines.append(f"{case}: {minutes(sum(group.seconds(round_count) for group in groups)).strip()}")
        for group in groups:
            total_s[group.aim] += group.seconds(round_count)
            mark = "aim" if group.aim else "   "
            lines.append(f"  {minutes(group.seconds(round_count))}  {mark}  {group.name} ({len(group.members)} programs)")
    lines.append(f"what the aims are read off: {minutes(total_s[True]).strip()}; the rest: {minutes(total_s[False]).strip()} "
                 f"(estimated, {round_count} rounds, a quiet machine)")
    return lines
