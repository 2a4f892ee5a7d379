"""What people see while it runs: on a terminal a line that changes, elsewhere a line for each group of programs."""

import sys
import time

BAR_WIDTH = 24
CLEAR_LINE = "\r\x1b[K"


class Show:
    def __init__(self, group_count, stream=sys.stdout):
        self.stream = stream
        self.live = stream.isatty()
        self.group_count = group_count
        self.groups_begun = 0
        self.group = None
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

    def note(self, text):
        self._clear()
        self._write(f"{self.elapsed()}  {text}\n")

    def step(self, group, name, turn=0, turns=1):
        if group != self.group:
            self.group = group
            self.groups_begun += 1
            if not self.live:
                self.note(group)
        if not self.live:
            return
        done = (self.groups_begun - 1 + turn / (turns + 1)) / max(self.group_count, self.groups_begun)
        filled = int(done * BAR_WIDTH)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        self._write(f"{CLEAR_LINE}{self.elapsed()} [{bar}] {group}: {name}"[:110])

    def end(self):
        self._clear()
