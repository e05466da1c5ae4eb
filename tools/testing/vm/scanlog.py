# SPDX-License-Identifier: GPL-2.0
"""Finds the reports of trouble in a kernel log.

usage: scanlog.py < LOG      prints the first report; exit status 1 if there is one
"""

import re
import sys

# Each stands for the first line of a report, or for a line that never stands
# in a healthy log.
REPORTS = [
    r"BUG: ",
    r"kernel BUG at ",
    r"WARNING: (?!.*(speculative|mitigation))",
    r"Call Trace:",
    r"KASAN: ",
    r"UBSAN: ",
    r"KCSAN: ",
    r"Oops: ",
    r"general protection fault",
    r"Kernel panic",
    r"unable to handle ",
    r"INFO: possible (circular|recursive|irq lock inversion)",
    r"INFO: inconsistent lock state",
    r"INFO: trying to register non-static key",
    r"INFO: task .* blocked for more than",
    r"INFO: rcu.* (detected|self-detected) stall",
    r"rcu: INFO: .*stall",
    r"(possible circular locking|possible recursive locking|possible irq lock inversion)",
    r"inconsistent lock state",
    r"suspicious RCU usage",
    r"DEBUG_LOCKS_WARN_ON",
    r"(lock held when returning|held lock freed)",
    r"turning off the locking correctness validator",
    r"(ref_tracker|reference already released|leaked reference)",
    r"unreferenced object 0x",
    r"kmemleak: \d+ new suspected",
    r"refcount_t: ",
    r"ODEBUG: ",
    r"list_(add|del) corruption",
    r"unregister_netdevice: waiting for",
    r"Attempt to release alive",
    r"sleeping function called from invalid context",
    r"scheduling while atomic",
    r"soft lockup|hard LOCKUP",
    r"page allocation failure",
    r"Objects remaining in ",
    r"Slab .* still has objects",
    r"stack-protector",
]
PATTERN = re.compile("|".join(f"(?:{each})" for each in REPORTS))
# Not trouble but what the kernel says when there is no memory, where only fault
# injection gets: with a trace for a slab cache, which it calls EINVAL as well,
# and for the area of a BPF program; or that a reference is not tracked.
NO_MEMORY = re.compile(
    r"__kmem_cache_create_args\(\w+\) failed with error -(12|22)$"
    r"|\S+: vmalloc error: size \d+, vm_struct allocation failed, ")
UNTRACKED = "ref_tracker: memory allocation failure, unreliable refcount tracker."
END_OF_TRACE = "</TASK>"
# What KCSAN says of others is for others to mend
RACE = re.compile(r"^BUG: KCSAN: ")
END_OF_RACE = re.compile(r"^=+$")
OURS = re.compile(r"\[eudp(_diag)?\]")
PREFIX = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\]( *\[ *[TC]\d+\])? ?")


def first_report(log):
    """The first line of log, without its time stamp, that reports trouble."""
    in_trace = False
    race = None
    for line in log.splitlines():
        text = PREFIX.sub("", line.rstrip("\r"))
        if in_trace and text.strip() in ("Call Trace:", END_OF_TRACE):
            in_trace = text.strip() != END_OF_TRACE
            continue
        if RACE.match(text):
            race = text.strip()
        if race:
            if OURS.search(text):
                return race
            if END_OF_RACE.match(text):
                race = None
            continue
        in_trace = in_trace or bool(NO_MEMORY.match(text))
        if text.strip() != UNTRACKED and PATTERN.search(text):
            return text.strip()
    return None


if __name__ == "__main__":
    report = first_report(sys.stdin.read())
    if report:
        print(report)
    sys.exit(1 if report else 0)
