/* What a leg hears: joins in all pairs of codecs, prompts, tones, one stream without a break. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "phone.h"

static const enum codec codecs[] = {CODEC_PCMA, CODEC_PCMU, CODEC_G722, CODEC_OPUS};

static int16_t *sine(double hz, double peak, unsigned ms, unsigned rate)
{
	const size_t n = (size_t)ms * rate / 1000;
	int16_t *pcm = malloc(n * sizeof(*pcm));

	assert_non_null(pcm);
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(peak * sin(2 * M_PI * hz * (double)i / rate));
	return pcm;
}

static void check_tone(const struct phone *p, double hz, double rms_want, const char *what)
{
	const unsigned rate = coder_rate(p->codec);
	double rms, share;
	size_t skip = 0;

	/* from 60 ms after the first sound, for 300 ms */
	while (skip < p->samples && abs(p->pcm[skip]) < 1000)
		skip++;
	skip += rate * 60 / 1000;
	share = phone_share(p, hz, skip, rate * 300 / 1000, &rms);

	if (share < 0.85 || rms < rms_want * 0.7 || rms > rms_want * 1.4)
		fail_msg("%s: share %.3f rms %.0f (%.0f wanted), %zu samples", what, share, rms,
			 rms_want, p->samples);
}

static void pair(enum codec ca, enum codec cb, bool exact)
{
	struct media *m = room_open(0);
	struct phone a, b;
	char what[64];

	snprintf(what, sizeof(what), "%s to %s", codec_name(ca), codec_name(cb));
	phone_open(&a, ca);
	phone_open(&b, cb);
	room_leg(m, 1, &a, exact);
	room_leg(m, 2, &b, exact);
	assert_int_equal(media_join(m, 1, 2), 0);
	room_settle(m, 1);
	for (int i = 0; i < 25; i++) {
		phone_say(&a, 600, 8000, 1, 0);
		phone_say(&b, 1100, 6000, 1, 2000);
	}
	phone_await(&a, 25);
	phone_await(&b, 25);
	assert_int_equal(a.packets, 25);
	assert_int_equal(b.packets, 25);
	check_tone(&b, 600, 8000 / M_SQRT2, what);
	check_tone(&a, 1100, 6000 / M_SQRT2, what);
	phone_assert_unbroken(&a, codec_rtp_clock(ca) / 50);
	phone_assert_unbroken(&b, codec_rtp_clock(cb) / 50);
	for (unsigned i = 0; i < b.packets; i++)
		assert_int_not_equal(b.packet[i].ssrc, a.ssrc);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

static void test_pairs(void **state)
{
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++)
			pair(codecs[i], codecs[k], (i + k) % 2);
}

/* Prompt, join, tone, another join: one stream. */
static void continuity(enum codec c)
{
	struct media *m = room_open(0);
	struct phone a, b;
	struct media_event ev;
	int16_t *pcm = sine(700, 8000, 200, 16000);
	const uint32_t clips[2] = {7, 7};

	phone_open(&a, c);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, true);
	assert_int_equal(media_clip_add(m, 7, pcm, 3200, 16000), 0);
	assert_int_equal(media_play(m, 1, 55, clips, 2, false), 0);
	assert_true(room_event(m, MEDIA_EV_PLAYED, &ev, 3000));
	assert_int_equal(ev.serial, 55);
	assert_int_equal(ev.key, 1);
	phone_hear(&a, 1);
	assert_true(a.packets >= 20);
	check_tone(&a, 700, 8000 / M_SQRT2, "prompt");
	assert_int_equal(media_join(m, 1, 2), 0);
	room_settle(m, 1);
	phone_say(&b, 1200, 8000, 10, 5000);
	assert_int_equal(media_tone(m, 1, MEDIA_TONE_DIAL), 0);
	room_settle(m, 1);
	phone_say(&b, 1200, 8000, 10, 10000);
	assert_int_equal(media_quiet(m, 1), 0);
	room_settle(m, 1);
	phone_say(&b, 1200, 8000, 10, 5000);
	assert_int_equal(media_part(m, 2), 0);
	phone_hear(&a, 150);
	phone_assert_unbroken(&a, codec_rtp_clock(c) / 50);
	assert_true(a.packets >= 50);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
	free(pcm);
}

static void test_continuity(void **state)
{
	for (int i = 0; i < 4; i++)
		continuity(codecs[i]);
}

/* Losses and late packets of one side are seen by the other as they are. */
static void test_relay_keeps_order(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, true);
	room_leg(m, 2, &b, true);
	media_join(m, 1, 2);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 3, 1000);
	a.sequence += 2; /* two are lost */
	a.timestamp += 320;
	phone_say(&a, 600, 8000, 3, 1000);
	a.sequence -= 5; /* one of them comes late, another for the second time */
	a.timestamp -= 5 * 160;
	phone_say(&a, 600, 8000, 1, 1000);
	a.sequence += 4;
	a.timestamp += 4 * 160;
	phone_say(&a, 600, 8000, 1, 1000);
	phone_await(&b, 8);
	assert_int_equal(b.packets, 8);
	assert_int_equal((uint16_t)(b.packet[3].sequence - b.packet[2].sequence), 3);
	assert_int_equal(b.packet[3].timestamp - b.packet[2].timestamp, 480);
	assert_int_equal((uint16_t)(b.packet[6].sequence - b.packet[5].sequence), 65536 - 4);
	/* another SSRC, another count: ours goes on */
	a.ssrc ^= 0x5555;
	a.sequence += 30000;
	a.timestamp += 123456789;
	phone_forget(&b);
	phone_say(&a, 600, 8000, 3, 1000);
	phone_await(&b, 3);
	assert_int_equal(b.packets, 3);
	phone_assert_unbroken(&b, 160);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

static void test_tone_cadence(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	unsigned on = 0, off = 0;
	size_t first = 0;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, true);
	media_tone(m, 1, MEDIA_TONE_BUSY);
	phone_hear(&a, 1800);
	phone_assert_unbroken(&a, 160);
	/* two periods, after the silence that waits for the encoder */
	while (first < a.samples && abs(a.pcm[first]) < 1000)
		first += 80;
	for (size_t i = first; i + 80 <= first + 2 * 5600; i += 80) {
		double rms, share = phone_share(&a, 450, i, 80, &rms);

		on += rms > 1000 && share > 0.8;
		off += rms < 100;
	}
	assert_in_range(on, 66, 72);
	assert_in_range(off, 66, 72);
	media_close(m);
	phone_close(&a);
}

static void test_music_and_clips(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	int16_t *pcm = sine(900, 8000, 1000, 8000);
	const uint32_t clip = 3, unknown = 99;
	struct media_event ev;
	double rms;

	phone_open(&a, CODEC_PCMU);
	room_leg(m, 1, &a, false);
	/* the encoders of the built-in sounds have finished when the melody is heard */
	media_music(m, 1);
	for (int i = 0; i < 200 && phone_share(&a, 450, 0, a.samples, &rms) == 0; i++)
		phone_hear(&a, 50);
	phone_forget(&a);
	phone_hear(&a, 2000);
	phone_share(&a, 450, 0, a.samples, &rms);
	assert_in_range((unsigned)rms, 400, 3000); /* -22 dBm0 is 1257 over the whole melody */
	assert_int_equal(media_clip_add(m, clip, pcm, 8000, 8000), 0);
	assert_true(media_clip_known(m, clip));
	assert_int_equal(media_music_set(m, clip), 0);
	media_music(m, 1);
	phone_hear(&a, 400);
	phone_forget(&a);
	phone_hear(&a, 200);
	assert_true(phone_share(&a, 900, 0, a.samples, &rms) > 0.9);
	/* a clip that is dropped plays on where it plays */
	assert_int_equal(media_clip_drop(m, clip), 0);
	assert_int_equal(media_clip_drop(m, clip), ENOENT);
	phone_forget(&a);
	phone_hear(&a, 200);
	assert_true(phone_share(&a, 900, 0, a.samples, &rms) > 0.9);
	assert_int_equal(media_play(m, 1, 5, &unknown, 1, true), 0);
	assert_true(room_event(m, MEDIA_EV_PLAYED, &ev, 500));
	assert_int_equal(ev.serial, 5);
	media_close(m);
	phone_close(&a);
	free(pcm);
}

/* Held: nothing is sent, but the prompt goes on and ends. */
static void test_held(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct stream s;
	int16_t *pcm = sine(900, 8000, 200, 8000);
	const uint32_t clip = 3;
	struct media_event ev;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	media_clip_add(m, clip, pcm, 1600, 8000);
	phone_stream(&a, &s);
	s.direction = STREAM_RECV;
	media_leg_set(m, 1, &s);
	media_play(m, 1, 1, &clip, 1, false);
	assert_true(room_event(m, MEDIA_EV_PLAYED, &ev, 2000));
	phone_hear(&a, 1);
	assert_int_equal(a.packets, 0);
	s.direction = STREAM_BOTH;
	media_leg_set(m, 1, &s);
	phone_hear(&a, 100);
	assert_true(a.packets > 0);
	media_close(m);
	phone_close(&a);
	free(pcm);
}

static void test_limits(void **state)
{
	struct media *m = room_open(0);
	struct stream_address local;
	struct stream s = {.codec = CODEC_PCMA};
	struct media_record rec = {.serial = 1};
	const int16_t silence = 0;
	uint32_t key;
	int err = 0;

	for (key = 1; !err; key++)
		err = media_leg_open(m, key, 0, key % 2, &local);
	assert_int_equal(err, ENOBUFS);
	assert_int_equal(key - 2, 64);
	assert_int_equal(media_leg_open(m, 5, 0, true, &local), EEXIST);
	assert_int_equal(media_leg_open(m, 500, 1, true, &local), EINVAL);
	assert_int_equal(media_leg_set(m, 500, &s), ENOENT);
	assert_int_equal(media_join(m, 1, 500), ENOENT);
	assert_int_equal(media_play(m, 500, 1, NULL, 0, false), ENOENT);
	assert_int_equal(media_send_digit(m, 1, 'x'), EINVAL);
	/* what waits beyond the limit of a queue of digits is dropped, not more */
	for (int i = 0; i < 100; i++)
		assert_int_equal(media_send_digit(m, 1, '1'), 0);
	assert_int_equal(media_play(m, 1, 1, NULL, MEDIA_PLAY_CLIPS_MAX + 1, false), EINVAL);
	assert_int_equal(media_clip_add(m, 1, NULL, 5, 8000), EINVAL);
	assert_int_equal(media_clip_add(m, 0, &silence, 1, 8000), EINVAL);
	assert_int_equal(media_clip_add(m, 1, &silence, 1, 7999), EINVAL);
	memset(rec.path, 'x', sizeof(rec.path) - 1);
	assert_int_equal(media_record(m, 1, &rec), EINVAL);
	for (int round = 0; round < 20; round++) {
		for (key = 1; key <= 64; key++)
			assert_int_equal(media_leg_close(m, key), 0);
		/* slots come back as the engine gets to it */
		for (key = 1; key <= 64; key++)
			while ((err = media_leg_open(m, key, 0, key % 2, &local)) != 0)
				assert_int_equal(err, ENOBUFS);
	}
	media_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_continuity),
		cmocka_unit_test(test_relay_keeps_order),
		cmocka_unit_test(test_tone_cadence),
		cmocka_unit_test(test_music_and_clips),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("media_sound", tests, NULL, NULL);
}
