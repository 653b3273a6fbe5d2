/*
 * RTP, RTCP and digits from the far end of a leg that is joined to another. The first byte chooses
 * the codecs and whether sound is listened to; then packets, each behind two bytes: its length, and
 * in the upper four bits the time since the last one. Nothing is sent: the legs have no socket.
 */
#include <stdlib.h>
#include <string.h>

#include "media/codec.h"
#include "media/room.h"

#define LEGS 2
#define FAR  "192.0.2.9"

static struct media media;
static struct leg legs[LEGS];

static void leg_make(struct leg *l, uint32_t key, enum codec codec, enum dtmf_way dtmf)
{
	struct stream s = {.remote = {FAR, 4000}, .codec = codec, .payload_type_tx = 8,
			   .payload_type_rx = 8, .dtmf_type_tx = 101, .dtmf_type_rx = 101,
			   .ptime_ms = 20, .direction = STREAM_BOTH, .dtmf = dtmf,
			   .rtcp_mux = true, .nat = true, .latch_ip = FAR};

	l->key = key;
	l->open = true;
	l->own = (struct port){.fd = -1, .rtcp_fd = -1};
	l->port = &l->own;
	tx_restart(l, true);
	leg_set(&media.engine, l, &s);
	if (!l->agreed || !l->addressed)
		abort();
}

static void legs_free(void)
{
	struct media_event ev;

	for (unsigned i = 0; i < LEGS; i++) {
		tick_leave(&media.engine, &legs[i]);
		coder_free(legs[i].coder);
		ear_free(legs[i].ear);
		srtp_pair_free(legs[i].srtp);
	}
	memset(legs, 0, sizeof(legs));
	media.engine.batch.count = 0;
	while (ring_take(media.events, &ev))
		if (ev.kind == MEDIA_EV_DIGIT && digit_event(ev.digit) < 0)
			abort();
}

static void packets(const uint8_t *data, size_t size, const union address *from)
{
	struct engine *e = &media.engine;

	while (size >= 2) {
		size_t len = data[0] | (size_t)(data[1] & 7) << 8;
		uint8_t *copy;

		e->now_us += INT64_C(20000) * (1 + (data[1] >> 4) * (data[1] >> 4));
		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		copy = malloc(len ? len : 1); /* of its size: reads beyond it show */
		memcpy(copy, data, len);
		if (len <= PACKET_MAX)
			leg_receive(e, &legs[0], copy, len, from);
		free(copy);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum codec codecs[] = {CODEC_PCMA, CODEC_PCMU, CODEC_G722, CODEC_OPUS};
	union address from;

	if (size < 1)
		return 0;
	if (!media.events) {
		log_level_set(LOG_LEVEL_ERROR);
		if (ring_alloc(&media.events, sizeof(struct media_event), EVENTS_MAX))
			abort();
		media.engine.media = &media;
		media.legs = legs;
	}
	if (address_make(&from, FAR, 4000))
		abort();
	media.engine.now_us = 1000000;
	leg_make(&legs[0], 1, codecs[data[0] & 3], data[0] & 16 ? DTMF_INBAND : DTMF_RFC4733);
	leg_make(&legs[1], 2, codecs[data[0] >> 2 & 3], DTMF_RFC4733);
	bridge_join(&media.engine, &legs[0], &legs[1]);
	legs[0].watch.busy_tone = data[0] & 16;
	packets(data + 1, size - 1, &from);
	leg_sweep(&media.engine, &legs[0]);
	legs_free();
	return 0;
}
