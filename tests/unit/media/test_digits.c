/* Digits: each once, whatever is lost, by event or in band; passed on to the other leg once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "phone.h"

static void expect_digits(struct media *m, const char *want)
{
	struct media_event ev[32];
	char got[33] = "";
	unsigned n = 0, d = 0;

	/* until the last has come; what is too much comes with it, or right behind */
	for (int i = 0; i < 300 && n < strlen(want); i++)
		n += room_events(m, ev + n, 32 - n, 10);
	n += room_events(m, ev + n, 32 - n, 60);
	for (unsigned i = 0; i < n; i++)
		if (ev[i].kind == MEDIA_EV_DIGIT)
			got[d++] = ev[i].digit;
	got[d] = '\0';
	assert_string_equal(got, want);
}

static void test_each_once(void **state)
{
	struct media *m = room_open(0);
	struct phone a;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_settle(m, 1);
	phone_event(&a, 1, 0, 8, 3); /* whole */
	phone_event(&a, 1, 0, 8, 3); /* the same key again */
	phone_event(&a, 2, 3, 8, 3); /* its beginning is lost */
	phone_event(&a, 3, 0, 4, 3); /* its end is lost */
	phone_event(&a, 4, 7, 8, 3); /* one end packet is all that comes */
	phone_event(&a, 11, 0, 8, 3);
	phone_event(&a, 16, 0, 8, 3); /* flash is no digit */
	expect_digits(m, "11234#");
	media_close(m);
	phone_close(&a);
}

/* A packet that the network doubled or delayed past the next digit is nothing new. */
static void test_late_packets(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	uint32_t first;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_settle(m, 1);
	first = a.timestamp;
	phone_event(&a, 5, 0, 8, 3);
	phone_event(&a, 6, 0, 8, 3);
	a.timestamp = first;
	a.sequence -= 16;
	phone_event(&a, 5, 6, 8, 3);
	expect_digits(m, "56");
	media_close(m);
	phone_close(&a);
}

static unsigned count_events(const struct phone *p, uint8_t event)
{
	unsigned digits = 0;
	uint32_t last = 0;

	for (unsigned i = 0; i < p->packets; i++) {
		const struct phone_packet *k = &p->packet[i];

		if (k->type != TYPE_EVENT || k->event[0] != event)
			continue;
		if (digits == 0 || k->timestamp != last)
			digits++;
		last = k->timestamp;
	}
	return digits;
}

static void test_passed_on(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;
	unsigned ends = 0;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_OPUS);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, true);
	media_join(m, 1, 2);
	room_settle(m, 1);
	phone_say(&a, 500, 5000, 3, 2000);
	phone_event(&a, 7, 0, 8, 3);
	phone_event(&a, 8, 0, 8, 3);
	phone_say(&a, 500, 5000, 30, 20000);
	phone_hear(&b, 100);
	assert_int_equal(count_events(&b, 7), 1);
	assert_int_equal(count_events(&b, 8), 1);
	for (unsigned i = 0; i < b.packets; i++)
		ends += b.packet[i].type == TYPE_EVENT && (b.packet[i].event[1] & 0x80);
	assert_int_equal(ends, 6);
	phone_assert_unbroken(&b, 960);
	expect_digits(m, "78");
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

/* To a leg without RFC 4733 a digit goes as two tones; from there a leg in band hears it. */
static void test_in_band(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;
	struct stream s;
	double rms;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, false);
	phone_stream(&a, &s);
	s.dtmf_type_tx = s.dtmf_type_rx = 0;
	s.dtmf = DTMF_INBAND;
	media_leg_set(m, 1, &s);
	room_settle(m, 1);
	for (const char *d = "159D*#0"; *d; d++)
		assert_int_equal(media_send_digit(m, 1, *d), 0);
	phone_hear(&a, 2200);
	assert_true(phone_share(&a, 697, 400, 400, &rms) > 0.2);
	assert_true(phone_share(&a, 1209, 400, 400, &rms) > 0.3);
	/* what was heard is said back: the same digits, each once, and passed on as events */
	media_join(m, 1, 2);
	room_settle(m, 1);
	phone_say_pcm(&a, a.pcm, a.samples, 10000);
	expect_digits(m, "159D*#0");
	phone_hear(&b, 2500);
	assert_int_equal(count_events(&b, 1), 1);
	assert_int_equal(count_events(&b, 0), 1);
	assert_int_equal(count_events(&b, 11), 1);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

/* Tones and events of the same key press are one digit. */
static void test_both_ways(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct stream s;
	int16_t pcm[160 * 5];

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	phone_stream(&a, &s);
	s.dtmf = DTMF_INBAND;
	media_leg_set(m, 1, &s);
	room_settle(m, 1);
	for (int i = 0; i < 800; i++)
		pcm[i] = (int16_t)lrint(6000 * sin(2 * M_PI * 770 * i / 8000) +
					6000 * sin(2 * M_PI * 1336 * i / 8000));
	for (int k = 0; k < 2; k++) {
		phone_say_pcm(&a, pcm, 800, 5000);
		phone_event(&a, 5, 0, 8, 3);
		phone_say(&a, 0, 0, 10, 5000);
	}
	expect_digits(m, "55");
	media_close(m);
	phone_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_late_packets),
		cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_in_band),
		cmocka_unit_test(test_both_ways),
	};

	return cmocka_run_group_tests_name("media_digits", tests, NULL, NULL);
}
