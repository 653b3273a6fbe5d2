/* Who is heard: strangers, NAT, forged SRTP, garbage; none of it changes another call. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/rtp.h"
#include "phone.h"

static struct media_stats stats_of(struct media *m)
{
	struct media_stats s;

	media_stats(m, &s);
	return s;
}

static void settle_ms(int ms)
{
	const struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

/* The stranger speaks first and louder: nothing of it arrives, and nothing is sent to it. */
static void stranger(bool exact, bool nat)
{
	struct media *m = room_open(0);
	struct phone a, b, evil;
	struct stream s;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	phone_open(&evil, CODEC_PCMA);
	room_leg(m, 1, &a, exact);
	room_leg(m, 2, &b, true);
	phone_stream(&a, &s);
	if (nat) {
		/* the SDP has a private address; the signalling came from another */
		strcpy(s.remote.ip, "10.255.255.1");
		strcpy(s.latch_ip, "127.0.0.1");
		s.nat = true;
		media_leg_set(m, 1, &s);
	} else {
		/* a host that isn't loopback's: the stranger is at 127.0.0.1 */
		strcpy(s.remote.ip, "127.0.0.9");
		media_leg_set(m, 1, &s);
	}
	media_join(m, 1, 2);
	evil.to = a.to;
	room_settle(m, 1);
	if (!nat) {
		phone_say(&evil, 2000, 20000, 10, 1000);
		for (int i = 0; i < 300 && stats_of(m).rx_stranger < 10; i++)
			settle_ms(10);
		phone_hear(&b, 20);
		assert_int_equal(b.packets, 0);
		assert_int_equal(stats_of(m).rx_stranger, 10);
		phone_stream(&a, &s);
		media_leg_set(m, 1, &s);
		room_settle(m, 1);
	}
	phone_say(&a, 600, 8000, 5, 1000);
	phone_say(&evil, 2000, 20000, 10, 1000);
	phone_say(&a, 600, 8000, 5, 1000);
	phone_say(&b, 600, 8000, 10, 1000);
	phone_await(&b, 10);
	phone_await(&a, 10);
	phone_hear(&evil, 20);
	assert_int_equal(b.packets, 10);
	assert_int_equal(a.packets, 10);
	assert_int_equal(evil.packets, 0);
	assert_true(stats_of(m).rx_stranger >= 10);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
	phone_close(&evil);
}

static void test_stranger(void **state)
{
	stranger(false, false);
	stranger(true, false);
	stranger(false, true);
}

/* Through NAT another port of the right host is learned, and again when it changed. */
static void test_nat_moves(void **state)
{
	struct media *m = room_open(0);
	struct phone a, moved;
	struct stream s;

	phone_open(&a, CODEC_PCMA);
	phone_open(&moved, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	phone_stream(&a, &s);
	strcpy(s.remote.ip, "10.255.255.1");
	strcpy(s.latch_ip, "127.0.0.1");
	s.nat = true;
	media_leg_set(m, 1, &s);
	media_tone(m, 1, MEDIA_TONE_DIAL);
	room_settle(m, 1);
	phone_say(&a, 0, 0, 2, 1000);
	phone_hear(&a, 200);
	assert_true(a.packets > 5);
	/* a renegotiation with the same private address keeps what was learned */
	media_leg_set(m, 1, &s);
	phone_forget(&a);
	phone_hear(&a, 200);
	assert_true(a.packets > 5);
	settle_ms(500);
	moved.to = a.to;
	phone_say(&moved, 0, 0, 2, 1000);
	phone_hear(&moved, 200);
	assert_true(moved.packets > 5);
	media_close(m);
	phone_close(&a);
	phone_close(&moved);
}

static void test_garbage(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;
	uint8_t data[1600];
	struct media_stats s;
	struct stream to_b;
	unsigned seed = 5;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_G722);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, false);
	phone_stream(&b, &to_b);
	to_b.dtmf = DTMF_INFO; /* or it would get all the digits that chance makes */
	to_b.dtmf_type_tx = 0;
	media_leg_set(m, 2, &to_b);
	media_join(m, 1, 2);
	room_settle(m, 1);
	for (int i = 0; i < 2000; i++) {
		const size_t len = (size_t)rand_r(&seed) % sizeof(data);

		for (size_t k = 0; k < len; k++)
			data[k] = (uint8_t)rand_r(&seed);
		if (i % 4 != 0 && len >= 2) {
			data[0] = (uint8_t)(0x80 | (data[0] & (i % 3 ? 0x00 : 0x3F)));
			data[1] = i % 2 ? 8 : TYPE_EVENT;
		}
		phone_send(&a, data, len);
		if (i % 50 == 0)
			settle_ms(1);
	}
	settle_ms(50);
	phone_hear(&b, 20);
	s = stats_of(m);
	assert_true(s.rx_garbage > 100);
	/* and it works as before */
	phone_forget(&b);
	phone_say(&a, 600, 8000, 25, 2000);
	phone_await(&b, 25);
	assert_true(b.packets >= 24);
	assert_true(phone_share(&b, 600, 3200, 3200, NULL) > 0.9);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

static void test_wrong_type(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, false);
	media_join(m, 1, 2);
	room_settle(m, 1);
	a.codec = CODEC_PCMU;
	phone_say(&a, 600, 8000, 10, 1000);
	for (int i = 0; i < 300 && stats_of(m).rx_wrong_type < 10; i++)
		settle_ms(10);
	phone_hear(&b, 20);
	assert_int_equal(b.packets, 0);
	assert_int_equal(stats_of(m).rx_wrong_type, 10);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

static srtp_t session(const uint8_t *key, srtp_ssrc_type_t type)
{
	srtp_policy_t policy = {.ssrc.type = type, .window_size = 1024};
	uint8_t copy[STREAM_SRTP_KEY_LEN];
	srtp_t s;

	memcpy(copy, key, sizeof(copy));
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	policy.key = copy;
	assert_int_equal(srtp_create(&s, &policy), srtp_err_status_ok);
	return s;
}

static void secure(struct phone *p, struct stream *s)
{
	phone_stream(p, s);
	s->srtp.on = true;
	for (int i = 0; i < STREAM_SRTP_KEY_LEN; i++) {
		s->srtp.tx_key[i] = (uint8_t)(i * 7 + 1);
		s->srtp.rx_key[i] = (uint8_t)(i * 5 + 3);
	}
	p->srtp_tx = session(s->srtp.rx_key, ssrc_any_outbound);
	p->srtp_rx = session(s->srtp.tx_key, ssrc_any_inbound);
}

static void forge(struct phone *a)
{
	uint8_t data[RTP_HEADER + 170];

	for (unsigned i = 0; i < 50; i++) {
		memset(data, 0x55, sizeof(data));
		/* far ahead, which moves a careless roll-over counter */
		rtp_build(data, 8, false, (uint16_t)(a->sequence + 30000 + i * 500), i * 160,
			  a->ssrc);
		phone_send(a, data, sizeof(data));
	}
}

/* Both ways through a roll-over of the sequence; forged and plain packets change nothing. */
static void test_srtp(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;
	struct stream s;
	struct media_event ev;
	double rms;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMU);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, true);
	secure(&a, &s);
	media_leg_set(m, 1, &s);
	media_join(m, 1, 2);
	room_settle(m, 1);
	for (int i = 0; i < 3; i++) {
		phone_say(&a, 600, 8000, 10, 1000);
		phone_say(&b, 900, 8000, 10, 1000);
		forge(&a);
		settle_ms(20);
		/* the same keys again keep the counters */
		media_leg_set(m, 1, &s);
	}
	phone_event(&a, 9, 0, 8, 3);
	phone_await(&b, 30);
	phone_await(&a, 30);
	phone_hear(&b, 300);
	assert_in_range(b.packets, 30, 38);
	assert_in_range(a.packets, 30, 40);
	assert_true(phone_share(&b, 600, 0, b.samples, &rms) > 0.9);
	assert_true(phone_share(&a, 900, 0, a.samples, &rms) > 0.9);
	assert_true(stats_of(m).rx_srtp_failed >= 150);
	assert_true(room_event(m, MEDIA_EV_DIGIT, &ev, 500));
	assert_int_equal(ev.digit, '9');
	assert_int_equal(media_leg_state(m, 1, 77), 0);
	assert_true(room_event(m, MEDIA_EV_STATE, &ev, 500));
	assert_int_equal(ev.serial, 77);
	assert_true(ev.state.srtp);
	assert_int_equal(ev.state.rx_roc, 1);
	assert_int_equal(ev.state.rx_ssrc, a.ssrc);
	assert_int_equal(ev.state.tx_ssrc, a.packet[0].ssrc);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

/* Many legs on one socket: each hears its own. */
static void test_shared(void **state)
{
	struct media *m = room_open(0);
	struct phone p[40];

	for (unsigned i = 0; i < 40; i++) {
		phone_open(&p[i], CODEC_PCMA);
		room_leg(m, i + 1, &p[i], true);
	}
	for (unsigned i = 0; i < 40; i += 2)
		media_join(m, i + 1, i + 2);
	room_settle(m, 40);
	for (unsigned k = 0; k < 25; k++)
		for (unsigned i = 0; i < 40; i++)
			phone_say(&p[i], 500 + 50 * i, 8000, 1, i % 10 == 0 ? 200 : 0);
	for (unsigned i = 0; i < 40; i++) {
		phone_await(&p[i], 25);
		assert_int_equal(p[i].packets, 25);
		assert_true(phone_share(&p[i], 500 + 50 * (i ^ 1), 0, p[i].samples, NULL) > 0.9);
	}
	media_close(m);
	for (unsigned i = 0; i < 40; i++)
		phone_close(&p[i]);
}

/* Two legs on one socket name the same address: the second is heard when the first has gone. */
static void test_same_address(void **state)
{
	struct media *m = room_open(0);
	struct phone a, first, second;
	struct stream_address local;
	struct stream s;
	uint16_t other;

	phone_open(&a, CODEC_PCMA);
	phone_open(&first, CODEC_PCMA);
	phone_open(&second, CODEC_PCMA);
	room_leg(m, 1, &first, false);
	room_leg(m, 2, &second, false);
	phone_stream(&a, &s);
	assert_int_equal(media_leg_open(m, 3, 0, true, &local), 0);
	a.to = local.port;
	assert_int_equal(media_leg_set(m, 3, &s), 0);
	/* the next that is given the same socket */
	for (uint32_t key = 4;; key++) {
		assert_int_equal(media_leg_open(m, key, 0, true, &local), 0);
		other = local.port;
		if (other != a.to)
			continue;
		assert_int_equal(media_leg_set(m, key, &s), 0);
		media_join(m, 1, 3);
		media_join(m, 2, key);
		break;
	}
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 5, 1000);
	phone_await(&first, 5);
	assert_int_equal(first.packets, 5);
	assert_int_equal(second.packets, 0);
	media_leg_close(m, 3);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 5, 1000);
	phone_await(&second, 5);
	assert_int_equal(second.packets, 5);
	media_close(m);
	phone_close(&a);
	phone_close(&first);
	phone_close(&second);
}

/* RTCP comes on the same port when that was agreed, and names our stream: RFC 3550, 6.4.1. */
static void test_reports(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	uint8_t data[1500];
	ssize_t n = 0;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	media_tone(m, 1, MEDIA_TONE_DIAL);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 4, 1000);
	for (int i = 0; i < 400; i++) {
		n = recv(a.fd, data, sizeof(data), 0);
		if (rtp_is_rtcp(data, (size_t)n))
			break;
	}
	assert_int_equal(data[0], 0x81);
	assert_int_equal(data[1], 200);
	assert_int_equal((data[3] + 1) * 4, 28 + 24);
	assert_int_equal(rtp_get32(data + 28), a.ssrc);
	assert_int_equal(rtp_get32(data + 32), 0); /* nothing lost */
	assert_int_equal(data[52 + 1], 202);
	assert_int_equal(n, 52 + (data[52 + 3] + 1) * 4);
	media_close(m);
	phone_close(&a);
}

static void test_v6(void **state)
{
	struct media_config cfg = {.interface_count = 1, .port_min = 21000, .port_max = 59000};
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t len = sizeof(at);
	struct stream_address local;
	struct media *m;
	uint8_t data[1500];
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		skip();
	getsockname(fd, (struct sockaddr *)&at, &len);
	strcpy(cfg.interface[0].local_ip, "::1");
	strcpy(cfg.interface[0].advertised_ip, "2001:db8::1");
	assert_int_equal(media_open(&m, &cfg), 0);
	for (uint32_t key = 1; key <= 2; key++) {
		struct stream s = {.codec = CODEC_PCMU, .direction = STREAM_BOTH, .rtcp_mux = true};

		assert_int_equal(media_leg_open(m, key, 0, key == 1, &local), 0);
		assert_string_equal(local.ip, "2001:db8::1");
		strcpy(s.remote.ip, "::1");
		s.remote.port = ntohs(at.sin6_port);
		assert_int_equal(media_leg_set(m, key, &s), 0);
		assert_int_equal(media_tone(m, key, MEDIA_TONE_DIAL), 0);
		assert_int_equal(recv(fd, data, sizeof(data), 0), 172);
		assert_int_equal(media_leg_close(m, key), 0);
	}
	media_close(m);
	close(fd);
}

static void test_parse(void **state)
{
	struct rtp_packet p;
	uint8_t data[64] = {0x80, 8};

	assert_false(rtp_parse(data, 11, &p));
	assert_true(rtp_parse(data, 12, &p));
	assert_int_equal(p.len, 0);
	data[0] = 0x8F; /* 15 contributing sources */
	assert_false(rtp_parse(data, 64, &p));
	data[0] = 0x90; /* an extension that is longer than the packet */
	data[14] = 0xFF;
	assert_false(rtp_parse(data, 64, &p));
	data[14] = 0;
	data[15] = 2;
	assert_true(rtp_parse(data, 64, &p));
	assert_int_equal(p.len, 64 - 12 - 12);
	data[0] = 0xA0;
	assert_false(rtp_parse(data, 64, &p)); /* padding of 0 */
	data[63] = 53;
	assert_false(rtp_parse(data, 64, &p));
	data[63] = 52;
	assert_true(rtp_parse(data, 64, &p));
	assert_int_equal(p.len, 0);
	data[0] = 0x40;
	assert_false(rtp_parse(data, 64, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	   cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_nat_moves),  cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_wrong_type), cmocka_unit_test(test_srtp),
		cmocka_unit_test(test_shared),	   cmocka_unit_test(test_reports),
		cmocka_unit_test(test_v6),	   cmocka_unit_test(test_same_address),
	};

	srtp_init();
	return cmocka_run_group_tests_name("media_guard", tests, NULL, NULL);
}
