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

FIELDS: dict[str, str] = {
    "entity_id": "实体", "revision": "修订", "restated": "重述", "event_id": "事件编号", "identity": "连接器标识",
    "part": "部分", "source_key": "来源键", "kind": "环节", "retracted": "已撤回", "stream": "废物类别",
    "scheme": "代码体系", "code": "代码", "waste_name": "废物名称", "code_unverified": "代码未核实",
    "method": "利用处置方式", "mass_g": "质量", "value": "数值", "unit": "单位", "factor": "换算系数表",
    "factor_version": "系数表版本", "count": "件数", "basis": "数据来源方式", "amount_fen": "结算金额（分）",
    "occurred_at": "发生时间", "precision": "时间精度", "period": "期间", "business_day": "业务日",
    "recorded_at": "登记时间", "observed_at": "读取时间", "region": "地区", "holder_scheme": "持有单位代码体系",
    "holder": "持有单位", "holder_name": "持有单位名称", "holder_site": "持有单位场所",
    "counterparty_scheme": "对方单位代码体系", "counterparty": "对方单位", "counterparty_name": "对方单位名称",
    "counterparty_site": "对方单位场所", "carrier_scheme": "承运单位代码体系", "carrier": "承运单位",
    "carrier_name": "承运单位名称", "carrier_site": "承运单位场所", "facility": "设施", "vehicle": "车辆",
    "manifest": "联单号", "manifest_line": "联单行号", "department": "部门", "connector": "连接器",
    "mapping": "映射摘要", "lists": "对照表版本", "marks": "标记", "scope": "文件范围", "batch": "批次",
    "act": "决定编号", "record": "记录", "record_sha256": "记录 SHA-256",
}  # fmt: skip
"""The fields of events, and of records set aside."""

ACCOUNTS: dict[str, str] = {
    "arisen": "产生", "opening": "期初", "outside": "市外", "unreported": "来源未报", "transit": "在途", "held": "持有",
    "stored": "贮存", "used": "利用", "disposed": "处置", "lost": "损失",
}  # fmt: skip

ACTS: dict[str, str] = {
    "pulled": "拉取", "deleted": "来源已删除", "redriven": "重新处理", "approved": "批准", "rejected": "驳回", "closed": "关闭",
}  # fmt: skip
