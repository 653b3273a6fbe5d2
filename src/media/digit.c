/*
 * Digits. RFC 4733: an event is one digit however many of its packets arrive, told by its time
 * stamp; it is reported with the first packet that does arrive. In band: listen.c.
 */
#include <string.h>

#include "media/room.h"
#include "media/rtp.h"

#define EVENT_DIGITS   16
#define EVENT_VOLUME   10 /* -dBm0 */
#define TONE_FRAMES    5  /* 100 ms */
#define END_PACKETS    3
#define PAUSE_FRAMES   4
#define REPLAYED_TIME  (8000 * 60) /* an event older than this is a new count of time, not late */

static const char names[] = "0123456789*#ABCD";

int digit_event(char digit)
{
	const char *at = digit != '\0' ? strchr(names, digit) : NULL;

	return at ? (int)(at - names) : -1;
}

/* Where the sound itself carries the digit to the peer, it isn't sent again. */
static void report(struct engine *e, struct leg *l, char digit, bool in_sound)
{
	const struct media_event ev = {.kind = MEDIA_EV_DIGIT, .key = l->key, .digit = digit};
	struct leg *to = l->peer;

	engine_event(e, &ev);
	if (to && (to->dtmf_tx != 0 || (!in_sound && to->dtmf != DTMF_INFO)))
		digit_queue(e, to, digit);
}

static bool is_new(struct digits_rx *d, uint32_t timestamp, bool marker, uint8_t event)
{
	const int32_t later = (int32_t)(timestamp - d->timestamp);

	if (!d->any)
		return true;
	if (later == 0)
		return false;
	if (later < 0 && later > -REPLAYED_TIME)
		return false;
	/* a key held for long goes on as a further segment: RFC 4733, 2.5.1.3 */
	return d->ended || marker || event != d->event || (uint32_t)later != d->duration;
}

void digit_receive(struct engine *e, struct leg *l, uint32_t timestamp, bool marker,
		   const uint8_t *payload, size_t len)
{
	struct digits_rx *d = &l->digits_rx;
	bool fresh, ended;
	uint16_t duration;

	if (len < 4) {
		engine_count(e, COUNT_GARBAGE, 1);
		return;
	}
	if (payload[0] >= EVENT_DIGITS)
		return;
	ended = payload[1] & 0x80;
	duration = (uint16_t)(payload[2] << 8 | payload[3]);
	fresh = is_new(d, timestamp, marker, payload[0]);
	if (!fresh && (int32_t)(timestamp - d->timestamp) < 0)
		return;
	d->any = true;
	d->ended = timestamp == d->timestamp && !fresh ? d->ended || ended : ended;
	d->event = payload[0];
	d->timestamp = timestamp;
	d->duration = duration;
	if (!fresh)
		return;
	if (d->inband == names[d->event] && e->now_us - d->inband_us < DIGIT_SAME_US) {
		d->inband = '\0';
		return;
	}
	report(e, l, names[d->event], false);
}

void digit_heard(struct engine *e, struct leg *l, char digit)
{
	if (l->digits_rx.any || digit_event(digit) < 0)
		return;
	l->digits_rx.inband = digit;
	l->digits_rx.inband_us = e->now_us;
	report(e, l, digit, true);
}

void digit_queue(struct engine *e, struct leg *l, char digit)
{
	struct digits_tx *d = &l->digits_tx;

	if (digit_event(digit) < 0 || !leg_sends(l))
		return;
	if (d->count == DIGITS_MAX) {
		engine_complain(e, &l->remote, "gets more digits than can wait");
		return;
	}
	d->queue[d->count++] = digit;
	tick_wake(e, l);
}

static void send_event(struct engine *e, struct leg *l, bool marker)
{
	struct digits_tx *d = &l->digits_tx;
	const bool end = d->frame >= TONE_FRAMES;
	const uint32_t frames = end ? TONE_FRAMES : d->frame + 1U;
	const uint32_t duration = frames * tx_step(l);
	const uint8_t payload[4] = {(uint8_t)digit_event(d->queue[0]),
				    (uint8_t)((end ? 0x80 : 0) | EVENT_VOLUME),
				    (uint8_t)(duration >> 8), (uint8_t)duration};

	tx_packet(e, l, l->dtmf_tx, marker, l->tx.sequence, d->timestamp, payload,
		  sizeof(payload));
}

static void send_tone(struct engine *e, struct leg *l, bool marker)
{
	const struct digits_tx *d = &l->digits_tx;
	const struct clip *c = e->media->builtin[BUILTIN_DIGIT + digit_event(d->queue[0])];
	size_t len;
	const uint8_t *data = clip_frame(c, l->codec, d->frame, &len);

	if (data)
		tx_packet(e, l, l->type_tx, marker, l->tx.sequence, l->tx.timestamp, data, len);
}

void digit_tick(struct engine *e, struct leg *l)
{
	struct digits_tx *d = &l->digits_tx;
	bool marker = false;

	if (d->frame == 0) {
		marker = tx_begin(e, l, TX_DIGIT) || l->dtmf_tx != 0;
		d->timestamp = l->tx.timestamp;
	}
	if (leg_sends(l)) {
		if (l->dtmf_tx != 0 && d->frame < TONE_FRAMES + END_PACKETS)
			send_event(e, l, marker);
		else if (l->dtmf_tx == 0)
			send_tone(e, l, marker);
	}
	l->tx.timestamp += tx_step(l);
	l->tx.last_us = e->now_us;
	if (++d->frame < TONE_FRAMES + END_PACKETS + PAUSE_FRAMES)
		return;
	d->frame = 0;
	memmove(d->queue, d->queue + 1, --d->count);
}
