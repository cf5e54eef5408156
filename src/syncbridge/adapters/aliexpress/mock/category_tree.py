"""Some of the vendor's categories with their attributes (aliexpress.md §4.3); what is not here is no category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One node of the tree."""

    number: int
    parent: int
    level: int
    english: str
    chinese: str
    is_leaf: bool = False
    needs_eu_person: bool = False
    qualifications: tuple[str, ...] = ()


_TREE = (
    Category(21, 0, 1, "Office & School Supplies", "办公文教用品"),
    Category(2115, 21, 2, "Notebooks & Writing Pads", "笔记本"),
    Category(200135143, 2115, 3, "Notebooks", "记事本", is_leaf=True, needs_eu_person=True),
    Category(15, 0, 1, "Home & Garden", "家居用品"),
    Category(1541, 15, 2, "Home Storage & Organization", "家居收纳用品"),
    Category(200003482, 1541, 3, "Storage Bags", "收纳袋", is_leaf=True, needs_eu_person=True),
    Category(380510, 1541, 3, "Hooks & Rails", "挂钩", is_leaf=True),
    Category(5090301, 0, 1, "Phone Cases", "手机壳", is_leaf=True, needs_eu_person=True),
    Category(26, 0, 1, "Toys & Hobbies", "玩具"),
    Category(201520802, 26, 2, "Building Blocks", "积木", is_leaf=True, needs_eu_person=True,
             qualifications=("ce", "label")),
    Category(3, 0, 1, "Apparel & Accessories", "服饰"),
    Category(200000345, 3, 2, "Women's Clothing", "女装"),
    Category(200000801, 200000345, 3, "Hoodies", "卫衣", is_leaf=True),
    Category(200001355, 200000345, 3, "Socks", "袜子", is_leaf=True),
    Category(100005062, 0, 1, "Lamps", "灯具", is_leaf=True, needs_eu_person=True, qualifications=("ce",)),
)  # fmt: skip
CATEGORIES: Mapping[int, Category] = {category.number: category for category in _TREE}
LEAVES = frozenset(category.number for category in _TREE if category.is_leaf)

QUALIFICATIONS: Mapping[str, tuple[str, str, bool]] = {
    "ce": ("image", "CE certificate", True),
    "label": ("text", "Age label", False),
}
"""By key: type, label, whether it is required."""


@dataclass(frozen=True)
class Attribute:
    """A field of a category; `values` are (number, English, Chinese)."""

    number: int
    english: str
    chinese: str
    shown_as: str
    values: tuple[tuple[int, str, str], ...] = ()
    of_sku: int = 0
    """Its place among the attributes of SKUs; 0 is none of them."""
    required_in: str = ""
    """Countries, parted by commas."""
    visible: bool = True
    children: Mapping[int, int] | None = None
    """Which attribute hangs below which value."""


ATTRIBUTES = (
    Attribute(2, "Brand Name", "品牌", "list_box", ((201512802, "NoEnName_Null", "无"), (4, "Other", "其他")),
              required_in="ES,FR,IT,DE"),
    Attribute(10, "Material", "材质", "check_box", ((48, "Cotton", "棉"), (350262, "Paper", "纸")),
              children={350262: 200001025}),
    Attribute(3, "Model Number", "型号", "input"),
    Attribute(200009999, "Internal mark", "内部标记", "input", visible=False),
    Attribute(14, "Color", "颜色", "list_box", ((193, "black", "黑色"), (29, "white", "白色"), (10, "red", "红色"),
                                             (173, "blue", "蓝色")), of_sku=1),
    Attribute(5, "Size", "尺码", "list_box", ((100014064, "M", "M"), (100014065, "L", "L"), (361386, "S", "S")),
              of_sku=2),
    Attribute(200007763, "Ships From", "发货地", "list_box",
              ((201336100, "CHINA", "中国"), (201336104, "Spain", "西班牙")), of_sku=3),
)  # fmt: skip
CHILDREN = {
    200001025: Attribute(200001025, "Paper weight", "克重", "list_box", ((1, "80 g", "80克"), (2, "100 g", "100克")))
}
"""Attributes that hang below a value of another."""
SKU_ATTRIBUTES = frozenset(attribute.number for attribute in ATTRIBUTES if attribute.of_sku)
