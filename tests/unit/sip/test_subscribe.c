/* Lamps: SUBSCRIBE to the dialog event, NOTIFY at each change, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;
static char buf[8192];
static int fd;
static uint16_t port;

static int setup(void **state)
{
	(void)state;
	fixture_defaults(&f);
	fd = phone_open(&port);
	return fixture_open(&f);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	close(fd);
	return 0;
}

static void subscribe(const char *number, const char *event, int expires, const char *to_tag,
		      unsigned cseq, const char *authorization)
{
	phone_send(
	    fd, f.iface[0].udp_port,
	    "SUBSCRIBE sip:%s@zongji SIP/2.0\r\nVia: SIP/2.0/UDP "
	    "127.0.0.1:%u;branch=z9hG4bK%u;rport\r\n"
	    "From: <sip:u2@zongji>;tag=f\r\nTo: <sip:%s@zongji>%s%s\r\nCall-ID: s\r\n"
	    "CSeq: %u SUBSCRIBE\r\nContact: <sip:u2@127.0.0.1:%u>\r\nEvent: %s\r\nExpires: %d\r\n"
	    "Accept: application/%s\r\n%sContent-Length: 0\r\n\r\n",
	    number, port, cseq, number, to_tag[0] ? ";tag=" : "", to_tag, cseq, port, event,
	    expires,
	    strcmp(event, "dialog") == 0 ? "dialog-info+xml" : "simple-message-summary",
	    authorization);
}

static int subscribed(const char *number, const char *event, int expires, const char *to_tag,
		      unsigned cseq)
{
	char authorization[1024], uri[64];

	subscribe(number, event, expires, to_tag, cseq, "");
	phone_recv(fd, buf, sizeof(buf), 8000);
	if (phone_status(buf) != 401)
		return phone_status(buf);
	snprintf(uri, sizeof(uri), "sip:%s@zongji", number);
	phone_authorization(buf, "u2", "p2", "SUBSCRIBE", uri, authorization,
			    sizeof(authorization));
	subscribe(number, event, expires, to_tag, cseq + 1, authorization);
	phone_recv(fd, buf, sizeof(buf), 8000);
	return phone_status(buf);
}

static void take_notify(const char *state, const char *subscription, const char *code)
{
	char via[512], from[256], to[256], cseq[64];

	assert_true(phone_recv(fd, buf, sizeof(buf), 8000) > 0);
	assert_memory_equal(buf, "NOTIFY sip:u2@127.0.0.1", 23);
	assert_non_null(strstr(buf, state));
	assert_memory_equal(phone_header(buf, "Subscription-State"), subscription,
			    strlen(subscription));
	strcpy(via, phone_header(buf, "Via"));
	strcpy(from, phone_header(buf, "From"));
	strcpy(to, phone_header(buf, "To"));
	strcpy(cseq, phone_header(buf, "CSeq"));
	phone_send(fd, f.iface[0].udp_port,
		   "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\n"
		   "Call-ID: s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
		   code, via, from, to, cseq);
}

static void lamp_busy(struct fixture *fx, void *arg)
{
	sip_room_lamp(fx->room, 8312, *(enum sip_lamp *)arg);
}

static void set_lamp(enum sip_lamp l)
{
	fixture_run(&f, lamp_busy, &l);
}

static void stats(struct fixture *fx, void *arg)
{
	sip_room_stats(fx->room, arg);
}

static void test_lamp(void **state)
{
	struct sip_room_stats s;
	char tag[64];
	(void)state;

	assert_int_equal(subscribed("8312", "dialog", 600, "", 1), 200);
	assert_string_equal(phone_header(buf, "Expires"), "600");
	snprintf(tag, sizeof(tag), "%s", strstr(phone_header(buf, "To"), "tag=") + 4);
	take_notify("<state>terminated</state>", "active;expires=", "200 OK");
	set_lamp(SIP_LAMP_RINGING);
	take_notify("<state>early</state>", "active", "200 OK");
	set_lamp(SIP_LAMP_RINGING); /* unchanged */
	set_lamp(SIP_LAMP_BUSY);
	take_notify("<state>confirmed</state>", "active", "200 OK");
	assert_non_null(strstr(buf, "version=\"2\""));
	/* refreshed, then given up */
	assert_int_equal(subscribed("8312", "dialog", 300, tag, 3), 200);
	take_notify("<state>confirmed</state>", "active;expires=", "200 OK");
	assert_int_equal(subscribed("8312", "dialog", 0, tag, 5), 200);
	take_notify("<state>confirmed</state>", "terminated", "200 OK");
	usleep(300000);
	fixture_run(&f, stats, &s);
	assert_int_equal(s.subscriptions, 0);
	assert_int_equal(subscribed("8312", "dialog", 300, tag, 7), 481);
}

static void test_phone_forgot(void **state)
{
	struct sip_room_stats s;
	(void)state;

	assert_int_equal(subscribed("8312", "dialog", 600, "", 1), 200);
	take_notify("terminated", "active", "481 Gone");
	usleep(300000);
	fixture_run(&f, stats, &s);
	assert_int_equal(s.subscriptions, 0);
}

static void more_wait(struct fixture *fx, void *arg)
{
	const struct sip_waiting now = {3, 1}, others = {9, 0};

	(void)arg;
	sip_room_waiting(fx->room, fx->subscriber, &now);
	sip_room_waiting(fx->room, fx->subscriber, &now); /* unchanged */
	sip_room_waiting(fx->room, fx->subscriber + 1, &others);
	sip_room_lamp(fx->room, fx->subscriber, SIP_LAMP_BUSY); /* another event's */
}

/* RFC 3842: what waits now, and each change of it. */
static void test_messages(void **state)
{
	char tag[64];
	(void)state;

	f.waiting = (struct sip_waiting){0, 0};
	assert_int_equal(subscribed("u2", "message-summary", 600, "", 1), 200);
	snprintf(tag, sizeof(tag), "%s", strstr(phone_header(buf, "To"), "tag=") + 4);
	take_notify("Messages-Waiting: no\r\n", "active;expires=", "200 OK");
	assert_string_equal(phone_header(buf, "Event"), "message-summary");
	fixture_run(&f, more_wait, NULL);
	take_notify("Messages-Waiting: yes\r\nMessage-Account: sip:u2@zongji\r\n"
		    "Voice-Message: 3/0 (1/0)\r\n",
		    "active", "200 OK");
	assert_int_equal(subscribed("u2", "message-summary", 0, tag, 3), 200);
	take_notify("Voice-Message: 3/0 (1/0)\r\n", "terminated", "200 OK");
}

static void test_refusals(void **state)
{
	(void)state;
	assert_int_equal(subscribed("8312", "presence", 600, "", 1), 489);
	assert_string_equal(phone_header(buf, "Allow-Events"), "dialog, message-summary");
	assert_int_equal(subscribed("8313", "message-summary", 600, "", 1), 403);
	assert_int_equal(subscribed("99999", "dialog", 600, "", 1), 404);
	assert_int_equal(subscribed("8312", "dialog", 5, "", 3), 423);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_lamp, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_phone_forgot, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
	};

	return cmocka_run_group_tests_name("sip subscribe", tests, NULL, NULL);
}
