"""The arithmetic of the benchmarks' results: quantiles, ratios with their confidence, outages,
verdicts."""

import dataclasses
import math
from typing import Optional

# Student's t for a two-sided interval of 95 %, by degrees of freedom; beyond the table, normal.
_T95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26,
        10: 2.23, 12: 2.18, 15: 2.13, 20: 2.09, 30: 2.04}


def quantile(values, q):
    """The value below which the share `q` of the values lies, as nearly as there is one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def student_t(degrees):
    """At least the exact value: of the next smaller number of degrees in the table."""
    if degrees > 30:
        return 2.04
    return _T95[max(d for d in _T95 if d <= degrees)]


def ratio_interval(pairs):
    """(ratio, low, high) of the geometric mean of a/b over paired rounds, with 95 % confidence."""
    logs = [math.log(a / b) for a, b in pairs]
    mean = sum(logs) / len(logs)
    if len(logs) < 2:
        return math.exp(mean), 0.0, math.inf
    variance = sum((x - mean) ** 2 for x in logs) / (len(logs) - 1)
    half = student_t(len(logs) - 1) * math.sqrt(variance / len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


@dataclasses.dataclass
class Outage:
    """What callers saw of a fault, among the calls that ended after it; times in seconds from it.
    A call is bad if it failed or took too long."""
    calls: int
    failed: int
    slow_share: float       # those that took too long, of all
    late_slow_share: float  # the same, of those that began late
    span: float             # until the last call began
    clean: Optional[float]  # until the last bad call began; 0: none did; None: they did to the end
    over: float             # until the last bad call ended


def outage(calls, fault, slow=100000000, late=2000000000, tail=500000000):
    """`calls` are (began, took, whether it succeeded), times in nanoseconds. If more than one in a
    hundred is bad of those that began in the last `tail`, then it was not over; what single calls
    take then, other programs may have to do with."""
    seen = [call for call in calls if call[0] + call[1] > fault]
    began_late = [call for call in seen if call[0] >= fault + late]
    last = max((began for began, _, _ in seen), default=fault)

    def bad(since):
        return [call for call in seen if call[0] >= since and (not call[2] or call[1] > slow)]
    last_began = max([fault] + [began for began, _, _ in bad(0)])
    at_the_end = sum(began >= last - tail for began, _, _ in seen)
    is_over = not seen or len(bad(last - tail)) <= at_the_end / 100

    def slow_share(some):
        return sum(took > slow for _, took, _ in some) / len(some) if some else 0.0
    return Outage(
        calls=len(seen), failed=sum(not ok for _, _, ok in seen),
        slow_share=slow_share(seen), late_slow_share=slow_share(began_late),
        span=(last - fault) / 1e9,
        clean=(last_began - fault) / 1e9 if is_over else None,
        over=(max([fault] + [began + took for began, took, _ in bad(0)]) - fault) / 1e9)


@dataclasses.dataclass
class Row:
    """A line of the table. `value` is what the aim speaks of, in the aim's unit; where it is known
    only within an interval that holds the aim, nothing is claimed."""
    what: str
    measured: str
    against: str = ""
    ratio: str = ""
    value: Optional[float] = None
    at_most: Optional[float] = None
    at_least: Optional[float] = None
    unit: str = "x"
    interval: Optional[tuple] = None

    @property
    def aim(self):
        if self.at_most is not None:
            return "<= %g %s" % (self.at_most, self.unit)
        if self.at_least is not None:
            return ">= %g %s" % (self.at_least, self.unit)
        return ""

    @property
    def met(self):
        if not self.aim:
            return ""
        if self.value is None:
            return "not measured"
        low, high = self.interval or (self.value, self.value)
        if self.at_most is not None:
            return "yes" if high <= self.at_most else "no" if low > self.at_most else "unclear"
        return "yes" if low >= self.at_least else "no" if high < self.at_least else "unclear"

    def as_json(self):
        return dict(dataclasses.asdict(self), aim=self.aim, met=self.met)


def table(rows):
    """The rows as text, in columns as wide as they must be."""
    lines = [("what", "measured", "against", "ratio", "aim", "met?")]
    lines += [(r.what, r.measured, r.against, r.ratio, r.aim, r.met) for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
        for line in lines)
