# SPDX-License-Identifier: GPL-2.0
"""Counts the results in TAP, KTAP and the output of the kselftest runner.

A result is counted if nothing nested in it was: a test of many parts counts
as its parts. Nested are lines after four spaces (KTAP) or after "# "
(kselftest's runner). A plan that is not kept is a failure, as is a parent that
fails although none of its parts did: it ended before it could say more.
"""

import collections
import os
import re
import subprocess

RESULT = re.compile(r"^(not )?ok\b[ \t]*(\d*)[ \t-]*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIP = re.compile(r"(?<!\\)#\s*SKIP\b", re.IGNORECASE)
HEADER = re.compile(r"^K?TAP version ")
NESTED = re.compile(r"^(# |    )")


class Counter:
    """Takes lines by feed(); after end(), passed, failed, skipped and failures.

    A failure is told by its name, and by what was said just before it.
    """

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self._said = collections.deque(maxlen=6)    # since the last result
        self._plans = {}        # depth: results promised
        self._seen = {}         # depth: results since the plan
        self._inner = {}        # depth: results and failures within the next result

    def fail(self, what):
        self.failed += 1
        self.failures.append("\n    ".join([what, *self._said]))

    def _close(self, depth):
        """Ends the plans that are nested deeper than depth."""
        for inner in [each for each in self._plans if each > depth]:
            promised, seen = self._plans.pop(inner), self._seen.pop(inner, 0)
            if promised != seen:
                self.fail(f"{promised} results were promised, {seen} came")
                self._note(inner, failed=True)
        for inner in [each for each in self._seen if each > depth]:
            del self._seen[inner]

    def _note(self, depth, failed):
        for outer in range(depth):
            results, failures = self._inner.get(outer, (0, 0))
            self._inner[outer] = (results + 1, failures + failed)

    def feed(self, line):
        depth = 0
        while match := NESTED.match(line):
            line = line[match.end():]
            depth += 1
        if HEADER.match(line):
            self._close(depth - 1)
        elif match := PLAN.match(line):
            # it may stand behind the results, too
            self._plans[depth] = int(match.group(1))
            self._seen.setdefault(depth, 0)
        elif match := RESULT.match(line):
            self._result(depth, bool(match.group(1)), match.group(3))
            self._said.clear()
        elif line:
            self._said.append(line)

    def _result(self, depth, failed, text):
        self._close(depth)
        self._seen[depth] = self._seen.get(depth, 0) + 1
        results, failures = self._inner.pop(depth, (0, 0))
        skipped = SKIP.search(text)
        if failed and not failures:
            self.fail(text)
        elif skipped:
            # a parent may say so of its parts, which have been counted
            self.skipped += 0 if results else 1
        elif not results:
            self.passed += 1
        self._note(depth, failed)

    def end(self):
        self._close(-1)
        if not self.passed + self.failed + self.skipped:
            self.fail("no result came")


def run(command, before):
    """Runs what command() gives; shows its lines after @before, and counts them.

    Returns the Counter, ended, and how many seconds a processor was busy. A bad
    status is a failure, and so is a command that cannot be made.
    """
    counter, busy = Counter(), 0
    try:
        with subprocess.Popen(command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace") as process:
            for line in process.stdout:
                print(f"{before}{line.rstrip()}", flush=True)
                counter.feed(line.rstrip())
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status = os.waitstatus_to_exitcode(status)
            busy = used.ru_utime + used.ru_stime
    except subprocess.CalledProcessError as error:
        status = error
    counter.end()
    # 125 is the verdict of a guest, which no result tells
    if status == 125 or status and not counter.failed:
        counter.fail(f"ended with status {status}")
    return counter, busy
