/*
 * A carrier at the other end of a trunk: numbers by rule, From and P-Asserted-Identity by template,
 * privacy, its challenges, its silence.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pair.h"

#define CARRIER 2

static struct pair p;
static struct phone carrier;
static struct sip_trunk_config trunk;

static void number_rules(void **state)
{
	static const struct sip_number_rule rules[] = {
		{.prefix = "+86", .strip = 3, .add = "0"},
		{.prefix = "00", .length_min = 8, .strip = 0, .add = ""},
		{.prefix = "", .length_min = 8, .length_max = 8, .add = "021"},
		{.prefix = "9", .strip = 9},
	};
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"+8613800000000", "013800000000"},
		{"0085212345678", "0085212345678"},
		{"62345678", "02162345678"},
		{"8312", "8312"},
		{"912", "912"}, /* shorter than what would be stripped */
		{"", ""},
	};
	char out[SIP_NUMBER];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(identity_number(rules, ARRAY_SIZE(rules), rows[i].in, out), 0);
		assert_string_equal(out, rows[i].out);
	}
	assert_int_equal(
	    identity_number((struct sip_number_rule[]){{.add = "12345678901234567890123"}}, 1,
			    "123456789012", out),
	    EOVERFLOW);
}

static void trunk_set(void)
{
	assert_int_equal(sip_room_trunks_set(p.a.room, &trunk, 1), 0);
	pair_turn(20);
}

static int setup(void **state)
{
	memset(&p, 0, sizeof(p));
	pair_open(&p);
	phone_up(&carrier, p.a.port);
	trunk = (struct sip_trunk_config){.id = CARRIER, .transport = SIP_OVER_UDP,
					  .trust_pai = true, .first_response_ms = 300};
	strcpy(trunk.name, "carrier");
	strcpy(trunk.interface, "lan");
	strcpy(trunk.domain, "ims.example");
	snprintf(trunk.proxy, sizeof(trunk.proxy), "127.0.0.3:%u", carrier.port);
	strcpy(trunk.sources[0], "127.0.0.3");
	strcpy(trunk.user, "02161234000");
	strcpy(trunk.auth_user, "a4711");
	strcpy(trunk.password, "secret");
	strcpy(trunk.ranges[0], "0216123");
	strcpy(trunk.shown_number, "02161230000");
	trunk_set();
	return 0;
}

static int teardown(void **state)
{
	pair_close(&p);
	phone_down(&carrier);
	return 0;
}

static struct seen *dial(const char *number, const char *from, bool withheld)
{
	struct sip_dial d = {.trunk = CARRIER, .withheld = withheld};
	struct stream_local l = pair_local(5002);
	struct seen *a = &p.a.seen[p.a.count];

	memset(a, 0, sizeof(*a));
	p.a.count++;
	strcpy(d.number, number);
	strcpy(d.from_number, from);
	strcpy(d.from_name, "总\"机\\");
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, p.a.count, &a->s), 0);
	assert_true(phone_expect(&carrier, "INVITE ", 1000));
	return a;
}

static void hang_up(struct seen *a)
{
	if (a->s)
		sip_session_end(a->s, 0, NULL);
	a->s = NULL;
}

static void default_identity(void **state)
{
	struct seen *a = dial("013800000000", "02161234567", false);

	assert_int_equal(strncmp(carrier.buf, "INVITE sip:013800000000@ims.example SIP/2.0", 43),
			 0);
	assert_int_equal(
	    strncmp(phone_value(&carrier, "From"), "<sip:02161234567@ims.example>", 29), 0);
	assert_string_equal(phone_value(&carrier, "To"), "<sip:013800000000@ims.example>");
	assert_string_equal(phone_value(&carrier, "P-Asserted-Identity"), "");
	assert_string_equal(phone_value(&carrier, "Privacy"), "");
	assert_null(strstr(phone_value(&carrier, "Supported"), "100rel"));
	hang_up(a);
	/* a foreign number is never shown */
	a = dial("013800000000", "13900000000", false);
	assert_int_equal(
	    strncmp(phone_value(&carrier, "From"), "<sip:02161230000@ims.example>", 29), 0);
	hang_up(a);
}

static void templates_and_privacy(void **state)
{
	struct seen *a;

	strcpy(trunk.from_template, "\"{name}\" <sip:{shown}@{domain};user=phone>");
	strcpy(trunk.pai_template, "<tel:{shown}>");
	trunk.out[0] = (struct sip_number_rule){.prefix = "0", .strip = 1, .add = "+86"};
	trunk.out_count = 1;
	trunk_set();
	a = dial("013800000000", "02161234567", false);
	assert_int_equal(strncmp(carrier.buf, "INVITE sip:+8613800000000@", 26), 0);
	assert_non_null(
	    strstr(carrier.buf, "From: \"总\\\"机\\\\\" <sip:02161234567@ims.example;user=phone>"));
	assert_string_equal(phone_value(&carrier, "P-Asserted-Identity"), "<tel:02161234567>");
	hang_up(a);
	a = dial("013800000000", "02161234567", true);
	assert_non_null(
	    strstr(carrier.buf, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>"));
	assert_string_equal(phone_value(&carrier, "P-Asserted-Identity"), "<tel:02161234567>");
	assert_string_equal(phone_value(&carrier, "Privacy"), "id");
	hang_up(a);
	strcpy(trunk.from_template, "{nothing}");
	trunk_set();
	{
		struct sip_dial d = {.trunk = CARRIER, .number = "1"};
		struct stream_local l = pair_local(5002);
		struct sip_session *s;

		assert_int_not_equal(sip_session_dial(p.a.room, &d, &l, 9, &s), 0);
	}
	assert_int_equal(sip_sessions_count(p.a.room), 0);
}

static void challenges_are_answered(void **state)
{
	struct seen *a = dial("013800000000", "02161234567", false);
	char cseq[64];

	strcpy(cseq, phone_value(&carrier, "CSeq"));
	phone_replies(&carrier, 407,
		      "Proxy-Authenticate: Digest realm=\"ims\", nonce=\"n1\", qop=\"auth\", "
		      "algorithm=SHA-256\r\n",
		      NULL);
	assert_true(phone_expect(&carrier, "INVITE ", 1000));
	assert_string_not_equal(phone_value(&carrier, "CSeq"), cseq);
	assert_non_null(strstr(phone_value(&carrier, "Proxy-Authorization"), "username=\"a4711\""));
	phone_replies(&carrier, 200, "", phone_sdp(4000));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(phone_expect(&carrier, "ACK ", 1000));
	hang_up(a);
	assert_true(phone_expect(&carrier, "BYE ", 1000));
	phone_replies(&carrier, 407,
		      "Proxy-Authenticate: Digest realm=\"ims\", nonce=\"n2\", qop=\"auth\", "
		      "algorithm=SHA-256\r\n",
		      NULL);
	assert_true(phone_expect(&carrier, "BYE ", 1000));
	assert_non_null(strstr(phone_value(&carrier, "Proxy-Authorization"), "n2"));
	phone_replies(&carrier, 200, "", NULL);
	/* refused again and again: it ends */
	a = dial("013800000000", "02161234567", false);
	for (unsigned i = 0; i < 6 && !seen_last(a, SIP_FAILED); i++) {
		phone_replies(&carrier, 401, "WWW-Authenticate: Digest realm=\"ims\", nonce=\"x\", "
			      "stale=true\r\n", NULL);
		(void)phone_expect(&carrier, "INVITE ", 300);
	}
	assert_int_equal(seen_last(a, SIP_FAILED)->end.code, 401);
}

/* No response in first_response_ms: the next trunk may be tried; what comes late is cancelled. */
static void silence(void **state)
{
	struct seen *a = dial("013800000000", "02161234567", false);
	char invite[8192];

	strcpy(invite, carrier.buf);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
	assert_int_equal(seen_last(a, SIP_FAILED)->end.cause, SIP_CAUSE_SILENT);
	assert_int_equal(sip_sessions_count(p.a.room), 0);
	strcpy(carrier.buf, invite);
	phone_replies(&carrier, 183, "", NULL);
	assert_true(phone_expect(&carrier, "CANCEL ", 1500));
	strcpy(carrier.buf, invite);
	phone_replies(&carrier, 487, "", NULL);
	assert_true(phone_expect(&carrier, "ACK ", 1000));
	assert_true(list_isempty(&p.a.room->sessions->leaving));
	/* 100 is a response */
	a = dial("013800000000", "02161234567", false);
	phone_replies(&carrier, 100, "", NULL);
	pair_turn(600);
	assert_int_equal(seen_count(a, SIP_FAILED), 0);
	phone_replies(&carrier, 486, "", NULL);
	assert_true(pair_sees(a, SIP_FAILED, 1000));
}

static void channels(void **state)
{
	struct sip_dial d = {.trunk = CARRIER, .number = "1"};
	struct stream_local l = pair_local(5002);
	struct sip_session *s;
	struct seen *a;

	trunk.channels = 1;
	trunk_set();
	a = dial("1", "2", false);
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, 9, &s), ENOBUFS);
	hang_up(a);
	assert_int_equal(sip_session_dial(p.a.room, &d, &l, 9, &s), 0);
	sip_session_end(s, 0, NULL);
}

/* ---- From the carrier ---- */

static void carrier_invites(const char *uri, const char *to, const char *from, const char *extra)
{
	static unsigned n;

	phone_say(
	    &carrier,
	    "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3:%u;branch=z9hG4bKc%u\r\n"
	    "From: %s;tag=f%u\r\nTo: %s\r\nCall-ID: c%u\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
	    "Contact: <sip:c@127.0.0.3:%u>\r\n%sContent-Length: 0\r\n\r\n",
	    uri, carrier.port, n, from, n, to, n, carrier.port, extra);
	n++;
}

static const struct sip_invite *invited(void)
{
	assert_true(phone_expect(&carrier, "SIP/2.0 100", 1000));
	return &p.a.seen[p.a.count - 1].invite;
}

static void incoming_identity(void **state)
{
	const struct sip_invite *inv;

	trunk.in[0] = (struct sip_number_rule){.prefix = "+86", .strip = 3, .add = "0"};
	trunk.in_count = 1;
	trunk.did[0] = (struct sip_number_rule){.prefix = "0216123", .strip = 7, .add = "8"};
	trunk.did_count = 1;
	trunk_set();
	carrier_invites("sip:0216123312@127.0.0.1", "<sip:x@y>", "\"A \\\"B\\\"\" <sip:1@z>",
			"P-Asserted-Identity: \"李四\" <tel:+86-138-0000-0000>\r\n");
	inv = invited();
	assert_int_equal(inv->trunk, CARRIER);
	assert_string_equal(inv->dialled, "8312");
	assert_string_equal(inv->number, "013800000000");
	assert_string_equal(inv->name, "李四");
	assert_false(inv->offer);
	carrier_invites("sip:0216123312@127.0.0.1", "<sip:x@y>", "\"A \\\"B\\\"\" <sip:%2B8610@z>",
			"Diversion: <sip:1@x>;reason=no-answer\r\nDiversion: <sip:2@x>\r\n");
	inv = invited();
	assert_string_equal(inv->number, "010");
	assert_string_equal(inv->name, "A \"B\"");
	assert_int_equal(inv->diversions, 2);
	carrier_invites("sip:0216123312@127.0.0.1", "<sip:x@y>", "<sip:10@z>",
			"Privacy: user; id\r\nP-Asserted-Identity: <sip:10@z>\r\n");
	inv = invited();
	assert_true(inv->withheld);
	assert_string_equal(inv->number, "");
	carrier_invites("sip:0216123312@127.0.0.1", "<sip:x@y>",
			"\"\xff\xfe\" <sip:123456789012345678901234567890123456@z>", "");
	inv = invited();
	assert_string_equal(inv->name, "");
	assert_string_equal(inv->number, ""); /* too long to be one */
	trunk.did_source = SIP_DID_TO;
	trunk_set();
	carrier_invites("sip:trunk@127.0.0.1", "<sip:0216123313@y>", "<sip:10@z>", "");
	assert_string_equal(invited()->dialled, "8313");
	trunk.did_source = SIP_DID_CALLED_PARTY;
	trunk_set();
	carrier_invites("sip:trunk@127.0.0.1", "<sip:x@y>", "<sip:10@z>",
			"P-Called-Party-ID: <sip:0216123314@y>\r\n");
	assert_string_equal(invited()->dialled, "8314");
}

static void replaces_is_refused(void **state)
{
	unsigned n = p.a.count;

	carrier_invites("sip:8000@127.0.0.1", "<sip:x@y>", "<sip:10@z>",
			"Replaces: a;to-tag=b;from-tag=c\r\n");
	assert_true(phone_expect(&carrier, "SIP/2.0 403", 1000));
	assert_int_equal(p.a.count, n);
}

static void draining(void **state)
{
	sip_room_drain(p.a.room);
	carrier_invites("sip:8000@127.0.0.1", "<sip:x@y>", "<sip:10@z>", "");
	assert_true(phone_expect(&carrier, "SIP/2.0 503", 1000));
	assert_string_not_equal(phone_value(&carrier, "Retry-After"), "");
}

/* What the exchange needs to route: a Record-Route set, and a Contact too long to keep. */
static void routes(void **state)
{
	char extra[1200];
	struct seen *a;

	a = dial("1", "2", false);
	snprintf(extra, sizeof(extra),
		 "Record-Route: <sip:127.0.0.3:%u;lr;x=\"a,b\">, <sip:p2.example;lr>\r\n",
		 carrier.port);
	phone_replies(&carrier, 200, extra, phone_sdp(4000));
	assert_true(phone_expect(&carrier, "ACK sip:" PAIR_USER "@127.0.0.3", 1000));
	snprintf(extra, sizeof(extra), "Route: <sip:p2.example;lr>,<sip:127.0.0.3:%u;lr;x=\"a,b\">",
		 carrier.port);
	assert_non_null(strstr(carrier.buf, extra));
	hang_up(a);
	assert_true(phone_expect(&carrier, "BYE ", 1000));
	phone_replies(&carrier, 200, "", NULL);
	memset(extra, 'x', sizeof(extra));
	memcpy(extra, "Record-Route: <sip:", 19);
	strcpy(extra + sizeof(extra) - 8, ";lr>\r\n");
	carrier_invites("sip:8000@127.0.0.1", "<sip:x@y>", "<sip:10@z>", extra);
	assert_true(phone_expect(&carrier, "SIP/2.0 513", 1000));
	assert_int_equal(sip_sessions_count(p.a.room), 0);
}

/* ---- Mutations: any answer or none, no crash, no growth ---- */

static uint32_t seed = 1; /* SIP_TEST_SEED takes another */

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void mutate(char *text, size_t len)
{
	for (uint32_t n = 1 + dice(4); n > 0; n--) {
		size_t at = dice((uint32_t)len);

		switch (dice(4)) {
		case 0:
			text[at] = (char)dice(256);
			break;
		case 1:
			text[at] = ";,<>:=\"\r\n @"[dice(11)];
			break;
		case 2:
			memmove(text + at, text + at + 1, len - at);
			break;
		default:
			memmove(text + at, text + dice((uint32_t)(len - 4)), len - at > 3 ? 3 : 1);
			break;
		}
	}
}

static void any_answer(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;

	switch (dice(4)) {
	case 0:
		(void)sip_session_ring(s->s);
		break;
	case 1:
		if (sip_session_progress(s->s, &l, &st) == ENOTSUP)
			s->s = NULL;
		break;
	case 2:
		if (sip_session_answer(s->s, &l, &st) == ENOTSUP)
			s->s = NULL;
		break;
	default:
		break;
	}
	if (s->s && dice(2)) {
		sip_session_end(s->s, (uint16_t)dice(700), "x");
		s->s = NULL;
	}
}

static void mutated_messages(void **state)
{
	static const char *const methods[] = {"INVITE", "ACK", "BYE", "UPDATE", "PRACK", "INFO",
					      "REFER", "CANCEL", "NOTIFY"};
	struct seen *a = dial("1", "2", false);
	char from[200], to[200], call_id[100], text[8192];

	if (getenv("SIP_TEST_SEED"))
		seed = (uint32_t)atoi(getenv("SIP_TEST_SEED"));
	phone_replies(&carrier, 200, "", phone_sdp(4000));
	assert_true(pair_sees(a, SIP_ANSWERED, 1000));
	assert_true(phone_expect(&carrier, "ACK ", 1000));
	strcpy(from, phone_value(&carrier, "To"));
	strcpy(to, phone_value(&carrier, "From"));
	strcpy(call_id, phone_value(&carrier, "Call-ID"));
	p.a.on_incoming = any_answer;
	for (uint32_t i = 0; i < 4000; i++) {
		const char *m = methods[dice(i % 3 ? 2 : ARRAY_SIZE(methods))];
		bool inside = dice(3) == 0;
		int n =
		    snprintf(text, sizeof(text),
			     "%s sip:8000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3:%u;"
			     "branch=z9hG4bKm%u\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
			     "CSeq: %u %s\r\nMax-Forwards: 70\r\nContact: <sip:c@127.0.0.3:%u>\r\n"
			     "Supported: timer, 100rel\r\nSession-Expires: 1800;refresher=uac\r\n"
			     "RAck: 1 1 INVITE\r\nRefer-To: <sip:1@x?Replaces=a%%3Bto-tag%%3Db>\r\n"
			     "Record-Route: <sip:127.0.0.3;lr>, <sip:x;lr>\r\n"
			     "P-Asserted-Identity: \"N\" <tel:+86-10>\r\nPrivacy: none\r\n"
			     "Reason: SIP;cause=200;text=\"x\"\r\nContent-Type: application/sdp\r\n"
			     "Content-Length: %zu\r\n\r\n%s",
			     m, carrier.port, i, inside ? from : "<sip:1@y>;tag=z",
			     inside ? to : "<sip:2@y>", inside ? call_id : "m", i + 1, m,
			     carrier.port, strlen(phone_sdp(4000)), phone_sdp(4000));

		if (dice(4))
			mutate(text, (size_t)n);
		phone_say(&carrier, "%s", text);
		if (i % 16 == 0)
			pair_turn(3);
		while (recv(carrier.fd, text, sizeof(text), MSG_DONTWAIT) > 0)
			;
	}
	pair_turn(50);
	print_message("%u calls reached app, %u sessions open\n", p.a.count,
		      sip_sessions_count(p.a.room));
	assert_true(p.a.room->sessions->usages <= SESSION_USAGES * p.a.room->sessions->max);
	hang_up(a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_rules), T(default_identity), T(templates_and_privacy),
		T(challenges_are_answered), T(silence), T(channels), T(incoming_identity),
		T(replaces_is_refused), T(draining), T(routes), T(mutated_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
