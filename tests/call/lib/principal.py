"""Shared by the tests of A4.1.3 and A4.1.4: the world, callers, and what is asked of every way in."""
import os
import time

import yaml

from . import sound
from .server import ALWAYS, Server, dump, hears, hears_all


_n = [0]


def world_of(name, first):
    """`first`: of the callers' numbers, so that modules don't share them."""
    _n[0] = first

    def did(config):
        path = os.path.join(config, "node.yaml")
        n = yaml.safe_load(open(path))
        n["organisations"][0]["numbers"] += [{"number": "02155508801", "to": "8801"},
                                             {"number": "02155508800", "to": "8800"}]
        dump(n, open(path, "w"))
    return Server(name, office=ALWAYS, csv_edit=did)


def caller(s):
    _n[0] += 1
    return s.outside(str(_n[0]))


def screened(s, number="8801", dial="8000"):
    """A caller who has said who they are; the general manager's phone rings."""
    gm, c = s.phone("8801"), caller(s)
    call = c.call(dial).wait_up()
    if dial == "8000":
        call.digits(number)
    hears_all(call, "screening.ask")
    call.rtp.say(sound.tone(520, 2000, 0.5))
    time.sleep(2.2)
    call.digits("#")
    hears(call, "screening.thanks")
    return gm, c, call


def no_way_through(s, call, gm_call=None):
    """Nothing that the caller says is heard by the general manager."""
    call.rtp.say(sound.tone(1300, 1000))
    time.sleep(0.9)
    if gm_call:
        assert not sound.hears_tone(gm_call.rtp.samples(400), 1300), "joined without consent"


def consents(s, number):
    r = s.record(number)
    return [x for x in r["steps"] if x["kind"] == "consent"], r


def blind(s, by, to):
    """An outside caller is put through to `by`, who transfers blind to `to`."""
    p, c = s.phone(by), caller(s)
    call = c.call("8000").wait_up()
    call.digits(by)
    theirs = p.wait_call()
    theirs.answer()
    time.sleep(0.3)
    theirs.refer(to)
    return p, c, call, theirs


def attended(s, by):
    gm, p, c = s.phone("8801"), s.phone(by), caller(s)
    call = c.call("8000").wait_up()
    call.digits(by)
    theirs = p.wait_call()
    theirs.answer()
    theirs.hold()
    second = p.call("8801")
    boss = gm.wait_call()
    boss.answer()
    second.wait_up()
    theirs.refer("8801", replaces=second)
    time.sleep(0.8)
    return c, call, boss
