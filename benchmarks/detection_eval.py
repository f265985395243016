"""Hold detection against labelled notebooks and print where it is right and wrong.

    python -m benchmarks.detection_eval FOLDER LABELS.csv

The label file has the columns repo, path, commit, type, services, confidence, type_alt and
category; in `services`, `a|b` accepts either and `a;b` wants both; `type_alt` lists further
types that are right, parted by `;`. A notebook lies at FOLDER/<repo with + for />/<commit>/<path>.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector
from coursia_genai_lab.wire.notebooks import NotebookType, Profile

from .word_heuristic import classify

TYPES = ("CLASSIC", "GENAI_BASIC", "GENAI_ADVANCED", "HYBRID")
QUIET = ("classic", "text-llm")
"""Categories in which a claim starts a container that nobody asked for."""


@dataclass(frozen=True)
class Case:
    """One labelled notebook and what detection said of it."""

    label: dict[str, str]
    profile: Profile
    milliseconds: float
    by_words: NotebookType | None
    """What the heuristic of telling words says; None where it raises."""

    @property
    def positive(self) -> bool:
        return self.label["needs_image_service"] == "1"

    @property
    def sure(self) -> bool:
        return self.label["confidence"] == "high"

    @property
    def accepted(self) -> set[str]:
        return {self.label["type"], *filter(None, self.label["type_alt"].split(";"))}

    @property
    def type_right(self) -> bool:
        return self.profile.type in self.accepted

    @property
    def services_right(self) -> bool:
        wanted = [set(part.split("|")) for part in self.label["services"].split(";") if part]
        found = set(self.profile.services)
        return all(found & either for either in wanted) and not found - set().union(*wanted)


def place(folder: Path, label: dict[str, str]) -> Path:
    """Return where a labelled notebook lies."""
    return folder / label["repo"].replace("/", "+") / label["commit"] / label["path"]


def examine(folder: Path, labels: Path) -> tuple[list[Case], list[str]]:
    """Return the cases, and the labelled notebooks that the folder lacks."""
    detector = Detector(load_catalog())
    cases: list[Case] = []
    missing: list[str] = []
    with labels.open(encoding="utf-8", newline="") as stream:
        for label in csv.DictReader(stream):
            path = place(folder, label)
            if not path.is_file():
                missing.append(f"{label['repo']} {label['path']}")
                continue
            before = time.perf_counter()
            profile = detector.profile_file(path, api_path=label["path"])
            milliseconds = (time.perf_counter() - before) * 1000
            cases.append(Case(label, profile, milliseconds, classify(path)))
    return cases, missing


def show_confusion(cases: Iterable[Case]) -> None:
    """Print labelled types by row, found types by column."""
    counts: Counter[tuple[str, str]] = Counter(
        (case.label["type"], case.profile.type) for case in cases
    )
    print(f"{'label':>16} | " + " ".join(f"{name:>15}" for name in TYPES))
    for row in TYPES:
        print(f"{row:>16} | " + " ".join(f"{counts[row, column]:>15}" for column in TYPES))


def show_beside(cases: Sequence[Case]) -> None:
    """Print detection beside the heuristic of telling words; it knows no services."""
    sure = [case for case in cases if case.sure]
    positive = [case for case in sure if case.positive]
    negative = [case for case in sure if not case.positive]
    quiet = [case for case in negative if case.label["category"] in QUIET]
    print(f"{'high confidence':>30} | {'detection':>10} {'words':>10}")
    for name, among, ours, words in (
        ("needs found", positive, _needs, _needs_by_words),
        ("false claims", negative, _needs, _needs_by_words),
        (f"of these in {', '.join(QUIET)}", quiet, _needs, _needs_by_words),
        ("type right", sure, lambda c: c.type_right, lambda c: c.by_words in c.accepted),
        ("raises", sure, lambda c: "defect" in c.profile.note, lambda c: c.by_words is None),
    ):
        first, second = (f"{sum(map(how, among))}/{len(among)}" for how in (ours, words))
        print(f"{name:>30} | {first:>10} {second:>10}")


def _needs(case: Case) -> bool:
    return case.profile.needs_image_service


def _needs_by_words(case: Case) -> bool:
    return case.by_words not in {None, "CLASSIC"}


def show_rates(cases: Sequence[Case]) -> bool:
    """Print the rates and return whether they reach the goals."""
    sure = [case for case in cases if case.sure]
    positive = [case for case in sure if case.positive]
    hits = [case for case in positive if case.profile.needs_image_service]
    wrong = [case for case in sure if not case.positive and case.profile.needs_image_service]
    loud = [case for case in wrong if case.label["category"] in QUIET]
    broken = [case for case in cases if "defect" in case.profile.note]
    goals = [
        _rate("recall, high confidence", len(hits), len(positive), 0.95),
        _rate("services right of these", sum(c.services_right for c in hits), len(hits), 0.90),
        _rate("type right, high confidence", sum(c.type_right for c in sure), len(sure), 0.90),
    ]
    print(f"false claims: {len(wrong)} of high confidence, {len(loud)} in {', '.join(QUIET)}")
    print(f"defects: {len(broken)}")
    return all(goals) and not loud and not broken and len(wrong) <= 1


def _rate(name: str, part: int, whole: int, goal: float) -> bool:
    share = part / whole if whole else 1.0
    print(f"{name:>28}: {part}/{whole} = {share:.0%} (goal {goal:.0%})")
    return share >= goal


def show_misses(cases: Iterable[Case]) -> None:
    """Print every case that differs from its label, with the evidence."""
    for case in cases:
        seen = case.positive == case.profile.needs_image_service
        if seen and case.type_right and (not case.positive or case.services_right):
            continue
        label, profile = case.label, case.profile
        print(f"\n{label['path']} @ {label['commit'][:8]} ({label['confidence']})")
        print(f"  label {label['type']} {label['services'] or '-'} {label['type_alt']}")
        optional = f"(optional: {' '.join(profile.optional)})" if profile.optional else ""
        found = " ".join(profile.services) or "-"
        print(f"  found {profile.type} {found} {optional} {profile.note}")
        for item in profile.evidence[:8]:
            print(f"    cell {item.cell} line {item.line} {item.rule}: {item.excerpt}")


def main() -> int:
    """Run the evaluation; the exit code is 1 when a goal is missed, 2 when files lack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("labels", type=Path)
    chosen = parser.parse_args()
    cases, missing = examine(chosen.folder, chosen.labels)
    if not cases:
        print(f"{chosen.folder} holds none of the labelled notebooks.", file=sys.stderr)
        return 2
    show_confusion(cases)
    print()
    show_beside(cases)
    print()
    reached = show_rates(cases)
    times = [case.milliseconds for case in cases]
    print(f"time: median {statistics.median(times):.2f} ms, slowest {max(times):.1f} ms")
    show_misses(cases)
    if missing:
        print(f"\n{len(missing)} labelled notebooks are not in the folder:", *missing, sep="\n  ")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
