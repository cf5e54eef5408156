"""Suppliers' words for variants in English, so that 深蓝色 and Dark Blue can be held side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

WORDS: Mapping[str, str] = {
    "黑": "black", "白": "white", "红": "red", "蓝": "blue", "绿": "green", "黄": "yellow", "紫": "purple",
    "灰": "gray", "粉": "pink", "橙": "orange", "橘": "orange", "棕": "brown", "咖啡": "coffee", "金": "gold",
    "银": "silver", "米": "beige", "杏": "apricot", "卡其": "khaki", "藏青": "navy", "天蓝": "sky blue",
    "湖蓝": "lake blue", "酒红": "wine red", "玫红": "rose red", "玫瑰金": "rose gold", "军绿": "army green",
    "墨绿": "dark green", "青": "cyan", "透明": "clear", "彩": "multicolor", "混": "mixed", "深": "dark", "浅": "light",
    "亮": "bright", "大号": "large", "中号": "medium", "小号": "small", "特大": "extra large", "均码": "one size",
    "单个": "1pc", "套装": "set", "双": "pair", "个": "pcs", "件": "pcs", "只": "pcs", "支": "pcs", "米白": "ivory",
    "男": "men", "女": "women", "童": "kids", "左": "left", "右": "right", "款": "style", "色": "",
}  # fmt: skip
"""Longer words count before the shorter ones they contain."""
_KNOWN = re.compile("|".join(sorted(WORDS, key=len, reverse=True)))


@lru_cache(maxsize=16_384)
def english(text: str) -> str:
    """The text with each known word translated; what is not known stays as it is."""
    return " ".join(_KNOWN.sub(lambda found: f" {WORDS[found[0]]} ", text).split())
