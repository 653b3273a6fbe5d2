#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "speech/priv.h"

/*
 * All of it happens in floating point between -1 and 1, so that nothing clips on the way; only the
 * last step rounds.
 */
enum {
	FRAME = SPEECH_RATE / 100,	  /* 10 ms */
	MARGIN = SPEECH_RATE * 40 / 1000, /* kept before and after what is spoken */
	FADE = SPEECH_RATE * 5 / 1000,
	HOLD = SPEECH_RATE * 5 / 1000, /* how far the limiter looks to both sides */
	LEVEL_ROUNDS = 12,
	GAIN_ROUNDS = 4,
	SINC_ZEROS = 24,  /* zero crossings of the resampler's kernel to each side */
	SINC_STEPS = 256, /* of its table from one crossing to the next */
};

static const double DBM0_OF_FULL_SINE = 3.14; /* ITU-T G.711, A-law */
static const double GATE_DB = 15.9;	      /* ITU-T P.56: margin of the active level */
static const double TRIM_DB = 35.0;	      /* under the active level is silence */
static const double SILENCE = 1e-7;	      /* mean power: -70 dB */
static const double GAIN_MAX = 31.6;	      /* 30 dB: more would lift noise */
static const double CEILING = 0.89;	      /* -1 dB */

struct wave {
	float *v;
	size_t n;
};

static double frame_power(const struct wave *w, size_t frame)
{
	size_t from = frame * FRAME, to = from + FRAME < w->n ? from + FRAME : w->n;
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (double)w->v[i] * w->v[i];
	return to > from ? sum / (double)(to - from) : 0;
}

/* Mean power of the frames above the gate, which hangs on that mean: a fixed point. */
static double active_power(const struct wave *w)
{
	size_t frames = (w->n + FRAME - 1) / FRAME;
	double gate = 0, mean = 0;

	for (int round = 0; round < LEVEL_ROUNDS; round++) {
		double sum = 0;
		size_t active = 0;

		for (size_t i = 0; i < frames; i++) {
			double p = frame_power(w, i);

			if (p > gate) {
				sum += p;
				active++;
			}
		}
		mean = active ? sum / (double)active : 0;
		gate = mean * pow(10, -GATE_DB / 10);
	}
	return mean;
}

static double power_dbm0(double power)
{
	/* the mean power of a full-scale sine is one half */
	return power > 0 ? 10 * log10(power / 0.5) + DBM0_OF_FULL_SINE : -100;
}

double speech_level_dbm0(const struct speech_sound *sound)
{
	struct wave w = {malloc((sound->count + 1) * sizeof(float)), sound->count};
	double power;

	if (!w.v)
		return -100;
	for (size_t i = 0; i < w.n; i++)
		w.v[i] = (float)sound->samples[i] / 32768;
	power = active_power(&w);
	free(w.v);
	return power > SILENCE / 1000 ? power_dbm0(power) : -100;
}

static int wave_of(const struct speech_sound *in, struct wave *out)
{
	double mean = 0;

	out->v = malloc((in->count + 1) * sizeof(float));
	if (!out->v)
		return ENOMEM;
	out->n = in->count;
	for (size_t i = 0; i < in->count; i++)
		mean += in->samples[i];
	mean /= (double)(in->count ? in->count : 1);
	for (size_t i = 0; i < in->count; i++)
		out->v[i] = (float)((in->samples[i] - mean) / 32768);
	return 0;
}

static double kernel(double x)
{
	double window = 0.5 + 0.5 * cos(M_PI * x / SINC_ZEROS);

	if (x < 1e-9)
		return 1;
	return x >= SINC_ZEROS ? 0 : sin(M_PI * x) / (M_PI * x) * window;
}

struct kernel_table {
	float v[SINC_ZEROS * SINC_STEPS + 2];
};

static double kernel_at(const struct kernel_table *t, double x)
{
	double at = fabs(x) * SINC_STEPS;
	size_t i = (size_t)at;

	if (i >= SINC_ZEROS * SINC_STEPS)
		return 0;
	return t->v[i] + (at - (double)i) * (t->v[i + 1] - t->v[i]);
}

/* Windowed sinc; going down, the kernel is stretched so that it also cuts what would fold. */
static int resample(struct wave *w, unsigned rate)
{
	double step = (double)rate / SPEECH_RATE, cut = step > 1 ? 1 / step : 1;
	double reach = SINC_ZEROS / cut;
	struct wave out = {NULL, (size_t)((double)w->n / step)};
	struct kernel_table table;

	if (rate == SPEECH_RATE)
		return 0;
	out.v = malloc((out.n + 1) * sizeof(float));
	if (!out.v)
		return ENOMEM;
	for (size_t i = 0; i < sizeof(table.v) / sizeof(table.v[0]); i++)
		table.v[i] = (float)kernel((double)i / SINC_STEPS);
	for (size_t i = 0; i < out.n; i++) {
		double at = (double)i * step, sum = 0;
		size_t from = at > reach ? (size_t)(at - reach) + 1 : 0;
		size_t to = (size_t)(at + reach);

		for (size_t j = from; j <= to && j < w->n; j++)
			sum += w->v[j] * kernel_at(&table, ((double)j - at) * cut);
		out.v[i] = (float)(sum * cut);
	}
	free(w->v);
	*w = out;
	return 0;
}

static void trim(struct wave *w, double gate)
{
	size_t first = 0, last = (w->n + FRAME - 1) / FRAME, from, to;

	while (first < last && frame_power(w, first) < gate)
		first++;
	while (last > first && frame_power(w, last - 1) < gate)
		last--;
	from = first * FRAME > MARGIN ? first * FRAME - MARGIN : 0;
	to = last * FRAME + MARGIN < w->n ? last * FRAME + MARGIN : w->n;
	memmove(w->v, w->v + from, (to - from) * sizeof(float));
	w->n = to - from;
}

/* Turns the gain down around each peak, smoothly: the mean of a minimum over the same reach is
 * never above what the peak itself asks for. */
static int limit(struct wave *w)
{
	float *need = malloc((w->n + 1) * sizeof(float));
	double sum = 0;

	if (!need)
		return ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		need[i] = 1;
	for (size_t i = 0; i < w->n; i++) {
		float g = (float)(CEILING / (fabs(w->v[i]) + 1e-12));

		for (size_t j = i > HOLD ? i - HOLD : 0; g < 1 && j <= i + HOLD && j < w->n; j++)
			need[j] = g < need[j] ? g : need[j];
	}
	for (size_t i = 0; i < w->n + HOLD; i++) {
		sum += i < w->n ? need[i] : 1;
		sum -= i > 2 * HOLD ? need[i - 2 * HOLD - 1] : 0;
		if (i < HOLD)
			continue;
		w->v[i - HOLD] *= (float)(sum / (i > 2 * HOLD ? 2 * HOLD + 1 : (double)i + 1));
	}
	free(need);
	return 0;
}

/* The limiter takes a little of the level, so the gain is found in rounds. */
static int level(struct wave *w)
{
	double wanted = 0.5 * pow(10, (SPEECH_LEVEL_DBM0 - DBM0_OF_FULL_SINE) / 10);

	for (int round = 0; round < GAIN_ROUNDS; round++) {
		double gain = sqrt(wanted / active_power(w));
		int err;

		gain = gain < GAIN_MAX ? gain : GAIN_MAX;
		for (size_t i = 0; i < w->n; i++)
			w->v[i] *= (float)gain;
		err = limit(w);
		if (err)
			return err;
		if (fabs(gain - 1) < 0.005)
			break;
	}
	return 0;
}

static int round_off(const struct wave *w, struct speech_sound *out)
{
	int16_t *samples = malloc((w->n + 1) * sizeof(*samples));

	if (!samples)
		return ENOMEM;
	for (size_t i = 0; i < w->n; i++) {
		size_t edge = i < w->n - 1 - i ? i : w->n - 1 - i;
		double fade = edge < FADE ? (double)edge / FADE : 1;

		samples[i] = (int16_t)lrint(w->v[i] * fade * 32767);
	}
	*out = (struct speech_sound){samples, w->n, SPEECH_RATE};
	return 0;
}

int speech_shape(const struct speech_sound *in, struct speech_sound *out)
{
	struct wave w = {0};
	double power;
	int err;

	err = wave_of(in, &w);
	if (!err)
		err = resample(&w, in->rate);
	if (err)
		goto out;
	power = active_power(&w);
	if (power < SILENCE) {
		err = ENODATA;
		goto out;
	}
	trim(&w, power * pow(10, -TRIM_DB / 10));
	err = level(&w);
	if (!err)
		err = round_off(&w, out);
out:
	free(w.v);
	return err;
}
