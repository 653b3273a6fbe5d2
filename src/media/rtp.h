/*
 * The RTP header, RFC 3550, 5.1. Pure: what arrives is read here and nowhere else.
 */
#ifndef MEDIA_RTP_H
#define MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER 12

struct rtp_packet {
	bool marker;
	uint8_t type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	const uint8_t *payload;
	size_t len; /* without padding */
};

/* RFC 5761: what is RTCP on a port that carries both. */
static inline bool rtp_is_rtcp(const uint8_t *data, size_t len)
{
	return len >= 8 && (data[0] & 0xC0) == 0x80 && data[1] >= 192 && data[1] <= 223;
}

/* True and *p filled when it is a whole RTP packet; payload points into data. */
static inline bool rtp_parse(const uint8_t *data, size_t len, struct rtp_packet *p)
{
	size_t at = RTP_HEADER;
	size_t padding = 0;

	if (len < RTP_HEADER || (data[0] & 0xC0) != 0x80)
		return false;
	at += (size_t)(data[0] & 0x0F) * 4;
	if (data[0] & 0x10) {
		if (len < at + 4)
			return false;
		at += 4 + ((size_t)data[at + 2] << 8 | data[at + 3]) * 4;
	}
	if (at > len)
		return false;
	if (data[0] & 0x20) {
		padding = data[len - 1];
		if (padding == 0 || padding > len - at)
			return false;
	}
	p->marker = data[1] & 0x80;
	p->type = data[1] & 0x7F;
	p->sequence = (uint16_t)(data[2] << 8 | data[3]);
	p->timestamp = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 |
		       data[7];
	p->ssrc = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 |
		  data[11];
	p->payload = data + at;
	p->len = len - at - padding;
	return true;
}

static inline void rtp_put32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static inline uint32_t rtp_get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void rtp_build(uint8_t *data, uint8_t type, bool marker, uint16_t sequence,
			     uint32_t timestamp, uint32_t ssrc)
{
	data[0] = 0x80;
	data[1] = (uint8_t)((marker ? 0x80 : 0) | type);
	data[2] = (uint8_t)(sequence >> 8);
	data[3] = (uint8_t)sequence;
	rtp_put32(data + 4, timestamp);
	rtp_put32(data + 8, ssrc);
}

#endif
