/*
 * A conference of three. Each one's sound is kept at 16 kHz in a ring; each listener takes from the
 * two others' rings by its own clock, a little behind, and hears their sum. A source that comes
 * late is silence until it is ahead again; one that has run ahead is caught up with.
 */
#include <stdlib.h>
#include <string.h>

#include "media/codec.h"
#include "media/resample.h"
#include "media/room.h"

#define MEMBERS	    3
#define FRAME	    FRAME_16K
#define RING	    8192 /* samples: 512 ms; a power of two */
#define BEHIND	    (2 * FRAME)
#define BEHIND_MOST (6 * FRAME)

struct mix {
	struct leg *member[MEMBERS];
	struct {
		int16_t pcm[RING];
		uint32_t written;
		struct halfband up;
	} source[MEMBERS];
	struct {
		uint32_t at;
		bool on;
	} reader[MEMBERS][MEMBERS]; /* listener, source */
};

static unsigned place(const struct mix *x, const struct leg *l)
{
	unsigned i = 0;

	while (i < MEMBERS - 1 && x->member[i] != l)
		i++;
	return i;
}

void mix_leave(struct engine *e, struct leg *l)
{
	struct mix *x = l->mix;
	struct leg *two[MEMBERS];
	unsigned n = 0;

	if (!x)
		return;
	for (unsigned i = 0; i < MEMBERS; i++) {
		x->member[i]->mix = NULL;
		if (x->member[i] != l)
			two[n++] = x->member[i];
	}
	free(x);
	bridge_join(e, two[0], two[1]);
	if (l->spoken)
		tick_wake(e, l);
}

void mix_make(struct engine *e, struct leg *a, struct leg *b, struct leg *c)
{
	struct leg *const all[MEMBERS] = {a, b, c};
	struct mix *x;

	if (a->mix && a->mix == b->mix && a->mix == c->mix)
		return;
	x = calloc(1, sizeof(*x));
	if (!x) {
		log_error("media", "no memory for a conference");
		return;
	}
	for (unsigned i = 0; i < MEMBERS; i++)
		bridge_part(e, all[i]);
	/* the parting of one may have joined two of the others */
	for (unsigned i = 0; i < MEMBERS; i++) {
		bridge_part(e, all[i]);
		x->member[i] = all[i];
	}
	for (unsigned i = 0; i < MEMBERS; i++) {
		all[i]->mix = x;
		all[i]->spoken = true;
		tick_wake(e, all[i]);
	}
}

void mix_hear(struct leg *l, const int16_t *pcm, size_t count)
{
	struct mix *x = l->mix;
	const unsigned me = place(x, l);
	int16_t wide[2 * PCM_MAX];

	if (coder_rate(l->codec) == 8000) {
		count = halfband_up(&x->source[me].up, pcm, count, wide);
		pcm = wide;
	}
	for (size_t i = 0; i < count; i++)
		x->source[me].pcm[x->source[me].written++ % RING] = pcm[i];
}

static void add(struct mix *x, unsigned listener, unsigned source, int32_t sum[FRAME])
{
	const uint32_t written = x->source[source].written;
	uint32_t at = x->reader[listener][source].at;

	if (!x->reader[listener][source].on) {
		if (written - at < BEHIND)
			return;
		x->reader[listener][source].on = true;
	}
	if (written - at > BEHIND_MOST)
		at = written - BEHIND;
	if (written - at < FRAME) {
		/* late: it waits until there is a reserve again */
		x->reader[listener][source].on = false;
		x->reader[listener][source].at = at;
		return;
	}
	for (unsigned i = 0; i < FRAME; i++)
		sum[i] += x->source[source].pcm[at++ % RING];
	x->reader[listener][source].at = at;
}

struct mixing {
	struct engine *e;
	struct leg *l;
};

static void send_mixed(void *arg, const uint8_t *payload, size_t len)
{
	const struct mixing *m = arg;

	tx_frame(m->e, m->l, tx_begin(m->e, m->l, TX_CLOCK), payload, len);
}

void mix_tick(struct engine *e, struct leg *l)
{
	struct mixing mixing = {e, l};
	struct mix *x = l->mix;
	const unsigned me = place(x, l);
	int32_t sum[FRAME] = {0};
	int16_t pcm[FRAME];

	for (unsigned i = 0; i < MEMBERS; i++)
		if (i != me)
			add(x, me, i, sum);
	if (!leg_sends(l) || (!l->coder && coder_alloc(&l->coder)))
		return;
	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)(sum[i] > INT16_MAX   ? INT16_MAX
				   : sum[i] < INT16_MIN ? INT16_MIN
							: sum[i]);
	coder_encode(l->coder, l->codec, 16000, pcm, FRAME, send_mixed, &mixing);
}
