"""A mesh of profile envoy and Envoy give priorities and localities the same shares of the calls.

Run by tests/interop/run.sh.
"""

import unittest

from envoy_peer import EnvoyTest, service
from resources import endpoint
from shares import ComparesShares, of

BY_LOCALITY = {"localityWeightedLbConfig": {}}


def version(addresses, members):
    """The first are of version 1, which takes the calls of a cluster with subset()."""
    return [endpoint(address, metadata={"version": "1"} if i < members else None)
            for i, address in enumerate(addresses)]


def subset(**fields):
    return {"lbSubsetConfig": dict({
        "fallbackPolicy": "DEFAULT_SUBSET", "defaultSubset": {"version": "1"},
        "subsetSelectors": [{"keys": ["version"]}]}, **fields)}


def cases(b):
    """By name: a service. `b`: the backends."""
    scaled = subset(localityWeightAware=True, scaleLocalityWeight=True)
    return {
        "93-7": service([("z", 1, 0, of(b[:3], 2)), ("z", 1, 1, b[3:5])]),
        "46-54": service([("z", 1, 0, of(b[:3], 1)), ("z", 1, 1, b[3:5])]),
        "0-100": service([("z", 1, 0, of(b[:3], 0)), ("z", 1, 1, b[3:5])]),
        "37-35-28-of-three-priorities": service(
            [("z", 1, 0, of(b[:4], 1)), ("z", 1, 1, of(b[4:8], 1)), ("z", 1, 2, of(b[8:13], 1))],
            commonLbConfig={"healthyPanicThreshold": {"value": 0}}),
        "degraded-before-the-next-priority": service(
            [("z", 1, 0, of(b[:4], 1, 1)), ("z", 1, 1, of(b[4:8], 1, 1))]),
        "degraded-only": service([("z", 1, 0, of(b[:4], 0, 2)), ("z", 1, 1, of(b[4:6], 0, 1))]),
        "overprovisioning-100": service(
            [("z", 1, 0, of(b[:4], 3)), ("z", 1, 1, b[4:6])], overprovisioning=100),
        "overprovisioning-200": service(
            [("z", 1, 0, of(b[:4], 1)), ("z", 1, 1, b[4:6])], overprovisioning=200),
        "panic-of-one-priority": service([("z1", 1, 0, of(b[:3], 1)), ("z2", 1, 0, of(b[3:5], 0))]),
        "panic-of-all-priorities": service([("z", 1, 0, of(b[:3], 0)), ("z", 1, 1, of(b[3:5], 0))]),
        "panic-of-the-first-priority": service(
            [("z", 1, 0, of(b[:5], 1)), ("z", 1, 1, of(b[5:9], 2))]),
        "half-is-no-panic": service([("z", 1, 0, of(b[:4], 2))]),
        "no-panic-at-threshold-0": service(
            [("z", 1, 0, of(b[:4], 1))], commonLbConfig={"healthyPanicThreshold": {"value": 0}}),
        "localities-1-2": service([("z1", 1, 0, b[:2]), ("z2", 2, 0, b[2:4])],
                                  commonLbConfig=BY_LOCALITY),
        "localities-1-2-half-of-one": service(
            [("z1", 1, 0, of(b[:4], 2)), ("z2", 2, 0, b[4:8])], commonLbConfig=BY_LOCALITY),
        "localities-1-2-none-of-one": service(
            [("z1", 1, 0, b[:3]), ("z2", 2, 0, of(b[3:5], 0))], commonLbConfig=BY_LOCALITY),
        "localities-of-two-priorities": service(
            [("z1", 1, 0, of(b[:4], 1)), ("z2", 3, 0, of(b[4:6], 1)),
             ("z1", 4, 1, b[6:7]), ("z2", 1, 1, b[7:9])], commonLbConfig=BY_LOCALITY),
        "localities-without-weighting": service([("z1", 9, 0, b[:1]), ("z2", 1, 0, b[1:4])]),
        "a-subset": service([("z1", 1, 0, version(b[:4], 1)), ("z2", 1, 0, version(b[4:8], 2))],
                            **subset()),
        "a-subset-by-locality": service(
            [("z1", 1, 0, version(b[:4], 1)), ("z2", 1, 0, version(b[4:8], 2))],
            commonLbConfig=BY_LOCALITY, **subset(localityWeightAware=True)),
        "a-subset-by-scaled-locality": service(
            [("z1", 20, 0, version(b[:4], 1)), ("z2", 30, 0, version(b[4:8], 2))],
            commonLbConfig=BY_LOCALITY, **scaled),
        "a-subset-by-locality-scaled-to-nothing": service(
            [("z1", 1, 0, version(b[:4], 1)), ("z2", 1, 0, version(b[4:6], 1))],
            commonLbConfig=BY_LOCALITY, **scaled),
        "a-subset-by-localities-scaled-to-nothing": service(
            [("z1", 1, 0, version(b[:4], 1)), ("z2", 1, 0, version(b[4:9], 2))],
            commonLbConfig=BY_LOCALITY, **scaled),
        "endpoint-weights": service([("z", 1, 0, [
            endpoint(b[0], weight=1), endpoint(b[1], weight=2), endpoint(b[2], weight=5)])]),
    }


class SharesTest(ComparesShares, EnvoyTest):
    BACKENDS = 13

    @classmethod
    def services(cls, backends):
        return cases(backends)


if __name__ == "__main__":
    unittest.main(verbosity=2)
