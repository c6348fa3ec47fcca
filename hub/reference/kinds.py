"""The words every event is made of: closed lists, English in the data, Chinese for people.

What a kind posts is not here but in projections/ledger.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What happened to waste. A ``witness`` is compared with the booked reports and adds no tonnes."""

    name: str
    name_zh: str
    witness: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("GENERATED", "产生"),
        Kind("COLLECTED", "收运"),
        Kind("STORED", "入库贮存"),
        Kind("RELEASED", "出库"),
        Kind("DISPATCHED", "转出"),
        Kind("RECEIVED", "接收"),
        Kind("BROUGHT_IN", "调入"),
        Kind("SENT_OUT", "调出"),
        Kind("UTILISED", "利用"),
        Kind("DISPOSED", "处置"),
        Kind("LOST", "损失"),
        Kind("OPENING", "期初结存"),
        Kind("COUNTED", "盘点", witness=True),
        Kind("REPORTED", "填报", witness=True),
    )
}

STREAMS: dict[str, str] = {
    "industrial": "一般工业固体废物",
    "hazardous": "危险废物",
    "medical": "医疗废物",
    "domestic": "生活垃圾",
    "construction": "建筑垃圾",
    "agricultural": "农业固体废物",
    "recyclable": "再生资源",
    "sludge": "污泥",
}

DEPARTMENTS: dict[str, str] = {
    "environment": "生态环境",
    "urban_management": "城市管理",
    "housing": "住房城乡建设",
    "agriculture": "农业农村",
    "commerce": "商务",
    "health": "卫生健康",
    "transport": "交通运输",
    "industry": "工业和信息化",
}

SCHEMES: dict[str, str] = {
    "HW": "国家危险废物名录",
    "SW": "固体废物分类与代码目录（2024年第4号公告）",
    "SW82": "2021年第82号公告附表8",
    "GB39198": "GB/T 39198-2020",
    "LOCAL": "本地代码",
}

BASES: dict[str, str] = {"weighed": "称重", "estimated": "估算", "stated": "申报"}

PRECISIONS: dict[str, str] = {"instant": "时刻", "day": "日", "month": "月", "quarter": "季", "year": "年"}
