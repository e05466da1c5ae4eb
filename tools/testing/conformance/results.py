# SPDX-License-Identifier: GPL-2.0
"""Reads what tests print, compares two runs, and both with what is expected."""

import fnmatch
import re

PASS, FAIL, SKIP = "pass", "fail", "skip"
KSFT_SKIP = 4           # exit status of a kselftest that was skipped
TIMED_OUT = 124         # exit status that timeout(1) gives, too

TAP = re.compile(r"^\s*(not )?ok\b[ \t]*\d*[ \t-]*(.*)$")
TAP_SKIP = re.compile(r"#\s*SKIP\b", re.IGNORECASE)
LOGGED = re.compile(r"^\s*TEST: (.*?)\s*\[\s*(OK|FAIL|SKIP|XFAIL)\s*\]")
CASE = re.compile(r"^  Case (.*) (is next|returned .*)$")
PEEK_OFF = re.compile(r"^(\S+) (with MSG_PEEK_OFF works correctly|does not support SO_PEEK_OFF)$")
RUN = re.compile(r"eudp_run: (\d+) sockets of eudp, \d+ of UDP, (\d+) failed")
STEP = re.compile(r"^---- (.*) ----$")
SECTION = re.compile(r"^(ipv4|ipv6)$", re.IGNORECASE)
BEGUN = re.compile(r"^ ?([A-Za-z][\w ]*?) {2,}")
VERDICT = re.compile(r"(?:^|\s)(ok|failed|fail .*)$")


class Reader:
    """Takes the lines of one test, and keeps its sub-tests by name."""

    def __init__(self):
        self.results = {}
        self.section = ""
        self.begun = None       # the sub-test whose verdict is to come
        self.case = None
        self.step = None        # the last that began

    def note(self, name, result):
        name = name.strip() or "unnamed"
        unique, count = name, 1
        while unique in self.results:
            count += 1
            unique = f"{name} #{count}"
        self.results[unique] = result
        return unique

    def tap(self, line):
        match = TAP.match(line)
        if not match or not match.group(2):
            return False
        name = match.group(2)
        skipped = TAP_SKIP.search(name)
        result = FAIL if match.group(1) else SKIP if skipped else PASS
        self.note(name.split("#")[0], result)
        return True

    def logged(self, line):
        match = LOGGED.match(line)
        if not match:
            return False
        words = {"OK": PASS, "XFAIL": PASS, "FAIL": FAIL, "SKIP": SKIP}
        self.note(match.group(1), words[match.group(2)])
        return True

    def of_case(self, line):
        """A case is named when it begins, and again if it fails."""
        match = CASE.match(line)
        if not match:
            return False
        if match.group(2) == "is next":
            self.case = self.note(match.group(1), PASS)
        else:
            self.results[self.case or match.group(1)] = FAIL
        return True

    def peek_off(self, line):
        """sk_so_peek_off ends well if there is no such option."""
        match = PEEK_OFF.match(line)
        if match:
            self.note(match.group(1), PASS if match.group(2).startswith("with") else SKIP)
        return match

    def of_step(self, line):
        """reuseport_*: the name of what begins; it goes on as long as all is well."""
        match = STEP.match(line)
        if match:
            self.step = self.note(match.group(1), PASS)
        return match

    def end(self, status):
        if status and self.step:
            self.results[self.step] = FAIL

    def of_line(self, line):
        """udpgro.sh: the name, what the programs say, then ok or failed."""
        if SECTION.match(line):
            self.section = line + " "
            return
        match = BEGUN.match(line)
        if match:
            self.begun, line = match.group(1), line[match.end():]
        match = VERDICT.search(line)
        if match and self.begun:
            self.note(self.section + self.begun, PASS if match.group(1) == "ok" else FAIL)
            self.begun = None

    def feed(self, line):
        if not (self.tap(line) or self.logged(line) or self.of_case(line)
                or self.peek_off(line) or self.of_step(line)):
            self.of_line(line)


def read(lines, status, only=""):
    """The sub-tests by name. One that names none counts by its status, which
    counts as well if the test ended badly and no sub-test says so."""
    reader = Reader()
    for line in lines:
        reader.feed(line)
    reader.end(status)
    results = reader.results
    if status == KSFT_SKIP and not results:
        return {"": SKIP}
    if status == TIMED_OUT:
        results["ended in time"] = FAIL
    elif status and FAIL not in results.values():
        results["exit status" if results else ""] = FAIL
    elif not results:
        results[""] = PASS
    if only:
        results = {name: result for name, result in results.items()
                   if re.search(only, name) or name in ("", "exit status", "ended in time")}
    return results


def sockets(lines):
    """How many sockets of eudp were asked for, by what eudp_run says."""
    return sum(int(match.group(1)) + int(match.group(2))
               for match in map(RUN.search, lines) if match)


def joined(part, results):
    """The results of a part of a test, by names that tell the part."""
    return {": ".join(filter(None, [part, name])): result for name, result in results.items()}


def differing(udp, eudp):
    """Names of the sub-tests that pass on UDP and not on eudp, or that fail
    only on eudp; and names of those that do not pass on UDP at all."""
    differ, broken = [], []
    for name in list(udp) + [name for name in eudp if name not in udp]:
        if udp.get(name, PASS) != PASS:
            broken.append(name)
        elif eudp.get(name) != udp.get(name):
            differ.append(name)
    return differ, broken


class Expected:
    """What is known: test | sub-tests | how many | kind | reason.

    The sub-tests are a pattern of names as of files; the first line that fits
    takes one. kind is "not yet" or "differs", of eudp, "broken here", of UDP
    as well, or "not run", which means that no socket was opened."""

    KINDS = ("not yet", "differs", "broken here", "not run")

    def __init__(self, lines):
        self.lines = []
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            words = [word.strip() for word in line.split("|")]
            if len(words) != 5 or words[3] not in self.KINDS or not words[4]:
                raise ValueError(f"line {number}: {line}")
            self.lines.append((words[0], words[1], int(words[2]), words[3], words[4]))

    def judge(self, test, udp, eudp, opened):
        """The verdict, and what is better or worse than it should be."""
        if not opened:
            return self.not_run(test)
        differ, broken = differing(udp, eudp)
        left = {"eudp": differ, "udp": broken}
        kinds, wrong = [], []
        for name, pattern, count, kind, _ in self.lines:
            if name != test:
                continue
            if kind == "not run":
                wrong.append("not run: sockets of eudp were opened")
                continue
            where = "udp" if kind == "broken here" else "eudp"
            taken = [each for each in left[where] if fnmatch.fnmatchcase(each, pattern)]
            left[where] = [each for each in left[where] if each not in taken]
            if taken:
                kinds.append(kind)
            if len(taken) != count:
                wrong.append(f"{kind}: {len(taken)} of {pattern}, not {count}")
        wrong += [f"different: {each or test}" for each in left["eudp"]]
        wrong += [f"broken here: {each or test}" for each in left["udp"]]
        if not udp:
            wrong.append(f"broken here: {test}")
        if left["eudp"]:
            return "different", wrong
        for kind in ("differs", "not yet"):
            if kind in kinds:
                return kind, wrong
        return "same" if PASS in udp.values() else "broken here", wrong

    def reasons(self, test, verdict):
        """Why, for the table; what is broken here has its reason beside others."""
        found = [line[4] for line in self.lines
                 if line[0] == test and line[3] in (verdict, "broken here")]
        return ", ".join(dict.fromkeys(found))

    def not_run(self, test):
        known = any(line[0] == test and line[3] == "not run" for line in self.lines)
        return "not run", [] if known else ["no socket of eudp was opened"]
