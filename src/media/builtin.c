/*
 * The sounds that are always there, made from numbers: 450 Hz tones as the public network in China
 * gives them, digits in band (ITU-T Q.23), the beep, and a gentle melody for who is on hold.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/room.h"

#define RATE         16000
#define PEAK_0DBM0   22380.0 /* of a sine at 0 dBm0: full scale is +3.14 dBm0 (ITU-T G.711) */
#define TONE_HZ      450
#define TONE_DBM0    (-10)
#define DIGIT_MS     100
#define DIGIT_ALL_MS 240 /* with the pause behind it; digit.c counts the frames */
#define BEEP_MS      260
#define MUSIC_DBM0   (-22)
#define MUSIC_BEAT   (RATE * 60 / 72)
#define MUSIC_BEATS  32
#define RAMP         48 /* samples: an edge without a click */

static double peak_of(double dbm0)
{
	return PEAK_0DBM0 * pow(10, dbm0 / 20);
}

static void add_sine(int16_t *out, size_t count, double hz, double peak)
{
	for (size_t i = 0; i < count; i++) {
		const size_t edge = i < count - i ? i : count - i;
		const double gain = edge < RAMP ? (double)edge / RAMP : 1;

		out[i] = (int16_t)(out[i] +
				   lrint(gain * peak * sin(2 * M_PI * hz * (double)i / RATE)));
	}
}

static size_t samples_of(unsigned ms)
{
	return (size_t)ms * RATE / 1000;
}

/* on, off, on, off … in milliseconds, one period of each tone */
static const uint16_t cadence[MEDIA_TONE_COUNT][8] = {
	[MEDIA_TONE_RINGBACK] = {1000, 4000},
	[MEDIA_TONE_BUSY] = {350, 350},
	[MEDIA_TONE_CONGESTION] = {700, 700},
	[MEDIA_TONE_VACANT] = {100, 100, 100, 100, 100, 100, 400, 400},
	[MEDIA_TONE_DIAL] = {0},
};

static int make(struct media *m, enum builtin which, const int16_t *pcm, size_t count)
{
	return clip_make(m, 0, pcm, count, RATE, &m->builtin[which]);
}

static int make_tone(struct media *m, enum media_tone tone, int16_t *pcm)
{
	size_t at = 0;

	if (tone == MEDIA_TONE_DIAL) {
		/* whole periods without an edge: it goes on for ever */
		for (at = 0; at < RATE; at++)
			pcm[at] = (int16_t)lrint(peak_of(TONE_DBM0) *
						 sin(2 * M_PI * TONE_HZ * (double)at / RATE));
		return make(m, (enum builtin)(BUILTIN_TONE + tone), pcm, at);
	}
	for (int i = 0; i < 8; i++) {
		const size_t n = samples_of(cadence[tone][i]);

		memset(pcm + at, 0, n * sizeof(*pcm));
		if (i % 2 == 0 && n > 0)
			add_sine(pcm + at, n, TONE_HZ, peak_of(TONE_DBM0));
		at += n;
	}
	return make(m, (enum builtin)(BUILTIN_TONE + tone), pcm, at);
}

static int make_digits(struct media *m, int16_t *pcm)
{
	static const uint16_t low[4] = {697, 770, 852, 941}, high[4] = {1209, 1336, 1477, 1633};
	static const char layout[] = "123A456B789C*0#D";
	int err = 0;

	for (int i = 0; i < 16 && !err; i++) {
		const int event = digit_event(layout[i]);

		memset(pcm, 0, samples_of(DIGIT_ALL_MS) * sizeof(*pcm));
		add_sine(pcm, samples_of(DIGIT_MS), low[i / 4], peak_of(-9));
		add_sine(pcm, samples_of(DIGIT_MS), high[i % 4], peak_of(-7));
		err = make(m, (enum builtin)(BUILTIN_DIGIT + event), pcm,
			   samples_of(DIGIT_ALL_MS));
	}
	return err;
}

/* One soft plucked note, wrapped around the end so that the melody has no seam. */
static void pluck(float *out, size_t total, size_t at, int note, double gain, double decay_s)
{
	const double hz = 440 * pow(2, (note - 69) / 12.0);
	const size_t length = (size_t)(RATE * decay_s * 5);

	for (size_t i = 0; i < length; i++) {
		const double t = (double)i / RATE, attack = i < 160 ? i / 160.0 : 1;
		const double w = 2 * M_PI * hz * t;

		out[(at + i) % total] +=
			(float)(gain * attack * exp(-t / decay_s) *
				(sin(w) + 0.28 * sin(2 * w) * exp(-t * 3) + 0.08 * sin(3 * w)));
	}
}

/* Pentatonic, MIDI numbers a beat, 0 rests; a bass note and its fifth on every fourth beat. */
static int make_music(struct media *m)
{
	static const uint8_t melody[MUSIC_BEATS] = {
		76, 79, 81, 79, 76, 74, 72, 0,  74, 76, 79, 76, 74, 72, 69, 0,
		72, 74, 76, 79, 81, 84, 81, 79, 76, 79, 74, 76, 72, 0,  67, 0};
	static const uint8_t bass[MUSIC_BEATS / 4] = {48, 53, 55, 57, 53, 48, 55, 48};
	const size_t total = (size_t)MUSIC_BEAT * MUSIC_BEATS / FRAME_16K * FRAME_16K;
	float *sum = calloc(total, sizeof(*sum));
	int16_t *pcm = calloc(total, sizeof(*pcm));
	double energy = 0, gain;
	int err = ENOMEM;

	if (!sum || !pcm)
		goto out;
	for (size_t i = 0; i < MUSIC_BEATS; i++) {
		if (melody[i])
			pluck(sum, total, i * MUSIC_BEAT, melody[i], 1, 0.55);
		if (i % 4 == 0) {
			pluck(sum, total, i * MUSIC_BEAT, bass[i / 4] + 12, 0.7, 0.9);
			pluck(sum, total, i * MUSIC_BEAT + MUSIC_BEAT, bass[i / 4] + 19, 0.35, 0.8);
		}
	}
	for (size_t i = 0; i < total; i++)
		energy += (double)sum[i] * sum[i];
	gain = peak_of(MUSIC_DBM0) / M_SQRT2 / sqrt(energy / (double)total);
	for (size_t i = 0; i < total; i++)
		pcm[i] = (int16_t)lrint(fmax(-32000, fmin(32000, sum[i] * gain)));
	err = make(m, BUILTIN_MUSIC, pcm, total);
out:
	free(sum);
	free(pcm);
	return err;
}

int clip_builtins(struct media *m)
{
	int16_t *pcm = calloc((size_t)RATE * 5, sizeof(*pcm)); /* the longest: ringback */
	int err;

	if (!pcm)
		return ENOMEM;
	err = make(m, BUILTIN_SILENCE, pcm, FRAME_16K);
	for (int t = 0; t < MEDIA_TONE_COUNT && !err; t++)
		err = make_tone(m, (enum media_tone)t, pcm);
	if (!err)
		err = make_digits(m, pcm);
	if (!err) {
		memset(pcm, 0, samples_of(BEEP_MS) * sizeof(*pcm));
		add_sine(pcm, samples_of(BEEP_MS), 1000, peak_of(-14));
		err = make(m, BUILTIN_BEEP, pcm, samples_of(BEEP_MS));
	}
	if (!err)
		err = make_music(m);
	free(pcm);
	return err;
}
