"""Where things are in the made-up city: 聊城's real counties, its zones without a code, and made-up companies."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A county by its GB/T 2260 code, or a development zone by its code in the hub's local list."""

    code: str
    name: str
    weight: int


# Weights follow the population roughly (6 million in all).
COUNTIES = (
    Place("371502", "东昌府区", 120), Place("371503", "茌平区", 55), Place("371521", "阳谷县", 70),
    Place("371522", "莘县", 90), Place("371524", "东阿县", 40), Place("371525", "冠县", 75),
    Place("371526", "高唐县", 45), Place("371581", "临清市", 75),
)
# The three zones report like counties but GB/T 2260 has no code for them; 3715nn must not be made up.
ZONES = (
    Place("LC-JKQ", "经济技术开发区", 20), Place("LC-GXQ", "高新技术产业开发区", 10),
    Place("LC-DJQ", "江北水城旅游度假区", 10),
)
PLACES = COUNTIES + ZONES
#: 茌平县 became 茌平区 (371503) in 2019; old systems still send this code.
OLD_COUNTY = "371523"

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SURNAMES = "张王李赵刘陈杨孙马周吴徐"
_GIVEN = "建国志强春梅海燕立军秀英明辉玉兰"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def some_places(rng: random.Random, count: int, among: tuple[Place, ...] = PLACES) -> list[Place]:
    """``count`` places, drawn by weight."""
    return rng.choices(among, [place.weight for place in among], k=count)


def uscc(rng: random.Random, region: str) -> str:
    """A 统一社会信用代码 with right check characters (GB 32100-2015) that belongs to nobody we know of."""
    digits = [rng.randrange(10) for _ in range(8)]
    check = (11 - sum(d * w for d, w in zip(digits, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11) % 11
    body = "91" + region + "".join(map(str, digits)) + "0123456789X"[check]
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


@dataclass(frozen=True)
class Company:
    """A made-up company at a place."""

    id: str
    name: str
    place: Place


def companies(rng: random.Random, count: int, trade: str, among: tuple[Place, ...] = PLACES) -> list[Company]:
    """``count`` companies whose names say their ``trade``; zones register theirs under 371502."""
    return [
        Company(uscc(rng, place.code if place.code.isdigit() else "371502"), f"{place.name}第{i + 1}{trade}", place)
        for i, place in enumerate(some_places(rng, count, among))
    ]


def person(rng: random.Random) -> str:
    """A name: personal data that no connector lets through."""
    return rng.choice(_SURNAMES) + rng.choice(_GIVEN) + rng.choice(_GIVEN)


def plates(rng: random.Random, count: int) -> list[str]:
    """``count`` number plates of 聊城 (鲁P)."""
    return [f"鲁P{rng.choice(_LETTERS)}{rng.randrange(10_000):04d}" for _ in range(count)]
