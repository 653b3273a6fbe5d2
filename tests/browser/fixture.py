#!/usr/bin/env python3
"""Writes the picture that the fake server shows: 40 phones, two trunks, two calls, messages, records."""
import json
import sys
import time

NOW = int(time.time() * 1000)
PEOPLE = """朱善富 顾长河 林望舒 何静 沈清 周敏之 李敏 陈洁 张三丰 张淑芬 欧阳修远 孙立 吴启明 郑国安 王晓华
赵志强 钱文静 冯建军 褚云 卫东 蒋丽 韩梅 杨帆 秦明 尤佳 许诺 何晓明 吕洋 施展 张弛 孔令辉 曹颖 严密 华强 金鑫 魏然 陶冶 姜山
戚光 谢婉""".split()
STATES = ["idle", "idle", "busy", "idle", "ringing", "unreachable"]


def call(no, caller, dialled, target, steps, **more):
    path = [{"at_ms": NOW - 60000 + 4000 * i, "step": s, "clause": c} for i, (s, c) in enumerate(steps)]
    return {"no": no, "org": 1, "caller": {"number": "", "name": "", "extension": "", "trunk": "", **caller},
            "dialled": dialled, "target": {"name": target[0], "number": target[1]}, "state": "talk",
            "began_ms": NOW - 60000, "since_ms": NOW - 4000, "attendant": False, "emergency": False,
            "steps": path, **more}


extensions = [{"id": i + 1, "number": str(8800 + i), "name": n, "state": STATES[i % 6], "dnd": i == 9}
              for i, n in enumerate(PEOPLE)]
calls = [
    call(1001, {"number": "13800000417", "name": "王先生", "trunk": "中国电信"}, "8000", ("朱善富", "8800"),
         [("arrived", "A4.2"), ("answered_attendant", "A4.2"), ("announced", "A4.2"), ("dialled", "A4.2"),
          ("target", "A4.1.3"), ("screening", "A4.1.3"), ("screened", "A4.1.3"), ("consultation", "A4.1.3")],
         attendant=True),
    call(1002, {"number": "8810", "name": "欧阳修远", "extension": "8810"}, "8802", ("林望舒", "8802"),
         [("arrived", "house"), ("target", "house"), ("target_ringing", "house"), ("connected", "house")]),
]
trunks = [{"id": "sample", "name": "中国电信", "usable": True, "reason": "up", "code": 200, "registered": True,
           "in_use": 1, "limit": 30, "address": "127.0.0.1"},
          {"id": "second", "name": "中国联通", "usable": False, "reason": "timeout", "code": 408,
           "registered": False, "in_use": 0, "limit": 10, "address": "127.0.0.2"}]
record = {"no": 900, "started_ms": NOW - 3600000, "answered_ms": NOW - 3595000, "connected_ms": 0,
          "ended_ms": NOW - 3500000, "wait_ms": 0, "caller": {"number": "13800002046", "name": ""},
          "dialled": "8000", "target": {"name": "张三丰", "person": 9}, "outcome": "message",
          "direction": "incoming", "clause": "A4.1.2"}
message = {"id": 1, "call": 900, "kept_ms": NOW - 3500000, "for": {"person": 9, "name": "张三丰"},
           "from_number": "13800002046", "from_name": "", "urgent": False, "clause": "A4.1.2",
           "sound_ms": 8200, "heard_ms": 0}
json.dump({
    "switchboard": {"company": "某城集团", "main_number": "8000", "state": "automatic", "reason": "no_operator",
                    "operators": 0, "calls": calls, "extensions": extensions, "trunks": trunks,
                    "messages_unheard": 3,
                    "storage": {"state": "well", "since_ms": NOW, "lost_steps": 0, "clock_by_s": 0}},
    "legs": [{"id": 1, "call": 1001, "state": "up", "extension": "", "trunk": "中国电信", "incoming": True,
              "held": False, "consultation": False}],
    "registrations": [{"extension": 1, "number": "8800", "user": "hq-8800", "contact": "sip:8800@10.0.0.8",
                       "transport": "udp", "expires_ms": NOW + 600000}],
    "people": [{"id": i + 1, "name": n, "number": str(8800 + i)} for i, n in enumerate(PEOPLE)],
    "departments": [{"id": 1, "name": "综合管理部", "number": "8600", "members": ["8805"]}],
    "messages": [message],
    "content": {"organisation": "华建工程", "matter": "合同盖章", "call_back": "", "screening": False},
    "records": [record],
    "record": {**record, "steps": calls[0]["steps"], "recordings": []},
}, sys.stdout, ensure_ascii=False)
