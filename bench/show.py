"""What people see while it runs: on a terminal a line that changes, elsewhere a line for each group of programs."""

import sys
import time

BAR_WIDTH = 24
CLEAR_LINE = "\r\x1b[K"


class Show:
    """How far it is is reckoned in the seconds that the groups were estimated at."""

    def __init__(self, total_s, stream=sys.stdout):
        self.stream = stream
        self.live = stream.isatty()
        self.total_s = max(total_s, 1)
        self.done_s = 0
        self.group_s = 0
        self.begun_s = time.monotonic()

    def _write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def _clear(self):
        if self.live:
            self._write(CLEAR_LINE)

    def elapsed(self):
        seconds = int(time.monotonic() - self.begun_s)
        return f"{seconds // 60}:{seconds % 60:02}"

    def bar(self, part):
        filled = min(int(part * BAR_WIDTH), BAR_WIDTH)
        return "#" * filled + "-" * (BAR_WIDTH - filled)

    def note(self, text):
        self._clear()
        self._write(f"{self.elapsed()}  {text}\n")

    def begin(self, name, seconds):
        """The next group, and what it was estimated at."""
        self.done_s += self.group_s
        self.group_s = seconds
        if not self.live:
            self.note(f"[{self.bar(self.done_s / self.total_s)}] {name}")

    def step(self, group, name, turn=0, turns=1):
        if self.live:
            part = (self.done_s + self.group_s * turn / (turns + 1)) / self.total_s
            self._write(f"{CLEAR_LINE}{self.elapsed()} [{self.bar(part)}] {group}: {name}"[:110])

    def end(self):
        self._clear()
