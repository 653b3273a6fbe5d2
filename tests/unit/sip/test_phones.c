/*
 * Sessions with phones whose every message a script writes: what real phones do, and what none
 * should.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pair.h"

static struct pair p;
static struct phone ph, ph2;

static int setup(void **state)
{
	memset(&p, 0, sizeof(p));
	pair_open(&p);
	phone_up(&ph, p.a.port);
	phone_up(&ph2, p.a.port);
	return 0;
}

static int teardown(void **state)
{
	stimer_second_ms = 1000;
	pair_close(&p);
	phone_down(&ph);
	phone_down(&ph2);
	return 0;
}

static void answers(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;
	int err = sip_session_answer(s->s, &l, &st);

	assert_int_equal(err, s->invite.offer ? 0 : ENODATA);
}

static void rings(struct side *me, struct seen *s)
{
	assert_int_equal(sip_session_ring(s->s), 0);
}

static void waits(struct side *me, struct seen *s)
{
}

static bool quiet(void *arg)
{
	return sip_sessions_count(p.a.room) == 0 && list_isempty(&p.a.room->sessions->leaving);
}

/* A call of the phone's, answered and acknowledged. */
static struct seen *phone_in_call(struct phone *who)
{
	struct seen *a = &p.a.seen[p.a.count];

	p.a.on_incoming = answers;
	phone_invites(who, "8000", "", phone_sdp(4000));
	assert_true(phone_expect(who, "SIP/2.0 200", 1000));
	phone_learn(who);
	phone_acks(who, NULL);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	return a;
}

static void phone_hangs_up(struct phone *who)
{
	phone_request(who, "BYE", "", NULL, NULL);
	assert_true(phone_expect(who, "SIP/2.0 200", 1000));
}

static void phone_calls(void **state)
{
	struct seen *a = phone_in_call(&ph);

	assert_int_equal(a->invite.extension, PAIR_EXT);
	assert_int_equal(a->invite.trunk, 0);
	assert_string_equal(a->invite.dialled, "8000");
	assert_string_equal(a->invite.source_ip, "127.0.0.3");
	assert_true(a->invite.offer);
	phone_request(&ph, "BYE", "Reason: SIP;cause=480;text=\"gone\"\r\n", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_int_equal(seen_last(a, SIP_ENDED)->end.code, 480);
	assert_string_equal(seen_last(a, SIP_ENDED)->end.reason, "gone");
	assert_true(pair_until(quiet, NULL, 500));
}

/* 200 is sent again until the ACK, and for an INVITE sent again. */
static void answer_is_repeated(void **state)
{
	unsigned n = 0;

	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "", phone_sdp(4000));
	for (; n < 3; n++)
		assert_true(phone_expect(&ph, "SIP/2.0 200", 2500));
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	assert_true(pair_sees(&p.a.seen[0], SIP_ANSWERED, 1000));
	assert_false(phone_expect(&ph, "SIP/2.0 200", 2500));
	phone_hangs_up(&ph);
}

/* An INVITE and a BYE that are sent again, byte for byte, after their answers. */
static void requests_are_repeated(void **state)
{
	struct seen *a = &p.a.seen[0];
	char copy[8192];

	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "", phone_sdp(4000));
	strcpy(copy, ph.said);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	phone_say(&ph, "%s", copy);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 300));
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	phone_say(&ph, "%s", copy);
	pair_turn(50);
	assert_int_equal(p.a.count, 1);
	phone_request(&ph, "BYE", "", NULL, NULL);
	strcpy(copy, ph.said);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	phone_say(&ph, "%s", copy);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	phone_request(&ph, "BYE", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 481", 1000));
	assert_true(pair_until(quiet, NULL, 500));
}

static void no_ack_ends_the_call(void **state)
{
	pair_close(&p);
	pair_speed(20);
	memset(&p, 0, sizeof(p));
	pair_open(&p);
	phone_down(&ph);
	phone_up(&ph, p.a.port);
	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_true(phone_expect(&ph, "BYE ", 6000));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(seen_last(&p.a.seen[0], SIP_ENDED)->end.cause, SIP_CAUSE_NO_ACK);
	assert_true(pair_until(quiet, NULL, 1000));
	pair_close(&p);
	pair_speed(1);
	pair_open(&p);
}

static void offerless_invite(void **state)
{
	struct seen *a = &p.a.seen[0];

	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "", NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_non_null(strstr(ph.buf, "m=audio 5002 RTP/AVP 8 0 101"));
	phone_learn(&ph);
	phone_acks(&ph, phone_sdp(4444));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.remote.port, 4444);
	phone_hangs_up(&ph);
}

static void offerless_without_answer(void **state)
{
	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "", NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(seen_last(&p.a.seen[0], SIP_ENDED)->end.cause, SIP_CAUSE_MEDIA);
	assert_true(pair_until(quiet, NULL, 500));
}

static void bad_offers(void **state)
{
	static const struct {
		const char *sdp, *status;
	} rows[] = {
		{"v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
		 "m=image 4000 udptl t38\r\n", "SIP/2.0 488"},
		{"v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n",
		 "SIP/2.0 488"},
		{"v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
		 "m=audio 0 RTP/AVP 8\r\n", "SIP/2.0 488"},
		{"v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
		 "m=audio 4000 RTP/AVP 18\r\n", "SIP/2.0 488"},
		{"nonsense", "SIP/2.0 400"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		p.a.on_incoming = i == 3 ? NULL : answers;
		phone_invites(&ph, "8000", "", rows[i].sdp);
		if (i == 3) { /* only app knows the codecs */
			struct stream_local l = pair_local(5002);
			struct stream st;

			assert_true(phone_expect(&ph, "SIP/2.0 100", 1000));
			assert_int_equal(sip_session_answer(p.a.seen[p.a.count - 1].s, &l, &st),
					 ENOTSUP);
		}
		assert_true(phone_expect(&ph, rows[i].status, 1000));
		phone_learn(&ph);
		phone_acks(&ph, NULL);
		ph.cseq++;
	}
	assert_true(pair_until(quiet, NULL, 500));
	ph.cseq++;
	phone_invites(&ph, "8000", "", NULL);
}

static void reliable_when_required(void **state)
{
	struct seen *a = &p.a.seen[0];
	char rack[64];
	uint32_t invite;

	p.a.on_incoming = rings;
	phone_invites(&ph, "8000", "Require: 100rel\r\n", phone_sdp(4000));
	invite = ph.cseq;
	assert_true(phone_expect(&ph, "SIP/2.0 180", 1000));
	assert_string_equal(phone_value(&ph, "Require"), "100rel");
	assert_true(phone_expect(&ph, "SIP/2.0 180", 1500)); /* again, until PRACK */
	phone_learn(&ph);
	snprintf(rack, sizeof(rack), "RAck: 1 %u INVITE\r\n", invite);
	phone_request(&ph, "PRACK", rack, NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 481", 1000));
	assert_true(phone_expect(&ph, "SIP/2.0 180", 2500));
	snprintf(rack, sizeof(rack), "RAck: %s %u INVITE\r\n", phone_value(&ph, "RSeq"), invite);
	phone_request(&ph, "PRACK", rack, NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_false(phone_expect(&ph, "SIP/2.0 180", 2000));
	answers(&p.a, a);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_non_null(strstr(ph.buf, "m=audio"));
	phone_acks(&ph, NULL);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	phone_hangs_up(&ph);
}

static void cancelled_by_the_phone(void **state)
{
	char branch[40];

	p.a.on_incoming = rings;
	phone_invites(&ph, "8000", "", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 180", 1000));
	strcpy(branch, ph.last_branch);
	phone_say(&ph,
		  "CANCEL %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3:%u;branch=%s;rport\r\n"
		  "From: \"Phone\" <sip:" PAIR_USER
		  "@zongji.test>;tag=%s\r\nTo: <sip:x@zongji.test>\r\n"
		  "Call-ID: %s\r\nCSeq: %u CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		  ph.target, ph.port, branch, ph.tag, ph.call_id, ph.cseq);
	assert_true(phone_expect(&ph, "SIP/2.0 487", 1000));
	assert_int_equal(seen_last(&p.a.seen[0], SIP_ENDED)->end.cause, SIP_CAUSE_CANCELLED);
	assert_true(pair_until(quiet, NULL, 500));
}

static void digits_by_info(void **state)
{
	struct seen *a = phone_in_call(&ph);

	phone_request(&ph, "INFO", "", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_int_equal(seen_last(a, SIP_DIGIT)->digit.digit, '5');
	assert_int_equal(seen_last(a, SIP_DIGIT)->digit.duration_ms, 160);
	phone_request(&ph, "INFO", "", "application/dtmf-relay", "Signal= #\r\n");
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_int_equal(seen_last(a, SIP_DIGIT)->digit.digit, '#');
	phone_request(&ph, "INFO", "", "application/dtmf", "*");
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_int_equal(seen_last(a, SIP_DIGIT)->digit.digit, '*');
	phone_request(&ph, "INFO", "", "application/dtmf-relay", "Signal=x\r\n");
	assert_true(phone_expect(&ph, "SIP/2.0 400", 1000));
	phone_request(&ph, "INFO", "", "application/media_control+xml", "<x/>");
	assert_true(phone_expect(&ph, "SIP/2.0 415", 1000));
	assert_int_equal(seen_count(a, SIP_DIGIT), 3);
	phone_hangs_up(&ph);
}

static void phone_holds(void **state)
{
	static const char hold[] =
	    "v=0\r\no=p 1 2 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	    "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
	static const char same[] =
	    "v=0\r\no=p 1 9 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	    "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
	struct seen *a = phone_in_call(&ph);

	phone_request(&ph, "INVITE", "", "application/sdp", hold);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_non_null(strstr(ph.buf, "a=recvonly"));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000)); /* again: no ACK yet */
	phone_acks(&ph, NULL);
	assert_true(seen_last(a, SIP_STREAM)->sound.held);
	/* only the version raised: nothing to tell */
	phone_request(&ph, "UPDATE", "", "application/sdp", same);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_non_null(strstr(ph.buf, " 2 IN IP4")); /* and our answer is the same */
	assert_int_equal(seen_count(a, SIP_STREAM), 1);
	phone_request(&ph, "UPDATE", "", "application/sdp", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_false(seen_last(a, SIP_STREAM)->sound.held);
	/* a re-INVITE that can't be met leaves the call as it was */
	phone_request(&ph, "INVITE", "", "application/sdp",
		      "v=0\r\no=p 1 2 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
		      "m=image 4000 udptl t38\r\n");
	assert_true(phone_expect(&ph, "SIP/2.0 488", 1000));
	phone_acks(&ph, NULL);
	assert_int_equal(seen_count(a, SIP_STREAM), 2);
	/* offerless */
	phone_request(&ph, "INVITE", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_non_null(strstr(ph.buf, "m=audio 5002"));
	phone_acks(&ph, phone_sdp(4020));
	assert_true(pair_sees(a, SIP_STREAM, 500));
	pair_turn(20);
	assert_int_equal(seen_last(a, SIP_STREAM)->sound.stream.remote.port, 4020);
	phone_hangs_up(&ph);
}

static void out_of_order(void **state)
{
	struct seen *a = phone_in_call(&ph);

	phone_request(&ph, "INFO", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	ph.cseq -= 2;
	phone_request(&ph, "INFO", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 500", 1000));
	ph.cseq += 5;
	ph.to_tag[0] ^= 1; /* another dialog */
	phone_request(&ph, "INFO", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 481", 1000));
	ph.to_tag[0] ^= 1;
	assert_int_equal(seen_count(a, SIP_ENDED), 0);
	phone_hangs_up(&ph);
}

static void refers_blind(void **state)
{
	struct seen *a = phone_in_call(&ph);

	phone_request(&ph, "REFER", "Refer-To: <sip:8313@zongji.test>\r\n"
		      "Referred-By: <sip:" PAIR_USER "@zongji.test>\r\n", NULL, NULL);
	assert_true(pair_sees(a, SIP_REFER, 1000));
	assert_string_equal(seen_last(a, SIP_REFER)->refer.number, "8313");
	assert_string_equal(seen_last(a, SIP_REFER)->refer.referred_by, PAIR_USER);
	assert_null(seen_last(a, SIP_REFER)->refer.replaces);
	assert_int_equal(sip_session_refer_notify(a->s, 180, false), EPROTO);
	assert_int_equal(sip_session_refer_answer(a->s, 202), 0);
	assert_true(phone_expect(&ph, "SIP/2.0 202", 1000));
	assert_true(phone_expect(&ph, "NOTIFY ", 1000));
	assert_non_null(strstr(ph.buf, "SIP/2.0 100 Trying"));
	/* while it is open only the newest waits */
	assert_int_equal(sip_session_refer_notify(a->s, 180, false), 0);
	assert_int_equal(sip_session_refer_notify(a->s, 200, true), 0);
	phone_replies(&ph, 200, "", NULL);
	assert_true(phone_expect(&ph, "NOTIFY ", 1000));
	assert_non_null(strstr(ph.buf, "SIP/2.0 200 OK"));
	assert_non_null(strstr(ph.buf, "terminated"));
	phone_replies(&ph, 200, "", NULL);
	phone_request(&ph, "REFER", "Refer-To: <sip:8313@zongji.test>\r\n", NULL, NULL);
	assert_true(pair_until(NULL, NULL, 50) || true);
	assert_int_equal(sip_session_refer_answer(a->s, 603), 0);
	assert_true(phone_expect(&ph, "SIP/2.0 603", 1000));
	phone_request(&ph, "REFER", "", NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 400", 1000));
	phone_hangs_up(&ph);
}

static void refers_attended(void **state)
{
	struct seen *a = phone_in_call(&ph), *b = phone_in_call(&ph2);
	char refer[400];

	snprintf(refer, sizeof(refer), "Refer-To: <sip:8313@zongji.test?Replaces=%s%%3Bto-tag%%3D%s"
		 "%%3Bfrom-tag%%3D%s>\r\n", ph2.call_id, ph2.to_tag, ph2.tag);
	phone_request(&ph, "REFER", refer, NULL, NULL);
	assert_true(pair_sees(a, SIP_REFER, 1000));
	assert_ptr_equal(seen_last(a, SIP_REFER)->refer.replaces, b->s);
	/* app joins the two and ends the phone's legs; the REFER is still unanswered */
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_true(pair_until(NULL, NULL, 50) || true);
	phone_hangs_up(&ph2);
	assert_true(pair_until(quiet, NULL, 500));
}

static void replaces(void **state)
{
	struct seen *a = phone_in_call(&ph), *b;
	char header[300];

	snprintf(header, sizeof(header), "Replaces: %s;to-tag=%s;from-tag=%s\r\n", ph.call_id,
		 ph.to_tag, ph.tag);
	p.a.on_incoming = waits;
	phone_invites(&ph2, "8312", header, phone_sdp(4100));
	assert_true(phone_expect(&ph2, "SIP/2.0 100", 1000));
	b = &p.a.seen[1];
	assert_ptr_equal(b->invite.replaces, a->s);
	assert_false(b->invite.replaces_early_only);
	answers(&p.a, b);
	assert_true(phone_expect(&ph2, "SIP/2.0 200", 1000));
	phone_learn(&ph2);
	phone_acks(&ph2, NULL);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	phone_hangs_up(&ph2);
	/* nothing of that name, several, early only of a confirmed one */
	phone_invites(&ph2, "8312", header, phone_sdp(4100));
	assert_true(phone_expect(&ph2, "SIP/2.0 481", 1000));
	a = phone_in_call(&ph);
	snprintf(header, sizeof(header), "Replaces: %s;to-tag=%s;from-tag=%s;early-only\r\n",
		 ph.call_id, ph.to_tag, ph.tag);
	phone_invites(&ph2, "8312", header, phone_sdp(4100));
	assert_true(phone_expect(&ph2, "SIP/2.0 486", 1000));
	phone_hangs_up(&ph);
	phone_invites(&ph2, "8312", "Replaces: x\r\n", phone_sdp(4100));
	assert_true(phone_expect(&ph2, "SIP/2.0 400", 1000));
}

/* ---- Calls to the phone ---- */

static struct seen *call_phone(unsigned *n)
{
	struct sip_dial d = {.extension = PAIR_EXT, .from_number = "8000", .from_name = "总机"};
	struct stream_local l = pair_local(5002);
	struct seen *a = &p.a.seen[p.a.count];

	memset(a, 0, sizeof(*a));
	p.a.count++;
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, p.a.count, &a->s), 0);
	return a;
}

static void no_binding(void **state)
{
	struct sip_dial d = {.extension = PAIR_EXT, .from_number = "8000"};
	struct stream_local l = pair_local(5002);
	struct sip_route r;
	struct sip_session *s;

	assert_int_equal(sip_session_dial(p.a.room, &d, &l, 1, &s), EHOSTUNREACH);
	assert_int_equal(sip_session_route(p.a.room, PAIR_EXT, 0, &r), EHOSTUNREACH);
	d = (struct sip_dial){.trunk = 9, .number = "1"};
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, 1, &s), ENOENT);
	assert_int_equal(sip_sessions_count(p.a.room), 0);
}

static void first_of_two_wins(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	phone_registers(&ph2);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	assert_non_null(strstr(ph.buf, "\"总机\" <sip:8000@127.0.0.1>"));
	phone_replies(&ph, 180, "", NULL);
	assert_true(phone_expect(&ph2, "INVITE ", 1000));
	phone_replies(&ph2, 180, "", NULL);
	assert_true(pair_sees(a, SIP_RINGING, 1000));
	phone_replies(&ph2, 200, "", phone_sdp(4200));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_int_equal(seen_count(a, SIP_RINGING), 1);
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.remote.port, 4200);
	assert_true(phone_expect(&ph2, "ACK ", 1000));
	assert_true(phone_expect(&ph, "CANCEL ", 1000));
	assert_non_null(strstr(ph.buf, "Reason: SIP;cause=200;text=\"Call completed elsewhere\""));
	phone_replies(&ph, 200, "", NULL);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(phone_expect(&ph2, "BYE ", 1000));
	phone_replies(&ph2, 200, "", NULL);
}

/* The loser answers before it has seen the CANCEL. */
static void late_answer(void **state)
{
	char invite[8192];
	struct seen *a;

	phone_registers(&ph);
	phone_registers(&ph2);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	strcpy(invite, ph.buf);
	phone_replies(&ph, 180, "", NULL);
	assert_true(phone_expect(&ph2, "INVITE ", 1000));
	phone_replies(&ph2, 200, "", phone_sdp(4200));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	strcpy(ph.buf, invite);
	phone_replies(&ph, 200, "", phone_sdp(4100));
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	/* and once more, when nothing is known of it: still ACK and BYE */
	pair_turn(50);
	strcpy(ph.buf, invite);
	phone_replies(&ph, 200, "", phone_sdp(4100));
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(seen_count(a, SIP_ENDED), 0);
	assert_int_equal(usage_first(a->s)->state, USAGE_UP);
}

/* A 2xx to a call that was never ours isn't answered. */
static void forged_answer(void **state)
{
	phone_say(&ph, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKx\r\n"
		  "From: <sip:8000@127.0.0.1>;tag=0123456789abcdef\r\nTo: <sip:x@y>;tag=1\r\n"
		  "Call-ID: forged\r\nCSeq: 1 INVITE\r\nContact: <sip:victim@127.0.0.3:%u>\r\n"
		  "Content-Length: 0\r\n\r\n", p.a.port, ph.port);
	assert_false(phone_hear(&ph, 300));
	assert_true(quiet(NULL));
}

static void all_refuse(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	phone_registers(&ph2);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	phone_replies(&ph, 486, "", NULL);
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_true(phone_expect(&ph2, "INVITE ", 1000));
	assert_int_equal(seen_count(a, SIP_FAILED), 0);
	phone_replies(&ph2, 404, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.code, 486);
	assert_true(pair_until(quiet, NULL, 500));
}

static void decline_ends_all(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	phone_registers(&ph2);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph2, "INVITE ", 1000));
	phone_replies(&ph2, 180, "", NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	phone_replies(&ph, 603, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.code, 603);
	assert_true(phone_expect(&ph2, "CANCEL ", 1000));
	phone_replies(&ph2, 200, "", NULL);
}

static void redirect_isnt_followed(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	phone_replies(&ph, 302, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.cause, SIP_CAUSE_REDIRECT);
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_false(phone_hear(&ph, 300));
}

static void answer_without_sound(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.cause, SIP_CAUSE_MEDIA);
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_true(phone_expect(&ph, "BYE ", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_true(pair_until(quiet, NULL, 500));
}

/* Reliable early media, a second early dialog beside it, then UPDATE before the answer. */
static void reliable_from_the_phone(void **state)
{
	char invite[8192];
	struct seen *a;

	phone_registers(&ph);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	strcpy(invite, ph.buf);
	phone_replies(&ph, 183, "Require: 100rel\r\nRSeq: 10\r\n", phone_sdp(4300));
	assert_true(pair_sees(a, SIP_EARLY, 1000));
	assert_true(phone_expect(&ph, "PRACK ", 1000));
	assert_non_null(strstr(phone_value(&ph, "RAck"), "10 "));
	phone_replies(&ph, 200, "", NULL);
	strcpy(ph.buf, invite); /* out of order: not acknowledged */
	phone_replies(&ph, 183, "Require: 100rel\r\nRSeq: 12\r\n", phone_sdp(4300));
	assert_false(phone_hear(&ph, 200));
	strcpy(ph.buf, invite);
	phone_say(
	    &ph,
	    "SIP/2.0 183 Other\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=othertag\r\nCall-ID: %s\r\n"
	    "CSeq: %s\r\nContact: <sip:other@127.0.0.3:%u>\r\nRequire: 100rel\r\nRSeq: 77\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    phone_value(&ph, "Via"), phone_value(&ph, "From"), phone_value(&ph, "To"),
	    phone_value(&ph, "Call-ID"), phone_value(&ph, "CSeq"), ph.port, strlen(phone_sdp(4310)),
	    phone_sdp(4310));
	assert_true(phone_expect(&ph, "PRACK sip:other@", 1000));
	assert_non_null(strstr(phone_value(&ph, "To"), "othertag"));
	assert_non_null(strstr(phone_value(&ph, "RAck"), "77 "));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(seen_last(a, SIP_EARLY)->sound.stream.remote.port, 4310);
	strcpy(ph.buf, invite);
	phone_replies(&ph, 200, "", phone_sdp(4300));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.remote.port, 4300);
	assert_true(phone_expect(&ph, "ACK ", 1000));
	/* a 200 sent again is acknowledged again, a second one of the fork is ended */
	strcpy(ph.buf, invite);
	phone_replies(&ph, 200, "", phone_sdp(4300));
	assert_true(phone_expect(&ph, "ACK ", 1000));
	strcpy(ph.buf, invite);
	phone_say(
	    &ph,
	    "SIP/2.0 200 Other\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=othertag\r\nCall-ID: %s\r\n"
	    "CSeq: %s\r\nContact: <sip:other@127.0.0.3:%u>\r\nContent-Length: 0\r\n\r\n",
	    phone_value(&ph, "Via"), phone_value(&ph, "From"), phone_value(&ph, "To"),
	    phone_value(&ph, "Call-ID"), phone_value(&ph, "CSeq"), ph.port);
	assert_true(phone_expect(&ph, "ACK sip:other@", 1000));
	assert_true(phone_expect(&ph, "BYE sip:other@", 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(usage_first(a->s)->state, USAGE_UP);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(phone_expect(&ph, "BYE sip:" PAIR_USER, 1000));
	phone_replies(&ph, 200, "", NULL);
	assert_true(pair_until(quiet, NULL, 500));
}

/* ---- Session timers ---- */

static void interval_too_small(void **state)
{
	phone_invites(&ph, "8000", "Supported: timer\r\nSession-Expires: 60\r\n", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 422", 1000));
	assert_string_equal(phone_value(&ph, "Min-SE"), "90");
	assert_true(pair_until(quiet, NULL, 500));
}

static void we_refresh(void **state)
{
	struct seen *a = &p.a.seen[0];

	stimer_second_ms = 5; /* 90 s in 450 ms */
	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n"
		      "Allow: INVITE, ACK, BYE, UPDATE\r\n", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_string_equal(phone_value(&ph, "Session-Expires"), "90;refresher=uas");
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(phone_expect(&ph, "UPDATE ", 1000));
		assert_string_equal(phone_value(&ph, "Session-Expires"), "90;refresher=uac");
		phone_replies(&ph, 200, "Session-Expires: 90;refresher=uac\r\n", NULL);
	}
	assert_int_equal(seen_count(a, SIP_ENDED), 0);
	/* not known any more: the call is over */
	assert_true(phone_expect(&ph, "UPDATE ", 1000));
	phone_replies(&ph, 481, "", NULL);
	assert_true(pair_sees(a, SIP_ENDED, 1000));
	assert_true(pair_until(quiet, NULL, 500));
}

static void we_refresh_by_reinvite(void **state)
{
	struct seen *a = &p.a.seen[0];

	stimer_second_ms = 5;
	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n"
		      "Allow: INVITE, ACK, BYE\r\n", phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	assert_non_null(strstr(ph.buf, " 1 IN IP4")); /* the same SDP, the same version */
	phone_replies(&ph, 200, "Session-Expires: 90;refresher=uac\r\n", phone_sdp(4000));
	assert_true(phone_expect(&ph, "ACK ", 1000));
	assert_int_equal(seen_count(a, SIP_STREAM), 0);
	phone_hangs_up(&ph);
}

static void phone_doesnt_refresh(void **state)
{
	struct seen *a = &p.a.seen[0];

	stimer_second_ms = 5;
	p.a.on_incoming = answers;
	phone_invites(&ph, "8000", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
		      phone_sdp(4000));
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_string_equal(phone_value(&ph, "Require"), "timer");
	phone_learn(&ph);
	phone_acks(&ph, NULL);
	phone_request(&ph, "UPDATE", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
		      NULL, NULL);
	assert_true(phone_expect(&ph, "SIP/2.0 200", 1000));
	assert_true(phone_expect(&ph, "BYE ", 1000));
	assert_non_null(strstr(ph.buf, "Reason: SIP;cause=408"));
	phone_replies(&ph, 200, "", NULL);
	assert_int_equal(seen_last(a, SIP_ENDED)->end.cause, SIP_CAUSE_TIMER);
	assert_true(pair_until(quiet, NULL, 500));
}

static void the_far_end_wants_more(void **state)
{
	struct seen *a;

	phone_registers(&ph);
	a = call_phone(NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	phone_replies(&ph, 422, "Min-SE: 3600\r\n", NULL);
	assert_true(phone_expect(&ph, "INVITE ", 1000));
	assert_string_equal(phone_value(&ph, "Session-Expires"), "3600");
	phone_replies(&ph, 486, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(phone_calls),
	    T(answer_is_repeated),
	    T(requests_are_repeated),
	    T(no_ack_ends_the_call),
	    T(offerless_invite),
	    T(offerless_without_answer),
	    T(bad_offers),
	    T(reliable_when_required),
	    T(cancelled_by_the_phone),
	    T(digits_by_info),
	    T(phone_holds),
	    T(out_of_order),
	    T(refers_blind),
	    T(refers_attended),
	    T(replaces),
	    T(no_binding),
	    T(first_of_two_wins),
	    T(late_answer),
	    T(forged_answer),
	    T(all_refuse),
	    T(decline_ends_all),
	    T(redirect_isnt_followed),
	    T(answer_without_sound),
	    T(reliable_from_the_phone),
	    T(interval_too_small),
	    T(we_refresh),
	    T(we_refresh_by_reinvite),
	    T(phone_doesnt_refresh),
	    T(the_far_end_wants_more),
	   
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
