"""The bars of Code 128 and what its symbols mean. Pure."""

from __future__ import annotations

_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
)
STOP = "2331112"
"""The last symbol: the only one of 13 modules."""
SYMBOLS = tuple(_WIDTHS.split())
"""Widths of bar, gap, bar, gap, bar, gap of the symbols 0 to 105, each 11 modules."""
MODULES = 11
STOP_MODULES = 13
START_A = 103
STARTS = range(START_A, START_A + 3)
_FNC1, _CODE_C = 102, 99
_GROUP_SEPARATOR = "\x1d"


def dark_modules(widths: str) -> tuple[int, ...]:
    """Return 1 for each dark module and 0 for each light one, from the widths that begin with a bar."""
    modules: list[int] = []
    for place, width in enumerate(widths):
        modules += [1 - place % 2] * int(width)
    return tuple(modules)


def bars_of(text: str) -> tuple[bool, ...]:
    """Return the modules of a printable ASCII text in set B, dark ones True, without quiet zones."""
    symbols = [START_A + 1, *(ord(character) - 32 for character in text)]
    if not text or not all(0 <= symbol < 95 for symbol in symbols[1:]):
        raise ValueError("only printable ASCII")
    symbols.append((symbols[0] + sum(place * symbol for place, symbol in enumerate(symbols[1:], start=1))) % 103)
    widths = "".join(SYMBOLS[symbol] for symbol in symbols) + STOP
    return tuple(bool(module) for module in dark_modules(widths))


def is_checked(symbols: list[int]) -> bool:
    """Tell whether the last of the symbols, without the stop, is the check of those before."""
    weighed = symbols[0] + sum(place * symbol for place, symbol in enumerate(symbols[1:-1], start=1))
    return weighed % 103 == symbols[-1]


def text_of(symbols: list[int]) -> str | None:
    """Return the text of start, data and check symbols; None for what no card has (controls, shifts, odd sets)."""
    code_set = symbols[0] - START_A
    text = ""
    for place, symbol in enumerate(symbols[1:-1]):
        if symbol == _FNC1:
            # In the first place it says «GS1», later it parts two fields.
            text += _GROUP_SEPARATOR if place else ""
        elif code_set == 2 and symbol < 100:
            text += f"{symbol:02d}"
        elif code_set < 2 and symbol < (64 if code_set == 0 else 95):
            text += chr(symbol + 32)
        elif symbol in {100, 101, _CODE_C} and symbol != 101 - code_set:
            code_set = 101 - symbol
        else:
            return None
    return text
