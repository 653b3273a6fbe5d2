/*
 * Two rooms that call each other over a trunk: the life of a session seen from both ends.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pair.h"

static struct pair p;

static int setup(void **state)
{
	memset(&p, 0, sizeof(p));
	pair_open(&p);
	return 0;
}

static int teardown(void **state)
{
	pair_close(&p);
	return 0;
}

static void answers(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;

	assert_int_equal(sip_session_ring(s->s), 0);
	assert_int_equal(sip_session_answer(s->s, &l, &st), 0);
	assert_int_equal(st.codec, CODEC_PCMA);
	assert_int_equal(st.remote.port, 4000);
}

static void rings(struct side *me, struct seen *s)
{
	assert_int_equal(sip_session_ring(s->s), 0);
}

static bool quiet(void *arg)
{
	return sip_sessions_count(p.a.room) == 0 && sip_sessions_count(p.b.room) == 0 &&
	       list_isempty(&p.a.room->sessions->leaving) &&
	       list_isempty(&p.b.room->sessions->leaving);
}

static void call_is_answered_and_ended_by_the_caller(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = answers;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	assert_string_equal(b->invite.dialled, "12345");
	assert_string_equal(b->invite.number, "8312");
	assert_int_equal(b->invite.trunk, PAIR_TRUNK);
	assert_int_equal(seen_count(a, SIP_RINGING), 1);
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.remote.port, 5002);
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.dtmf_type_tx, 101);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_sees(b, SIP_ENDED, 1000));
	assert_int_equal(seen_last(b, SIP_ENDED)->end.code, 0);
	assert_true(pair_until(quiet, NULL, 1000));
	assert_int_equal(journal_count(p.a.room->sessions->journal), 0);
	assert_int_equal(journal_count(p.b.room->sessions->journal), 0);
}

static void call_is_ended_by_the_called_with_a_reason(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = answers;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	sip_session_end(b->s, 503, "closing");
	b->s = NULL;
	assert_true(pair_sees(a, SIP_ENDED, 1000));
	assert_int_equal(seen_last(a, SIP_ENDED)->end.code, 503);
	assert_string_equal(seen_last(a, SIP_ENDED)->end.reason, "closing");
	assert_true(pair_until(quiet, NULL, 1000));
}

static void call_is_refused(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = rings;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_RINGING, 1000));
	sip_session_reject(b->s, 486, NULL);
	b->s = NULL;
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.code, 486);
	assert_true(pair_until(quiet, NULL, 1000));
}

static void call_is_cancelled(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = rings;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_RINGING, 1000));
	sip_session_end(a->s, 200, "Call completed elsewhere");
	a->s = NULL;
	assert_true(pair_sees(b, SIP_ENDED, 1000));
	assert_int_equal(seen_last(b, SIP_ENDED)->end.cause, SIP_CAUSE_CANCELLED);
	assert_true(pair_until(quiet, NULL, 1000));
}

/* The CANCEL is on its way when the 200 comes: ACK and BYE. */
static void answer_crosses_cancel(void **state)
{
	struct stream_local l = pair_local(5002);
	struct seen *a, *b = &p.b.seen[0];
	struct stream st;

	p.b.on_incoming = rings;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_RINGING, 1000));
	assert_int_equal(sip_session_answer(b->s, &l, &st), 0);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_sees(b, SIP_ENDED, 1000));
	assert_int_equal(seen_last(b, SIP_ENDED)->end.cause, SIP_CAUSE_NORMAL);
	assert_true(pair_until(quiet, NULL, 1000));
}

/* Hung up before the ACK has come: BYE only after it. */
static void ended_before_the_ack(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = answers;
	a = pair_dial(&p.a, "12345", 4000);
	while (!p.b.count)
		pair_turn(1);
	if (b->s)
		sip_session_end(b->s, 0, NULL);
	b->s = NULL;
	assert_true(pair_sees(a, SIP_ENDED, 1000));
	assert_true(pair_until(quiet, NULL, 1000));
}

static void progresses(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;

	assert_int_equal(sip_session_progress(s->s, &l, &st), 0);
}

/* 183 with SDP goes reliably, since both can; the 200 waits for the PRACK and has no SDP. */
static void early_sound_then_answer(void **state)
{
	struct stream_local l = pair_local(5002);
	struct seen *a, *b = &p.b.seen[0];
	struct stream st;

	p.b.on_incoming = progresses;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_EARLY, 1000));
	assert_int_equal(seen_last(a, SIP_EARLY)->sound.stream.remote.port, 5002);
	assert_int_equal(sip_session_answer(b->s, &l, &st), 0);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_until(quiet, NULL, 1000));
}

static void progress_answer_at_once(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;

	assert_int_equal(sip_session_progress(s->s, &l, &st), 0);
	assert_int_equal(sip_session_ring(s->s), 0);
	assert_int_equal(sip_session_answer(s->s, &l, &st), 0);
}

static void answer_waits_for_the_prack(void **state)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = progress_answer_at_once;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	assert_int_equal(seen_count(a, SIP_EARLY), 1);
	sip_session_end(b->s, 0, NULL);
	b->s = NULL;
	assert_true(pair_sees(a, SIP_ENDED, 1000));
	assert_true(pair_until(quiet, NULL, 1000));
}

static struct seen *up(void)
{
	struct seen *a;

	p.b.on_incoming = answers;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(pair_sees(&p.b.seen[0], SIP_ANSWERED, 1000));
	return a;
}

static void hold_and_retrieve(void **state)
{
	struct stream_local l = pair_local(4000);
	struct seen *a = up(), *b = &p.b.seen[0];

	l.direction = STREAM_SEND;
	assert_int_equal(sip_session_offer(a->s, &l), 0);
	assert_int_equal(sip_session_offer(a->s, &l), EBUSY);
	assert_true(pair_sees(b, SIP_STREAM, 1000));
	assert_true(seen_last(b, SIP_STREAM)->sound.held);
	assert_int_equal(seen_last(b, SIP_STREAM)->sound.stream.direction, STREAM_RECV);
	assert_true(pair_sees(a, SIP_STREAM, 1000));
	assert_int_equal(seen_last(a, SIP_STREAM)->sound.stream.direction, STREAM_SEND);
	pair_turn(50);
	l.direction = STREAM_BOTH;
	assert_int_equal(sip_session_offer(a->s, &l), 0);
	pair_turn(50);
	assert_int_equal(seen_count(b, SIP_STREAM), 2);
	assert_false(seen_last(b, SIP_STREAM)->sound.held);
	assert_int_equal(seen_last(b, SIP_STREAM)->sound.stream.direction, STREAM_BOTH);
	/* the same once more changes nothing */
	assert_int_equal(sip_session_offer(a->s, &l), 0);
	pair_turn(50);
	assert_int_equal(seen_count(b, SIP_STREAM), 2);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_until(quiet, NULL, 1000));
}

/* Both offer at once: 491, and after the waits of RFC 3261, 14.1 both have come through. */
static void glare(void **state)
{
	struct stream_local la = pair_local(4000), lb = pair_local(5002);
	struct seen *a = up(), *b = &p.b.seen[0];
	uint32_t version;

	la.local.port = 4010;
	lb.local.port = 5010;
	assert_int_equal(sip_session_offer(a->s, &la), 0);
	assert_int_equal(sip_session_offer(b->s, &lb), 0);
	version = usage_first(a->s)->self.version;
	for (unsigned i = 0; i < 60; i++) {
		const struct sip_session_event *ea = seen_last(a, SIP_STREAM);
		const struct sip_session_event *eb = seen_last(b, SIP_STREAM);

		if (ea && eb && ea->sound.stream.remote.port == 5010 &&
		    eb->sound.stream.remote.port == 4010)
			break;
		pair_turn(100);
	}
	assert_int_equal(seen_last(a, SIP_STREAM)->sound.stream.remote.port, 5010);
	assert_int_equal(seen_last(b, SIP_STREAM)->sound.stream.remote.port, 4010);
	assert_true(usage_first(a->s)->self.version >= version);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_until(quiet, NULL, 1000));
}

static void connected_party_is_told(void **state)
{
	struct seen *a = up();

	sip_session_show(a->s, "8313", "李四");
	sip_session_show(a->s, "8314", "王五");
	pair_turn(100);
	assert_false(usage_first(a->s)->updating);
	assert_int_equal(usage_first(a->s)->state, USAGE_UP);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_until(quiet, NULL, 1000));
}

static void nobody_is_there(void **state)
{
	struct seen *a;

	sip_room_close(p.b.room);
	p.b.room = NULL;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(a, SIP_FAILED, 6000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.code, 408);
	assert_true(seen_last(a, SIP_FAILED)->end.cause == SIP_CAUSE_SILENT ||
		    seen_last(a, SIP_FAILED)->end.cause == SIP_CAUSE_UNREACHABLE);
}

static void many_calls_leave_nothing(void **state)
{
	p.b.on_incoming = answers;
	for (unsigned i = 0; i < 200; i++) {
		struct seen *a;

		p.a.count = p.b.count = 0;
		memset(&p.b.seen[0], 0, sizeof(p.b.seen[0]));
		a = pair_dial(&p.a, "12345", 4000);
		assert_true(pair_sees(a, SIP_ANSWERED, 1000));
		assert_true(pair_sees(&p.b.seen[0], SIP_ANSWERED, 1000));
		sip_session_end(i % 2 ? a->s : p.b.seen[0].s, 0, NULL);
		if (i % 2)
			a->s = NULL;
		else
			p.b.seen[0].s = NULL;
		assert_true(pair_sees(i % 2 ? &p.b.seen[0] : a, SIP_ENDED, 1000));
	}
	assert_true(pair_until(quiet, NULL, 1000));
	assert_int_equal(journal_count(p.a.room->sessions->journal), 0);
}

static void table_is_full(void **state)
{
	struct sip_dial d = {.trunk = PAIR_TRUNK, .number = "1", .from_number = "8312"};
	struct stream_local l = pair_local(4000);
	struct sip_session *s[65];

	p.b.on_incoming = rings;
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(sip_session_dial(p.a.room, &d, &l, i + 1, &s[i]), 0);
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, 65, &s[64]), ENOBUFS);
	pair_turn(200);
	for (unsigned i = 0; i < 64; i++)
		sip_session_end(s[i], 0, NULL);
	assert_true(pair_until(quiet, NULL, 2000));
}

static void trunk_mayn_t_refer(void **state)
{
	struct seen *a, *b = &p.b.seen[0];
	struct usage *u;

	p.b.on_incoming = answers;
	a = pair_dial(&p.a, "12345", 4000);
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	u = usage_first(a->s);
	assert_int_equal(
	    usage_request(u, "REFER", "Refer-To: <sip:1@x>\r\nContent-Length: 0\r\n\r\n", NULL), 0);
	pair_turn(100);
	assert_int_equal(seen_count(b, SIP_REFER), 0);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_sees(b, SIP_ENDED, 1000));
}

/* ---- Other transports ---- */

static struct stream_local local_here(uint16_t port)
{
	struct stream_local l = pair_local(port);

	strcpy(l.local.ip, p.v6 ? "::1" : "127.0.0.1");
	l.srtp_allowed = p.srtp;
	return l;
}

static void answers_as_is(struct side *me, struct seen *s)
{
	struct stream_local l = local_here(5002);
	struct stream st;

	assert_int_equal(s->invite.secure, p.over == SIP_OVER_TLS);
	assert_int_equal(sip_session_answer(s->s, &l, &st), 0);
}

static struct seen *pair_dial_keys(bool keys)
{
	struct sip_dial d = {.trunk = PAIR_TRUNK, .number = "12345", .from_number = "8312"};
	struct stream_local l = local_here(4000);
	struct seen *n = &p.a.seen[p.a.count];
	struct sip_route r;

	assert_int_equal(sip_session_route(p.a.room, 0, PAIR_TRUNK, &r), 0);
	assert_int_equal(r.secure, keys);
	p.a.count++;
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, p.a.count, &n->s), 0);
	return n;
}

static void whole_call(bool keys)
{
	struct seen *a, *b = &p.b.seen[0];

	p.b.on_incoming = answers_as_is;
	a = pair_dial_keys(keys);
	assert_true(pair_sees(a, SIP_ANSWERED, 3000));
	assert_true(pair_sees(b, SIP_ANSWERED, 1000));
	assert_int_equal(seen_last(a, SIP_ANSWERED)->sound.stream.srtp.on, keys);
	if (keys) {
		const struct stream_srtp *x = &seen_last(a, SIP_ANSWERED)->sound.stream.srtp;
		const struct stream_srtp *y = &seen_last(b, SIP_ANSWERED)->sound.stream.srtp;

		assert_memory_equal(x->tx_key, y->rx_key, STREAM_SRTP_KEY_LEN);
		assert_memory_equal(x->rx_key, y->tx_key, STREAM_SRTP_KEY_LEN);
		assert_memory_not_equal(x->tx_key, x->rx_key, STREAM_SRTP_KEY_LEN);
	}
	sip_session_end(b->s, 0, NULL);
	b->s = NULL;
	assert_true(pair_sees(a, SIP_ENDED, 1000));
	assert_true(pair_until(quiet, NULL, 1000));
	/* and cancelled */
	p.b.on_incoming = rings;
	a = pair_dial_keys(keys);
	assert_true(pair_sees(a, SIP_RINGING, 1000));
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_sees(&p.b.seen[1], SIP_ENDED, 1000));
	assert_true(pair_until(quiet, NULL, 1000));
}

static int setup_other(enum sip_transport over, bool v6, bool srtp)
{
	memset(&p, 0, sizeof(p));
	p.over = over;
	p.v6 = v6;
	p.srtp = srtp;
	pair_open(&p);
	return 0;
}

static int setup_tcp(void **state)
{
	return setup_other(SIP_OVER_TCP, false, false);
}

static int setup_v6(void **state)
{
	return setup_other(SIP_OVER_UDP, true, false);
}

static int setup_tls(void **state)
{
	return setup_other(SIP_OVER_TLS, false, true);
}

static void call_over_tcp(void **state)
{
	whole_call(false);
}

static void call_over_ipv6(void **state)
{
	whole_call(false);
}

static void call_over_tls_with_keys(void **state)
{
	whole_call(true);
}

static void answers_plain(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;
	int err = sip_session_answer(s->s, &l, &st);

	assert_int_equal(err, me->count == 1 ? ENOTSUP : 0);
	if (err)
		s->s = NULL;
}

/* The far end refuses keys: the same call once more without. */
static void call_over_tls_without_keys(void **state)
{
	struct seen *a;

	p.b.on_incoming = answers_plain;
	a = pair_dial_keys(true);
	assert_true(pair_sees(a, SIP_ANSWERED, 3000));
	assert_false(seen_last(a, SIP_ANSWERED)->sound.stream.srtp.on);
	assert_int_equal(p.b.count, 2);
	sip_session_end(a->s, 0, NULL);
	a->s = NULL;
	assert_true(pair_until(quiet, NULL, 1000));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(call_is_answered_and_ended_by_the_caller),
		T(call_is_ended_by_the_called_with_a_reason),
		T(call_is_refused),
		T(call_is_cancelled),
		T(answer_crosses_cancel),
		T(ended_before_the_ack),
		T(early_sound_then_answer),
		T(answer_waits_for_the_prack),
		T(hold_and_retrieve),
		T(glare),
		T(connected_party_is_told),
		T(nobody_is_there),
		T(many_calls_leave_nothing),
		T(table_is_full),
		T(trunk_mayn_t_refer),
		cmocka_unit_test_setup_teardown(call_over_tcp, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(call_over_ipv6, setup_v6, teardown),
		cmocka_unit_test_setup_teardown(call_over_tls_with_keys, setup_tls, teardown),
		cmocka_unit_test_setup_teardown(call_over_tls_without_keys, setup_tls, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
