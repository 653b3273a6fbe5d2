/*
 * What is looked for in the sound of a leg: digits in band, and the busy cadence with which an
 * analog gateway tells that its caller has hung up (450 Hz, 0.35 s on, 0.35 s off).
 */
#include <math.h>
#include <spandsp.h>
#include <stdlib.h>

#include "media/room.h"

#define BLOCK        80  /* samples at 8 kHz: 10 ms */
#define CADENCE_MIN  27  /* blocks: 0.35 s less a fifth */
#define CADENCE_MAX  43
#define CADENCE_DONE 3   /* on and off so often */
#define BUSY_HZ      450
#define BUSY_RMS     200 /* about -41 dBm0 */
#define BUSY_SHARE   0.7 /* of the energy that is at 450 Hz */
#define VOICE_RMS    150 /* about -44 dBm0: below it nobody speaks */
#define VOICE_OVER   8   /* of the room's energy: 9 dB */
#define VOICE_RISE   1.02
#define VOICE_BLOCKS 10

struct cadence {
	double s1, s2, energy;
	unsigned gathered;
	bool on, told;
	unsigned run;   /* blocks in this state */
	unsigned last_on;
	unsigned cycles;
	unsigned since; /* blocks since the first tone began */
};

/* Speech: louder than the room by VOICE_OVER, mostly, for 100 ms. The room's level falls at once
 * and rises slowly. */
struct voice {
	double energy, floor;
	unsigned gathered;
	unsigned loud; /* blocks that were, a quiet one takes one away */
};

struct ear {
	struct cadence cadence;
	struct voice voice;
	dtmf_rx_state_t *dtmf;
	struct engine *engine; /* during ear_hear only */
	struct leg *leg;
};

static bool wants_digits(const struct leg *l)
{
	return l->dtmf == DTMF_INBAND && !l->digits_rx.any;
}

bool ear_wanted(const struct leg *l)
{
	return l->watch.busy_tone || l->recording || wants_digits(l) ||
	       (l->watch.voice && !l->voice_told);
}

uint32_t ear_cadence_ms(const struct ear *ear)
{
	return ear ? ear->cadence.since * 10 : 0;
}

static void on_digits(void *arg, const char *digits, int count)
{
	struct ear *ear = arg;

	for (int i = 0; i < count && ear->leg; i++)
		digit_heard(ear->engine, ear->leg, digits[i]);
}

/* Counts full cycles of the cadence; a run of the wrong length starts anew. */
static void next_block(struct cadence *c, bool on)
{
	const bool fits = c->run >= CADENCE_MIN && c->run <= CADENCE_MAX;

	c->since++;
	if (on == c->on) {
		if (++c->run > CADENCE_MAX)
			c->cycles = 0;
		return;
	}
	if (on) {
		c->cycles = fits && c->last_on != 0 ? c->cycles + 1 : 0;
		if (c->cycles == 0)
			c->since = 1;
	} else {
		c->last_on = fits ? c->run : 0;
		if (!fits)
			c->cycles = 0;
	}
	c->on = on;
	c->run = 1;
}

static bool hear_cadence(struct cadence *c, const int16_t *pcm, size_t count)
{
	const double k = 2 * cos(2 * M_PI * BUSY_HZ / 8000);
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		const double s = pcm[i] + k * c->s1 - c->s2;

		c->s2 = c->s1;
		c->s1 = s;
		c->energy += (double)pcm[i] * pcm[i];
		if (++c->gathered < BLOCK)
			continue;
		const double tone = (c->s1 * c->s1 + c->s2 * c->s2 - k * c->s1 * c->s2) * 2 / BLOCK;

		next_block(c, c->energy > (double)BUSY_RMS * BUSY_RMS * BLOCK &&
				      tone > BUSY_SHARE * c->energy);
		c->s1 = c->s2 = c->energy = 0;
		c->gathered = 0;
		found = found || c->cycles >= CADENCE_DONE;
	}
	return found;
}

static bool hear_voice(struct voice *v, const int16_t *pcm, size_t count)
{
	const double least = (double)VOICE_RMS * VOICE_RMS * BLOCK;
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		v->energy += (double)pcm[i] * pcm[i];
		if (++v->gathered < BLOCK)
			continue;
		if (v->floor == 0)
			v->floor = least / VOICE_OVER;
		if (v->energy > least && v->energy > v->floor * VOICE_OVER)
			v->loud++;
		else if (v->loud > 0)
			v->loud--;
		found = found || v->loud >= VOICE_BLOCKS;
		v->floor = v->energy < v->floor ? v->energy : v->floor * VOICE_RISE;
		v->floor = v->floor < least / VOICE_OVER ? least / VOICE_OVER : v->floor;
		v->energy = 0;
		v->gathered = 0;
	}
	return found;
}

static void listen_for_voice(struct engine *e, struct leg *l, const int16_t *pcm, size_t count)
{
	const struct media_event ev = {.kind = MEDIA_EV_VOICE, .key = l->key};

	if (!l->watch.voice || l->voice_told || !hear_voice(&l->ear->voice, pcm, count))
		return;
	l->voice_told = true;
	l->ear->voice.loud = 0;
	engine_event(e, &ev);
}

void ear_hear(struct engine *e, struct leg *l, const int16_t *pcm, size_t count)
{
	struct ear *ear = l->ear;

	if (!ear) {
		ear = l->ear = calloc(1, sizeof(*ear));
		if (!ear)
			return;
	}
	if (wants_digits(l)) {
		if (!ear->dtmf)
			ear->dtmf = dtmf_rx_init(NULL, on_digits, ear);
		ear->engine = e;
		ear->leg = l;
		if (ear->dtmf)
			dtmf_rx(ear->dtmf, pcm, (int)count);
		ear->leg = NULL;
	}
	listen_for_voice(e, l, pcm, count);
	if (!hear_cadence(&ear->cadence, pcm, count) || ear->cadence.told)
		return;
	if (l->watch.busy_tone) {
		const struct media_event ev = {.kind = MEDIA_EV_BUSY_TONE, .key = l->key};

		ear->cadence.told = true;
		engine_event(e, &ev);
	}
	if (l->recording)
		recording_end(e, l, MEDIA_WHY_BUSY_TONE);
}

void ear_free(struct ear *ear)
{
	if (!ear)
		return;
	if (ear->dtmf)
		dtmf_rx_free(ear->dtmf);
	free(ear);
}
