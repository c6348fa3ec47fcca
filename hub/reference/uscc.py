"""统一社会信用代码 (GB 32100-2015): 18 characters, the last of them a check.

Only the alphabet and the check are looked at: which first characters are handed out is not settled (village
collectives have N), and the region inside is where the unit was registered, perhaps under an old code.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def valid(code: str) -> bool:
    """Whether ``code`` is 18 characters of the alphabet (capitals) whose check holds. Nothing is trimmed."""
    if len(code) != 18 or any(character not in ALPHABET for character in code):
        return False
    values = [ALPHABET.index(character) for character in code]
    # (31 − Σ mod 31) mod 31: without the last mod a sum that 31 divides would want the 32nd character.
    return (31 - sum(w * v for w, v in zip(_WEIGHTS, values[:17], strict=True)) % 31) % 31 == values[17]


def valid_sql(x: str) -> str:
    """:func:`valid` as a DuckDB expression over ``x`` (a text column: it is repeated); NULL gives NULL."""
    # The check is what makes the weighted sum a multiple of 31, so it counts as an 18th place of weight 1.
    places = [f"{weight} * (strpos('{ALPHABET}', {x}[{place}]) - 1)" for place, weight in enumerate((*_WEIGHTS, 1), 1)]
    is_written_so = f"regexp_full_match({x}, '[{ALPHABET}]{{18}}')"
    return f"(CASE WHEN {x} IS NULL THEN NULL WHEN {is_written_so} THEN ({' + '.join(places)}) % 31 = 0 ELSE false END)"
