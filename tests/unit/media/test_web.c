/* A browser's sound: offers, ICE, DTLS, SRTP, restart; and strangers, who change nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "browser.h"
#include "media/rtp.h"

static struct media_stats stats_of(struct media *m)
{
	struct media_stats s;

	media_stats(m, &s);
	return s;
}

/* a talks to b: what b hears is a's tone. */
static void assert_heard(struct phone *a, struct phone *b, double hz)
{
	double rms;

	phone_forget(b);
	phone_say(a, hz, 8000, 30, 5000);
	phone_hear(b, 100);
	assert_true(b->samples > 4000);
	assert_true(phone_share(b, hz, b->samples / 3, 3200, &rms) > 0.8);
	assert_true(rms > 3000);
}

static void both_ways(enum codec c)
{
	struct media *m = room_open(0);
	struct browser b;
	struct phone p;

	browser_open(&b, c);
	phone_open(&p, CODEC_PCMA);
	browser_call(&b, m, 1);
	room_leg(m, 2, &p, true);
	assert_int_equal(media_join(m, 1, 2), 0);
	room_settle(m, 2);
	assert_heard(&p, &b.phone, 440);
	assert_heard(&b.phone, &p, 1000);
	media_close(m);
	browser_close(&b);
	phone_close(&p);
}

static void test_opus(void **state)
{
	(void)state;
	both_ways(CODEC_OPUS);
}

static void test_g711(void **state)
{
	(void)state;
	both_ways(CODEC_PCMA);
	both_ways(CODEC_PCMU);
}

static void test_digit(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct media_event ev;

	(void)state;
	browser_open(&b, CODEC_PCMA);
	browser_call(&b, m, 1);
	phone_event(&b.phone, 5, 0, 8, 3);
	assert_true(room_event(m, MEDIA_EV_DIGIT, &ev, 2000));
	assert_int_equal(ev.digit, '5');
	media_close(m);
	browser_close(&b);
}

/* ---- offers ---- */

static void refused(struct media *m, const char *offer, size_t len, enum media_web_refusal why)
{
	struct media_web_answer answer;

	assert_int_equal(media_web_open(m, 9, 0, offer, len, &answer), EBADMSG);
	assert_string_equal(media_web_refusal_name(answer.refusal), media_web_refusal_name(why));
	assert_int_equal(stats_of(m).legs, 0);
}

/* The offer with one piece of it replaced. */
static void refused_with(struct media *m, const struct browser *b, const char *piece,
			 const char *by, enum media_web_refusal why)
{
	const char *offer = browser_offer(b, ""), *at = strstr(offer, piece);
	char text[8192];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - offer), offer, by, at + strlen(piece));
	refused(m, text, strlen(text), why);
}

static void test_bad_offers(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	char *big = calloc(1, 70000);
	const char *offer;

	(void)state;
	browser_open(&b, CODEC_OPUS);
	refused(m, "", 0, MEDIA_WEB_NOT_SDP);
	refused(m, "{\"a\":1}", 7, MEDIA_WEB_NOT_SDP);
	refused(m, "v=0\r\n<script>\r\n", 15, MEDIA_WEB_NOT_SDP);
	refused(m, "v=0\r\ns=-\r\nt=0 0\r\n", 17, MEDIA_WEB_NO_AUDIO);
	refused_with(m, &b, "m=audio 9", "m=video 9", MEDIA_WEB_NO_AUDIO);
	refused_with(m, &b, "m=audio 9", "m=audio 0", MEDIA_WEB_NO_AUDIO);
	refused_with(m, &b, "UDP/TLS/RTP/SAVPF", "RTP/AVP", MEDIA_WEB_NO_AUDIO);
	refused_with(m, &b, "m=audio 9", "m=audio 99999999", MEDIA_WEB_NOT_SDP);
	refused_with(m, &b, "a=sendrecv", "a=recvonly", MEDIA_WEB_NOT_BOTH_WAYS);
	refused_with(m, &b, "111 63 9 0 8 13 110 101", "63 9 13", MEDIA_WEB_NO_CODEC);
	refused_with(m, &b, "a=ice-ufrag:", "a=x:", MEDIA_WEB_NO_ICE);
	refused_with(m, &b, "a=ice-pwd:", "a=ice-pwd:!", MEDIA_WEB_NO_ICE);
	refused_with(m, &b, "a=fingerprint:sha-256 ", "a=x:", MEDIA_WEB_NO_FINGERPRINT);
	refused_with(m, &b, "sha-256 ", "sha-1 ", MEDIA_WEB_UNKNOWN_FINGERPRINT);
	refused_with(m, &b, "sha-256 ", "sha-256 0", MEDIA_WEB_UNKNOWN_FINGERPRINT);
	refused_with(m, &b, "a=setup:actpass", "a=setup:passive", MEDIA_WEB_NOT_ACTIVE);
	refused_with(m, &b, "a=rtcp-mux\r\n", "", MEDIA_WEB_NO_MUX);
	for (int i = 0; i < 200; i++)
		sprintf(big + strlen(big), "a=candidate:%d 1 udp 1 192.0.2.1 9 typ host\r\n", i);
	offer = browser_offer(&b, big);
	refused(m, offer, strlen(offer), MEDIA_WEB_TOO_MANY_CANDIDATES);
	big[0] = '\0';
	for (int i = 0; i < 8; i++)
		strcat(big, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
	offer = browser_offer(&b, big);
	refused(m, offer, strlen(offer), MEDIA_WEB_TOO_MANY_SECTIONS);
	memset(big, 'x', 69999);
	offer = browser_offer(&b, big);
	refused(m, offer, strlen(offer), MEDIA_WEB_TOO_BIG);
	free(big);
	media_close(m);
	browser_close(&b);
}

static void test_video_is_closed(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct media_web_answer answer;
	const char *offer;

	(void)state;
	browser_open(&b, CODEC_OPUS);
	offer = browser_offer(&b, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=sendrecv\r\n");
	assert_int_equal(media_web_open(m, 1, 0, offer, strlen(offer), &answer), 0);
	assert_non_null(strstr(answer.text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
	assert_non_null(strstr(answer.text, "a=inactive\r\na=mid:1\r\n"));
	assert_non_null(strstr(answer.text, "a=group:BUNDLE 0\r\n"));
	assert_non_null(strstr(answer.text, "a=ice-lite\r\n"));
	assert_non_null(strstr(answer.text, "a=setup:passive\r\n"));
	assert_int_equal(media_web_open(m, 1, 0, offer, strlen(offer), &answer), EEXIST);
	assert_int_equal(stats_of(m).legs, 1);
	media_close(m);
	browser_close(&b);
}

/* ---- hostile peers ---- */

static void test_wrong_fingerprint(void **state)
{
	struct media *m = room_open(0);
	struct browser b, other;
	struct media_web_answer answer;
	struct media_event ev;
	const char *offer;

	(void)state;
	browser_open(&b, CODEC_OPUS);
	browser_open(&other, CODEC_OPUS);
	strcpy(b.fingerprint, other.fingerprint);
	offer = browser_offer(&b, "");
	assert_int_equal(media_web_open(m, 1, 0, offer, strlen(offer), &answer), 0);
	browser_answer(&b, answer.text);
	assert_true(browser_check(&b, -1, true));
	browser_shake(&b);
	assert_true(room_event(m, MEDIA_EV_GONE, &ev, 2000));
	assert_int_equal(ev.gone, MEDIA_GONE_FINGERPRINT);
	media_tone(m, 1, MEDIA_TONE_DIAL);
	phone_hear(&b.phone, 200);
	assert_int_equal(b.phone.packets, 0);
	assert_int_equal(media_leg_close(m, 1), 0);
	media_close(m);
	browser_close(&b);
	browser_close(&other);
}

/* A check by another password is neither answered nor moves the leg; nor does a stranger's DTLS. */
static void test_forged_check(void **state)
{
	struct media *m = room_open(0);
	struct browser b, evil;
	struct phone p;
	uint8_t data[512];
	uint64_t strangers;
	size_t n;

	(void)state;
	browser_open(&b, CODEC_PCMA);
	browser_open(&evil, CODEC_PCMA);
	phone_open(&p, CODEC_PCMA);
	browser_call(&b, m, 1);
	room_leg(m, 2, &p, true);
	media_join(m, 1, 2);
	evil.phone.to = b.phone.to;
	strcpy(evil.leg_ufrag, b.leg_ufrag);
	strcpy(evil.ufrag, b.ufrag);
	strangers = stats_of(m).rx_stranger;
	n = browser_check_make(&evil, "guessedguessedguessed0000", true, data, sizeof(data));
	phone_send(&evil.phone, data, n);
	assert_false(browser_check_answered(&evil, evil.phone.fd));
	assert_false(browser_shake(&evil));
	assert_true(stats_of(m).rx_stranger > strangers);
	/* a replay from elsewhere of a check that was good */
	n = browser_check_make(&b, b.leg_pwd, true, data, sizeof(data));
	phone_send(&b.phone, data, n);
	assert_true(browser_check_answered(&b, b.phone.fd));
	memcpy(evil.tid, b.tid, sizeof(evil.tid));
	strcpy(evil.leg_pwd, b.leg_pwd);
	phone_send(&evil.phone, data, n);
	assert_false(browser_check_answered(&evil, evil.phone.fd));
	assert_heard(&p, &b.phone, 600);
	assert_heard(&b.phone, &p, 600);
	media_close(m);
	browser_close(&b);
	browser_close(&evil);
	phone_close(&p);
}

static void test_forged_srtp(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct phone p;
	uint8_t data[200];
	uint64_t failed;

	(void)state;
	browser_open(&b, CODEC_PCMA);
	phone_open(&p, CODEC_PCMA);
	browser_call(&b, m, 1);
	room_leg(m, 2, &p, true);
	media_join(m, 1, 2);
	assert_heard(&b.phone, &p, 700);
	failed = stats_of(m).rx_srtp_failed;
	memset(data, 0x55, sizeof(data));
	for (unsigned i = 0; i < 200; i++) {
		rtp_build(data, 8, false, (uint16_t)(i * 400), i * 160, b.phone.ssrc);
		phone_send(&b.phone, data, 182); /* from the browser's own address */
	}
	data[0] = 0x16; /* DTLS that is none, STUN that is none, nothing at all */
	phone_send(&b.phone, data, 60);
	data[0] = 0x00;
	phone_send(&b.phone, data, 60);
	data[0] = 0xFF;
	phone_send(&b.phone, data, 60);
	for (int i = 0; i < 100 && stats_of(m).rx_srtp_failed < failed + 200; i++)
		usleep(20000);
	/* not all: a socket's buffer holds fewer when the engine waits for a core */
	assert_true(stats_of(m).rx_srtp_failed >= failed + 50);
	assert_heard(&b.phone, &p, 700);
	assert_heard(&p, &b.phone, 700);
	media_close(m);
	browser_close(&b);
	phone_close(&p);
}

/* ---- a network that changes ---- */

static int other_socket(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void test_new_address(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct phone p;
	int fd = other_socket(), old;

	(void)state;
	browser_open(&b, CODEC_PCMA);
	phone_open(&p, CODEC_PCMA);
	browser_call(&b, m, 1);
	room_leg(m, 2, &p, true);
	media_join(m, 1, 2);
	/* a check alone doesn't move the leg, one that nominates does */
	assert_true(browser_check(&b, fd, false));
	assert_heard(&p, &b.phone, 500);
	assert_true(browser_check(&b, fd, true));
	old = b.phone.fd;
	b.phone.fd = fd;
	assert_heard(&p, &b.phone, 500);
	assert_heard(&b.phone, &p, 500);
	close(old);
	media_close(m);
	browser_close(&b);
	phone_close(&p);
}

static void test_restart(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct phone p;
	struct media_web_answer answer;
	char fragment[256], before[64];

	(void)state;
	browser_open(&b, CODEC_OPUS);
	phone_open(&p, CODEC_PCMA);
	browser_call(&b, m, 1);
	room_leg(m, 2, &p, true);
	media_join(m, 1, 2);
	snprintf(fragment, sizeof(fragment),
		 "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
		 "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", b.ufrag, b.pwd);
	assert_int_equal(media_web_restart(m, 1, fragment, strlen(fragment), &answer), 0);
	assert_string_equal(answer.text, "");
	strcpy(before, b.leg_ufrag);
	strcpy(b.ufrag, "anew");
	strcpy(b.pwd, "ABCDEFGHIJKLMNOPQRSTUVWX");
	snprintf(fragment, sizeof(fragment), "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", b.ufrag, b.pwd);
	assert_int_equal(media_web_restart(m, 1, fragment, strlen(fragment), &answer), 0);
	browser_answer(&b, answer.text);
	assert_string_not_equal(b.leg_ufrag, before);
	assert_heard(&b.phone, &p, 800); /* goes on meanwhile */
	assert_true(browser_check(&b, -1, true));
	assert_heard(&b.phone, &p, 800);
	assert_heard(&p, &b.phone, 800);
	assert_int_equal(media_web_restart(m, 1, "a=ice-ufrag:zz", 14, &answer), EBADMSG);
	assert_int_equal(media_web_restart(m, 2, fragment, strlen(fragment), &answer), EINVAL);
	assert_int_equal(media_web_restart(m, 7, fragment, strlen(fragment), &answer), ENOENT);
	media_close(m);
	browser_close(&b);
	phone_close(&p);
}

static void test_lost_back_closed(void **state)
{
	struct media *m = room_open(0);
	struct browser b;
	struct media_event ev;

	(void)state;
	browser_open(&b, CODEC_PCMA);
	browser_call(&b, m, 1);
	phone_say(&b.phone, 400, 5000, 5, 1000);
	assert_false(room_event(m, MEDIA_EV_LOST, &ev, 1500));
	assert_true(room_event(m, MEDIA_EV_LOST, &ev, 1000));
	phone_say(&b.phone, 400, 5000, 2, 1000);
	assert_true(room_event(m, MEDIA_EV_BACK, &ev, 1000));
	SSL_shutdown(b.ssl);
	assert_true(room_event(m, MEDIA_EV_GONE, &ev, 1000));
	assert_int_equal(ev.gone, MEDIA_GONE_CLOSED);
	media_close(m);
	browser_close(&b);
}

/* ---- what a desk needs ---- */

static void test_voice(void **state)
{
	struct media *m = room_open(0);
	const struct media_watch watch = {.voice = true};
	struct media_event ev;
	struct phone p;

	(void)state;
	phone_open(&p, CODEC_PCMA);
	room_leg(m, 1, &p, true);
	media_watch(m, 1, &watch);
	phone_say(&p, 300, 60, 50, 1000); /* a quiet room */
	phone_say(&p, 300, 4000, 3, 1000); /* a key */
	phone_say(&p, 300, 60, 20, 1000);
	assert_false(room_event(m, MEDIA_EV_VOICE, &ev, 100));
	phone_say(&p, 300, 4000, 15, 1000);
	assert_true(room_event(m, MEDIA_EV_VOICE, &ev, 1000));
	phone_say(&p, 300, 4000, 15, 1000);
	assert_false(room_event(m, MEDIA_EV_VOICE, &ev, 100));
	media_watch(m, 1, &watch);
	phone_say(&p, 300, 60, 20, 1000);
	phone_say(&p, 300, 6000, 15, 1000);
	assert_true(room_event(m, MEDIA_EV_VOICE, &ev, 1000));
	media_close(m);
	phone_close(&p);
}

/* Its peer goes on hearing a leg that is played to. */
static void test_play_over_join(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;

	(void)state;
	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, true);
	room_leg(m, 2, &b, true);
	media_join(m, 1, 2);
	media_tone(m, 1, MEDIA_TONE_DIAL);
	room_settle(m, 1);
	assert_heard(&a, &b, 900);
	phone_forget(&a);
	phone_say(&b, 900, 8000, 20, 5000);
	phone_hear(&a, 100);
	assert_true(phone_share(&a, 450, 400, 800, NULL) > 0.9);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

/* Three say three tones in real time; each hears the two others and not itself. */
static void say_three(struct phone *p[3], const double hz[3])
{
	for (int i = 0; i < 3; i++)
		phone_forget(p[i]);
	for (int k = 0; k < 40; k++) {
		for (int i = 0; i < 3; i++)
			phone_say(p[i], hz[i], 6000, 1, 0);
		usleep(20000);
	}
	for (int i = 0; i < 3; i++)
		phone_hear(p[i], 5);
}

static double share(const struct phone *p, double hz)
{
	assert_true(p->samples > coder_rate(p->codec) / 2);
	return phone_share(p, hz, coder_rate(p->codec) / 4, coder_rate(p->codec) / 5, NULL);
}

static void test_conference(void **state)
{
	static const double hz[3] = {500, 1000, 1500};
	struct media *m = room_open(0);
	struct phone a, b, c, *all[3] = {&a, &b, &c};

	(void)state;
	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_G722);
	phone_open(&c, CODEC_OPUS);
	for (uint32_t i = 0; i < 3; i++)
		room_leg(m, i + 1, all[i], false);
	assert_int_equal(media_confer(m, 1, 2, 2), EINVAL);
	assert_int_equal(media_confer(m, 1, 2, 9), ENOENT);
	media_join(m, 1, 2);
	assert_int_equal(media_confer(m, 1, 2, 3), 0);
	assert_int_equal(media_confer(m, 3, 1, 2), 0); /* the same three */
	room_settle(m, 1);
	say_three(all, hz);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++) {
			if (i == k)
				assert_true(share(all[i], hz[k]) < 0.02);
			else
				assert_in_range((int)(share(all[i], hz[k]) * 100), 8, 90);
		}
	media_part(m, 1);
	room_settle(m, 1);
	say_three(all, hz);
	assert_true(share(&b, 1500) > 0.8);
	assert_true(share(&c, 1000) > 0.8);
	assert_true(share(&a, 1000) < 0.02);
	media_confer(m, 1, 2, 3);
	media_leg_close(m, 3);
	room_settle(m, 1);
	say_three(all, hz);
	assert_true(share(&a, 1000) > 0.8);
	assert_true(share(&b, 500) > 0.8);
	media_close(m);
	for (int i = 0; i < 3; i++)
		phone_close(all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_offers),
		cmocka_unit_test(test_video_is_closed),
		cmocka_unit_test(test_opus),
		cmocka_unit_test(test_g711),
		cmocka_unit_test(test_digit),
		cmocka_unit_test(test_wrong_fingerprint),
		cmocka_unit_test(test_forged_check),
		cmocka_unit_test(test_forged_srtp),
		cmocka_unit_test(test_new_address),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_lost_back_closed),
		cmocka_unit_test(test_voice),
		cmocka_unit_test(test_play_over_join),
		cmocka_unit_test(test_conference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
