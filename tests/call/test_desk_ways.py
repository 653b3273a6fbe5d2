"""The ways to the general manager past an operator, by console, API and SIP, without a consent fact
of this call: each is tried, none gets through (beside tests/call/test_ways_to_the_general_manager)."""
import time

from lib import sound
from lib.desk import Client, Desk, Refused
from lib.principal import world_of

ALL = {"surname": True, "organisation": True, "matter": True}
GM = {"number": "8801"}
_n = [13800015000]


def world():
    return world_of("desk_ways", 13800014000)


class Scene:
    """An operator with a caller in hand; the general manager's phone is there."""

    def __init__(self, s, screened=True):
        _n[0] += 1
        self.s = s
        self.gm = s.phone("8801")
        self.d = Desk(s, "operator1").on_duty()
        self.c = s.outside(str(_n[0]))
        self.call = self.c.call("8000")
        self.row = self.d.take_call(self.c.user)
        if screened:
            self.d.command("screen", value=ALL)

    def consult(self, answer=True):
        self.d.command("consult", target=GM)
        theirs = self.gm.wait_call()
        theirs.ring()
        if answer:
            theirs.answer()
            self.d.wait(lambda: self.d.from_number(self.c.user)["consulted"], what="consulted")
        return theirs

    def apart(self, theirs):
        """Caller and general manager don't hear each other."""
        self.call.rtp.say(sound.tone(1300, 800))
        time.sleep(0.7)
        assert not sound.hears_tone(theirs.rtp.samples(300), 1300), "joined without consent"

    def end(self, theirs=None, silent=False):
        """Nothing was joined, nothing was consented to."""
        if theirs:
            self.apart(theirs)
        elif not silent:
            self.gm.no_call(0.6)
        self.call.hang_up()
        self.s.wait_query("SELECT 1 FROM calls WHERE call_no = ? AND ended_ms > 0", self.row["no"])
        steps = self.s.query("SELECT * FROM steps WHERE call_no = ?", self.row["no"])
        assert not [x for x in steps if x["kind"] == "consent"], steps
        self.d.close()


def test_way_12_put_through_unscreened(s):
    w = Scene(s, screened=False)
    w.d.refused("put_through", target=GM, code="screening", clause="A4.1.3")
    w.end()


def test_way_13_put_through_screened_but_not_consulted(s):
    w = Scene(s)
    w.d.refused("put_through", target=GM, code="consent", clause="A4.1.3")
    w.d.refused("put_through", target={"person": 4}, code="consent", clause="A4.1.3")
    w.end()


def test_way_14_consult_unscreened(s):
    w = Scene(s, screened=False)
    w.d.refused("consult", target=GM, code="screening", clause="A4.1.3")
    w.d.command("screen", value={"surname": True, "organisation": True, "matter": False})
    w.d.refused("consult", target=GM, code="screening", clause="A4.1.3")
    w.end()


def test_way_15_agreed_without_a_consultation(s):
    w = Scene(s)
    w.d.refused("outcome", value="agreed")
    w.end()


def test_way_16_agreed_while_it_rings(s):
    w = Scene(s)
    w.consult(answer=False)
    w.d.refused("outcome", value="agreed", code="consent", clause="A4.1.3")
    w.d.command("pull_back")
    w.end()


def test_way_17_a_colleague_agrees_in_his_stead(s):
    w = Scene(s)
    other = s.phone("8312")
    w.d.command("consult", target={"number": "8312"})
    other.wait_call().answer()
    w.d.wait(lambda: w.d.from_number(w.c.user)["consulted"], what="consulted")
    w.d.command("outcome", value="agreed")  # joins the colleague, nobody else
    w.end()


def test_way_18_the_consultation_is_picked_up_by_another(s):
    w = Scene(s)
    w.consult(answer=False)
    grab = s.phone("8312").call("**8801")
    time.sleep(1)
    if grab.state == "up":
        w.d.refused("outcome", value="agreed")
        w.apart(grab)
    w.d.command("pull_back")
    w.end()


def test_way_19_the_general_managers_forward(s):
    w = Scene(s, screened=True)
    other = s.phone("8312")
    w.gm.call("*728312").wait_up().wait_ended(8)
    try:
        w.d.command("consult", target=GM)
        other.no_call(1)
    except Refused:
        pass
    w.d.refused("outcome", value="agreed")
    w.gm.call("*73").wait_up().wait_ended(8)
    w.call.hang_up()
    assert not [x for x in s.record(w.c.user)["steps"] if x["kind"] == "consent"]
    w.d.close()


def test_way_20_conference_before_consent(s):
    w = Scene(s)
    theirs = w.consult()
    w.d.refused("conference", code="consent", clause="A4.1.3")
    w.end(theirs)


def test_way_21_handed_over_in_the_consultation(s):
    w = Scene(s)
    e = Desk(s, "operator2").on_duty()
    theirs = w.consult()
    try:
        w.d.command("hand_over", to_position=e.me()["no"])
        row = e.wait_row(w.c.user, "returned")
        e.command("answer", row)
        e.refused("outcome", value="agreed")
        e.refused("put_through", target=GM, code="consent", clause="A4.1.3")
    except Refused:
        pass
    w.end(theirs if theirs.state == "up" else None, silent=True)
    e.close()


def test_way_22_another_operator_agrees(s):
    w = Scene(s)
    e = Desk(s, "operator2").on_duty()
    theirs = w.consult()
    e.refused("outcome", w.row, value="agreed")
    e.refused("answer", w.row)
    e.refused("put_through", w.row, target=GM)
    w.end(theirs)
    e.close()


def test_way_23_held_and_retrieved_in_the_consultation(s):
    w = Scene(s)
    theirs = w.consult()
    try:
        w.d.command("hold")
        w.d.command("retrieve", w.d.from_number(w.c.user))
    except Refused:
        pass
    w.d.refused("put_through", target=GM)
    w.end(theirs if theirs.state == "up" else None, silent=True)


def test_way_24_the_manager_and_an_administrator_command(s):
    w = Scene(s)
    for account in ("manager", "admin"):
        other = Client(s, account)
        for what in ("answer", "put_through", "outcome"):
            status, _, body = other.send("POST", "/api/v1/desk/commands",
                                         {"what": what, "call": w.row["no"], "target": GM, "value": "agreed"})
            assert status in (403, 409), (account, what, status, body)
    w.end()


def test_way_25_nobody_signed_in_commands(s):
    w = Scene(s)
    kept, w.d.cookie = w.d.cookie, ""
    status, _, _ = w.d.send("POST", "/api/v1/desk/commands", {"what": "put_through", "target": GM})
    assert status == 401, status
    w.d.cookie = kept
    w.end()


def test_way_26_the_operators_phone_transfers_blind(s):
    w = Scene(s)
    w.d.headset.refer("8801")
    time.sleep(1)
    w.end()


def test_way_27_the_operators_phone_transfers_attended(s):
    w = Scene(s)
    second = w.d.phone.call("8801")
    time.sleep(0.3)
    theirs = None
    if second.state != "ended":
        theirs = w.gm.wait_call()
        theirs.answer()
        second.wait_up()
        w.d.headset.refer("8801", replaces=second)
        time.sleep(0.8)
    w.end(theirs, silent=True)


def test_way_28_put_through_to_one_who_transfers_blind(s):
    w = Scene(s)
    p = s.phone("8312")
    w.d.command("put_through", target={"number": "8312"})
    theirs = p.wait_call()
    theirs.answer()
    time.sleep(0.3)
    theirs.refer("8801")
    w.end()


def test_way_29_a_complaint_for_the_general_manager(s):
    w = Scene(s)
    w.d.command("complaint")
    w.d.refused("put_through", target=GM, code="customer_service", clause="A4.1.6")
    theirs = w.consult()  # he may be asked, but not joined
    w.d.refused("outcome", value="agreed", code="customer_service", clause="A4.1.6")
    w.end(theirs)


def test_way_30_over_the_trunk_and_back_to_his_did(s):
    w = Scene(s)
    try:
        w.d.command("put_through", target={"number": "902155508801"})
        time.sleep(1)
    except Refused:
        pass
    w.end()


def test_way_31_wait_and_call_back_name_him(s):
    w = Scene(s)
    w.d.refused("wait_free")
    w.d.refused("wait_free", target=GM)
    w.end()


def test_way_32_consent_by_an_instruction_that_isnt(s):
    w = Scene(s)
    w.d.refused("consent_by_name", value=4711)
    w.d.refused("put_through", target=GM, code="consent")
    w.end()


def test_way_33_parked_beside_the_consultation(s):
    w = Scene(s)
    theirs = w.consult()
    try:
        w.d.command("park")
    except Refused:
        pass
    w.end(theirs if theirs.state == "up" else None, silent=True)


def test_way_34_a_consent_of_another_call(s):
    """A consent is for this caller, once: the next call of the same number is asked about anew."""
    w = Scene(s)
    theirs = w.consult()
    w.d.command("outcome", value="agreed")
    w.call.rtp.say(sound.tone(700, 900))
    time.sleep(0.7)
    assert sound.hears_tone(theirs.rtp.samples(300), 700)
    w.call.hang_up()
    theirs.wait_ended()
    s.record(w.c.user)
    w.call = w.c.call("8000")
    w.row = w.d.take_call(w.c.user)
    w.d.command("screen", value=ALL)
    w.d.refused("put_through", target=GM, code="consent", clause="A4.1.3")
    w.d.refused("outcome", value="agreed")
    w.end()


def test_way_35_a_message_to_him_with_the_callers_voice_doesnt_ring(s):
    w = Scene(s)
    w.d.refused("dial", target=GM, code="hands_full")
    w.end()
