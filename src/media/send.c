/*
 * The stream towards a leg: one SSRC, its sequence and time without a break whatever the source.
 * RTCP: sender and receiver reports every five seconds (RFC 3550, 6.4).
 */
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "media/codec.h"
#include "media/room.h"
#include "media/rtp.h"

#define PAUSE_US     (3 * FRAME_US)
#define NTP_TO_UNIX  2208988800U
#define RTCP_SR      200
#define RTCP_RR      201
#define RTCP_SDES    202
#define RTCP_MAX     128

void tx_restart(struct leg *l, bool new_ssrc)
{
	struct tx t;

	if (new_ssrc && getrandom(&t, sizeof(t), 0) == (ssize_t)sizeof(t)) {
		l->tx.ssrc = t.ssrc;
		l->tx.timestamp = t.timestamp;
		/* a low start leaves SRTP's roll-over unambiguous: RFC 3711, 3.3.1 */
		l->tx.sequence = t.sequence & 0x7FFF;
	}
	l->tx.source = TX_NONE;
}

uint32_t tx_step(const struct leg *l)
{
	return codec_rtp_clock(l->codec) / FRAMES_A_SECOND;
}

bool tx_begin(struct engine *e, struct leg *l, enum tx_source source)
{
	const int64_t gone = e->now_us - l->tx.last_us;
	const bool anew = l->tx.source != source || gone > PAUSE_US;
	int64_t frames;

	if (!anew)
		return false;
	frames = (gone + FRAME_US / 2) / FRAME_US;
	if (l->tx.last_us != 0 && frames > 1)
		l->tx.timestamp += (uint32_t)(frames - 1) * tx_step(l);
	l->tx.source = source;
	return true;
}

void tx_packet(struct engine *e, struct leg *l, uint8_t type, bool marker, uint16_t sequence,
	       uint32_t timestamp, const uint8_t *payload, size_t len)
{
	uint8_t *data = batch_next(e);
	size_t n = RTP_HEADER + len;

	if (n > PACKET_MAX)
		return;
	rtp_build(data, type, marker, sequence, timestamp, l->tx.ssrc);
	memcpy(data + RTP_HEADER, payload, len);
	if (l->tape && type == l->type_tx && (int16_t)(sequence + 1 - l->tx.sequence) > 0)
		tape_add(e, l, TAPE_TO, payload, len);
	if (l->srtp && srtp_pair_protect(l->srtp, data, &n, false)) {
		engine_count(e, COUNT_TX_FAILED, 1);
		return;
	}
	batch_add(e, l->port->fd, &l->remote, n);
	l->tx.packets++;
	l->tx.octets += len;
	l->tx.last_us = e->now_us;
	if ((int16_t)(sequence + 1 - l->tx.sequence) > 0)
		l->tx.sequence = (uint16_t)(sequence + 1);
}

void tx_frame(struct engine *e, struct leg *l, bool marker, const uint8_t *payload, size_t len)
{
	tx_packet(e, l, l->type_tx, marker, l->tx.sequence, l->tx.timestamp, payload, len);
	l->tx.timestamp += tx_step(l);
}

static size_t put_report_block(struct leg *l, int64_t now_us, uint8_t *at)
{
	struct rx *rx = &l->rx;
	const uint32_t highest = rx->cycles + rx->sequence;
	const uint32_t expected = highest - rx->base_sequence + 1;
	const uint32_t expected_now = expected - rx->expected_prior;
	const uint32_t received_now = rx->received - rx->received_prior;
	int32_t lost = (int32_t)(expected - rx->received);
	uint32_t fraction = 0, delay = 0;

	if (expected_now > received_now)
		fraction = ((expected_now - received_now) << 8) / expected_now;
	if (lost > 0x7FFFFF)
		lost = 0x7FFFFF;
	if (lost < -0x800000)
		lost = -0x800000;
	if (rx->last_sr != 0)
		delay = (uint32_t)((now_us - rx->last_sr_us) * 65536 / 1000000);
	rx->expected_prior = expected;
	rx->received_prior = rx->received;
	rtp_put32(at, rx->ssrc);
	rtp_put32(at + 4, (fraction > 255 ? 255 : fraction) << 24 | ((uint32_t)lost & 0xFFFFFF));
	rtp_put32(at + 8, highest);
	rtp_put32(at + 12, (uint32_t)rx->jitter);
	rtp_put32(at + 16, rx->last_sr);
	rtp_put32(at + 20, delay);
	return 24;
}

static size_t put_sender(struct engine *e, const struct leg *l, uint8_t *at)
{
	const int64_t since_us = e->now_us - l->tx.last_us;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	rtp_put32(at, (uint32_t)ts.tv_sec + NTP_TO_UNIX);
	rtp_put32(at + 4, (uint32_t)(((uint64_t)ts.tv_nsec << 32) / 1000000000U));
	rtp_put32(at + 8, l->tx.timestamp - tx_step(l) +
				  (uint32_t)(since_us * codec_rtp_clock(l->codec) / 1000000));
	rtp_put32(at + 12, (uint32_t)l->tx.packets);
	rtp_put32(at + 16, (uint32_t)l->tx.octets);
	return 20;
}

/* RFC 7022: a name that tells nothing about the machine. */
static size_t put_name(const struct leg *l, uint8_t *at)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t *p = at + 8;

	at[0] = 0x81;
	at[1] = RTCP_SDES;
	rtp_put32(at + 4, l->tx.ssrc);
	*p++ = 1;
	*p++ = 8;
	for (int i = 28; i >= 0; i -= 4)
		*p++ = (uint8_t)hex[l->tx.ssrc >> i & 15];
	memset(p, 0, 2);
	p += 2;
	at[2] = 0;
	at[3] = (uint8_t)((p - at) / 4 - 1);
	return (size_t)(p - at);
}

void rtcp_report(struct engine *e, struct leg *l)
{
	const bool sender = l->tx.packets > 0;
	union address to = l->remote;
	uint8_t *data;
	size_t n = 8;

	if (!leg_sends(l) || (!sender && !l->rx.seen) || address_port(&to) == UINT16_MAX)
		return;
	data = batch_next(e);
	data[0] = (uint8_t)(0x80 | (l->rx.seen ? 1 : 0));
	data[1] = sender ? RTCP_SR : RTCP_RR;
	rtp_put32(data + 4, l->tx.ssrc);
	if (sender)
		n += put_sender(e, l, data + n);
	if (l->rx.seen)
		n += put_report_block(l, e->now_us, data + n);
	data[2] = 0;
	data[3] = (uint8_t)(n / 4 - 1);
	n += put_name(l, data + n);
	if (l->srtp && srtp_pair_protect(l->srtp, data, &n, true))
		return;
	if (!l->rtcp_mux)
		address_port_set(&to, (uint16_t)(address_port(&to) + 1));
	batch_add(e, l->rtcp_mux || l->port->rtcp_fd < 0 ? l->port->fd : l->port->rtcp_fd, &to, n);
}

void rtcp_receive(struct engine *e, struct leg *l, const uint8_t *data, size_t len)
{
	if (data[1] != RTCP_SR || len < 28)
		return;
	l->rx.last_sr = rtp_get32(data + 8) << 16 | rtp_get32(data + 12) >> 16;
	l->rx.last_sr_us = e->now_us;
}
