/*
 * Two legs that hear each other. One codec: the packet is passed on at once, only its header is
 * ours, and its order, gaps and time are kept. Two codecs: decoded and encoded at once, no buffer
 * for jitter (the far end has one).
 */
#include "media/codec.h"
#include "media/room.h"
#include "media/rtp.h"

#define SEQUENCE_JUMP 100 /* more is a new start, not a loss */
#define LOSS_SHOWN    5   /* lost packets that are passed on as lost, when transcoding */
#define PAUSE_S       10  /* a longer jump of the time stamp is a new start */

void bridge_part(struct engine *e, struct leg *l)
{
	struct leg *other = l->peer;

	mix_leave(e, l);
	if (!other)
		return;
	l->peer = other->peer = NULL;
	if (l->spoken)
		tick_wake(e, l);
	if (other->spoken)
		tick_wake(e, other);
}

void bridge_join(struct engine *e, struct leg *a, struct leg *b)
{
	if (a == b || a->peer == b)
		return;
	bridge_part(e, a);
	bridge_part(e, b);
	a->peer = b;
	b->peer = a;
	a->spoken = b->spoken = true;
	/* a join is a new start even when the peer was the last source before */
	a->tx.source = b->tx.source = TX_NONE;
}

bool bridge_passes(const struct leg *from)
{
	const struct leg *to = from->peer;

	return to && !to->play && to->digits_tx.count == 0 && leg_sends(to);
}

static bool begins_anew(const struct leg *to, const struct rtp_packet *p, uint32_t clock)
{
	const int16_t forward = (int16_t)(p->sequence - to->relay.last_sequence);
	const int32_t time = (int32_t)(p->timestamp - to->relay.last_timestamp);

	if (to->tx.source != TX_RELAY || to->relay.ssrc != p->ssrc)
		return true;
	if (forward > SEQUENCE_JUMP || forward < -SEQUENCE_JUMP)
		return true;
	return forward > 0 && (time < -(int32_t)clock / 5 || time > (int32_t)clock * PAUSE_S);
}

void bridge_relay(struct engine *e, struct leg *from, const struct rtp_packet *p)
{
	struct leg *to = from->peer;
	struct relay *r = &to->relay;
	bool marker = p->marker;
	uint32_t timestamp;

	if (begins_anew(to, p, codec_rtp_clock(from->codec))) {
		to->tx.source = TX_NONE;
		tx_begin(e, to, TX_RELAY);
		marker = true;
		r->ssrc = p->ssrc;
		r->first_sequence = p->sequence;
		r->last_sequence = (uint16_t)(p->sequence - 1);
		r->sequence_offset = (uint16_t)(to->tx.sequence - p->sequence);
		r->timestamp_offset = to->tx.timestamp - p->timestamp;
	}
	if ((int16_t)(p->sequence - r->first_sequence) < 0 || p->sequence == r->last_sequence) {
		engine_count(e, COUNT_LATE, 1);
		return;
	}
	timestamp = p->timestamp + r->timestamp_offset;
	tx_packet(e, to, to->type_tx, marker, (uint16_t)(p->sequence + r->sequence_offset),
		  timestamp, p->payload, p->len);
	engine_count(e, COUNT_RELAYED, 1);
	if ((int16_t)(p->sequence - r->last_sequence) > 0) {
		r->last_sequence = p->sequence;
		r->last_timestamp = p->timestamp;
		to->tx.timestamp = timestamp + tx_step(to);
		/* so that `first_sequence` stays in the half circle behind */
		if ((uint16_t)(p->sequence - r->first_sequence) > 0x4000)
			r->first_sequence = (uint16_t)(p->sequence - 0x2000);
	}
}

struct passing {
	struct engine *e;
	struct leg *to;
	bool marker;
};

static void pass_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct passing *pass = arg;

	tx_frame(pass->e, pass->to, pass->marker, payload, len);
	pass->marker = false;
}

void bridge_transcode(struct engine *e, struct leg *from, const struct rtp_packet *p,
		      const int16_t *pcm, size_t count)
{
	struct leg *to = from->peer;
	struct relay *r = &to->relay;
	const unsigned rate = coder_rate(from->codec);
	const uint32_t clock = codec_rtp_clock(from->codec);
	struct passing pass = {e, to, false};

	if (!to->coder && coder_alloc(&to->coder))
		return;
	if (begins_anew(to, p, clock)) {
		to->tx.source = TX_NONE;
		tx_begin(e, to, TX_RELAY);
		pass.marker = true;
		r->ssrc = p->ssrc;
		coder_encode_restart(to->coder);
	} else {
		int16_t lost = (int16_t)(p->sequence - r->last_sequence - 1);
		int32_t time = (int32_t)(p->timestamp - r->last_timestamp);

		if (lost < 0) {
			engine_count(e, COUNT_LATE, 1);
			return;
		}
		to->tx.sequence += (uint16_t)(lost < LOSS_SHOWN ? lost : LOSS_SHOWN);
		if (time > 0)
			to->tx.timestamp += (uint32_t)((uint64_t)time *
						       codec_rtp_clock(to->codec) / clock);
	}
	r->last_sequence = p->sequence;
	r->last_timestamp = p->timestamp + (uint32_t)((uint64_t)count * clock / rate);
	coder_encode(to->coder, to->codec, rate, pcm, count, pass_frame, &pass);
	engine_count(e, COUNT_TRANSCODED, 1);
}
