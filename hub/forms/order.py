"""In which order a form's nodes are settled, so that each is looked at after everything it depends on.

A node depends on its parent (an irrelevant parent hides it) and on what its calculation, its relevance and
its repeat count look at. A form that goes in a circle is refused when it is read.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence, Set

from hub.base.errors import Refused
from hub.forms.rewrite import ANY, EVERYTHING_BELOW, Names


def settle(paths: Sequence[Names], looked_at: Mapping[Names, Set[Names]]) -> tuple[Names, ...]:
    """Order ``paths`` (document order) so that each follows those it looks at and its parent.

    Raises Refused("forms.circular", path=).
    """
    place = {path: at for at, path in enumerate(paths)}
    waits: dict[Names, set[Names]] = {}
    awaited: dict[Names, list[Names]] = {path: [] for path in paths}
    for path in paths:
        needed = {path[:-1], *looked_at.get(path, ())} & place.keys()
        needed.discard(path)
        waits[path] = needed
        for one in needed:
            awaited[one].append(path)
    ready = [place[path] for path in paths if not waits[path]]
    heapq.heapify(ready)
    done: list[Names] = []
    while ready:
        path = paths[heapq.heappop(ready)]
        done.append(path)
        for follower in awaited[path]:
            waits[follower].discard(path)
            if not waits[follower]:
                heapq.heappush(ready, place[follower])
    if len(done) < len(paths):
        raise Refused("forms.circular", path="/" + "/".join(_in_circle(waits)))
    return tuple(done)


def matching(pattern: Names, paths: Sequence[Names], place: Mapping[Names, object]) -> Iterable[Names]:
    """The paths a pattern stands for."""
    if pattern in place:
        return (pattern,)
    if EVERYTHING_BELOW in pattern:
        start = pattern[: pattern.index(EVERYTHING_BELOW)]
        return [
            path
            for path in paths
            if len(path) > len(start) and path[: len(start)] == start and not path[-1].startswith("@")
        ]
    if ANY not in pattern:
        return ()
    return [
        path
        for path in paths
        if len(path) == len(pattern)
        and not path[-1].startswith("@")
        and all(a in (ANY, b) for a, b in zip(pattern, path, strict=True))
    ]


def _in_circle(waits: Mapping[Names, set[Names]]) -> Names:
    path = next(path for path, needed in waits.items() if needed)
    seen: set[Names] = set()
    while path not in seen:
        seen.add(path)
        path = next(iter(sorted(waits[path])))
    return path
