/*
 * A leg: what was agreed, whom it hears, what arrives.
 *
 * Whom it hears: the host that the SDP (or, through NAT, the signalling) named. The port that a
 * packet comes from first is kept for as long as it speaks; a stranger changes nothing.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "media/codec.h"
#include "media/room.h"
#include "media/rtp.h"

#define SOURCE_QUIET_US 500000 /* after so much silence the host may speak from another port */
#define MISORDER_MAX    100    /* RFC 3550, A.1 */
#define DROPOUT_MAX     3000
#define COMFORT_NOISE   13

bool leg_sends(const struct leg *l)
{
	return l->agreed && l->addressed && (l->direction & STREAM_SEND);
}

void leg_init(struct engine *e, struct leg *l)
{
	l->open = true;
	l->watch.silence_ms = e->media->cfg.silence_ms;
	/* spread, so that reports don't come in bursts */
	l->rtcp_due_us = e->now_us + RTCP_US / 2 + l->slot * INT64_C(7919) % (RTCP_US / 2);
	tx_restart(l, true);
	if (l->port == &l->own) {
		int err = port_watch(e, l->port);

		if (err)
			log_error("media", "leg %u: epoll: %s", l->key, strerror(err));
	}
	e->legs_open++;
	if (l->slot >= e->legs_high)
		e->legs_high = l->slot + 1;
	tick_timer(e);
}

void leg_finish(struct engine *e, struct leg *l)
{
	const uint32_t slot = l->slot;

	bridge_part(e, l);
	if (l->recording)
		recording_end(e, l, MEDIA_WHY_HANGUP);
	if (l->tape)
		tape_end(e, l, MEDIA_WHY_HANGUP);
	tick_leave(e, l);
	play_free(l->play);
	web_end(e, l);
	batch_send(e); /* it may hold packets of this leg's socket */
	port_forget(l);
	if (l->port == &l->own)
		port_close(&l->own);
	coder_free(l->coder);
	ear_free(l->ear);
	srtp_pair_free(l->srtp);
	web_free(l->web);
	memset(l, 0, sizeof(*l));
	e->legs_open--;
	tick_timer(e);
	ring_push(e->media->freed, &slot);
}

static void set_addresses(struct engine *e, struct leg *l, const struct stream *s)
{
	union address told, allowed;
	const bool v6 = l->port->v6;

	if (s->remote.port == 0 || address_make(&told, s->remote.ip, s->remote.port) ||
	    (told.any.sa_family == AF_INET6) != v6) {
		port_forget(l);
		l->addressed = false;
		if (s->remote.port != 0)
			engine_complain_leg(e, l, "has an address that can't be sent to");
		return;
	}
	if (!l->nat || address_make(&allowed, s->latch_ip, 0))
		allowed = told;
	if (s->nat && l->exact)
		engine_complain_leg(e, l, "is behind NAT, but on a shared port");
	/* a renegotiation that names the same address keeps what was learned */
	if (l->addressed && address_same(&told, &l->told) &&
	    address_same_host(&allowed, &l->allowed))
		return;
	port_forget(l);
	l->told = l->remote = told;
	l->allowed = allowed;
	l->addressed = true;
	l->source_known = false;
	port_learn(e, l);
}

void leg_set(struct engine *e, struct leg *l, const struct stream *s)
{
	const enum codec before = l->codec;

	if (s->codec <= CODEC_NONE || s->codec >= CODEC_COUNT) {
		engine_complain_leg(e, l, "has no codec");
		l->agreed = false;
		return;
	}
	if (srtp_pair_set(&l->srtp, &s->srtp)) {
		log_error("media", "leg %u: SRTP keys refused: the leg is mute", l->key);
		l->agreed = false;
		return;
	}
	if (before != CODEC_NONE && before != s->codec) {
		/* one SSRC, one clock: RFC 7160 */
		tx_restart(l, codec_rtp_clock(before) != codec_rtp_clock(s->codec));
		if (l->peer)
			l->peer->tx.source = TX_NONE;
	}
	l->codec = s->codec;
	l->dtmf = s->dtmf;
	l->type_tx = s->payload_type_tx;
	l->type_rx = s->payload_type_rx;
	l->dtmf_tx = s->dtmf_type_tx;
	l->dtmf_rx = s->dtmf_type_rx;
	l->rtcp_mux = s->rtcp_mux;
	l->nat = s->nat && !l->exact;
	if (l->direction != s->direction && l->silent_since_us != 0)
		l->silent_since_us = e->now_us;
	l->direction = s->direction;
	set_addresses(e, l, s);
	l->agreed = true;
	if (!l->rtcp_mux)
		port_want_rtcp(l->port, e->media);
}

static bool may_speak(const struct engine *e, const struct leg *l, const union address *from)
{
	if (!l->addressed)
		return false;
	if (l->source_known && address_same(&l->source, from))
		return true;
	if (!address_same_host(&l->allowed, from))
		return false;
	return !l->source_known || e->now_us - l->rx.last_us > SOURCE_QUIET_US;
}

static void learn_source(struct leg *l, const union address *from)
{
	if (l->source_known && address_same(&l->source, from))
		return;
	l->source = *from;
	l->source_known = true;
	if (l->nat)
		l->remote = *from;
}

static void rx_restart(struct leg *l, const struct rtp_packet *p)
{
	struct rx *rx = &l->rx;

	if (rx->seen)
		rx->lost_before += rx->cycles + rx->sequence - rx->base_sequence + 1U -
				   rx->received;
	if (!rx->seen || rx->ssrc != p->ssrc) {
		l->digits_rx.any = false;
		rx->jitter = 0;
	}
	rx->seen = true;
	rx->ssrc = p->ssrc;
	rx->base_sequence = rx->sequence = p->sequence;
	rx->cycles = rx->received = rx->expected_prior = rx->received_prior = 0;
	rx->transit = INT64_MIN;
}

/* RFC 3550, A.1 and A.8. False when the packet is older than one that was here already. */
static bool rx_update(struct engine *e, struct leg *l, const struct rtp_packet *p, uint32_t clock)
{
	struct rx *rx = &l->rx;
	const uint16_t ahead = (uint16_t)(p->sequence - rx->sequence);
	int64_t transit;

	rx->packets++;
	rx->last_us = e->now_us;
	if (!rx->seen || p->ssrc != rx->ssrc ||
	    (ahead >= DROPOUT_MAX && ahead < UINT16_MAX - MISORDER_MAX)) {
		rx_restart(l, p);
	} else if (ahead == 0 || ahead >= DROPOUT_MAX) {
		rx->received += ahead != 0;
		return false;
	} else {
		if (p->sequence < rx->sequence)
			rx->cycles += 1U << 16;
		rx->sequence = p->sequence;
	}
	rx->received++;
	rx->timestamp = p->timestamp;
	transit = e->now_us * clock / 1000000 - (int64_t)p->timestamp;
	if (rx->transit != INT64_MIN) {
		const int64_t d = (int32_t)(uint32_t)(transit - rx->transit);

		if (d > -(int64_t)clock && d < clock)
			rx->jitter += ((double)(d < 0 ? -d : d) - rx->jitter) / 16;
	}
	rx->transit = transit;
	return true;
}

static void listen_to(struct engine *e, struct leg *l, uint32_t timestamp, const int16_t *pcm,
		      size_t count)
{
	int16_t low[PCM_MAX];

	if (l->mix)
		mix_hear(l, pcm, count);
	if (!l->recording && !ear_wanted(l))
		return;
	count = coder_down(l->coder, coder_rate(l->codec), pcm, count, low);
	if (l->recording)
		recording_hear(e, l, timestamp, low, count);
	ear_hear(e, l, low, count);
}

static void hear(struct engine *e, struct leg *l, const struct rtp_packet *p, bool in_order)
{
	const bool passes = bridge_passes(l);
	const bool relays = passes && l->peer->codec == l->codec;
	const bool transcodes = passes && !relays && in_order;
	const bool listens = in_order && (l->recording || l->mix || ear_wanted(l));
	int16_t pcm[PCM_MAX];
	int n;

	if (relays)
		bridge_relay(e, l, p);
	if (!listens && !transcodes)
		return;
	if (!l->coder && coder_alloc(&l->coder))
		return;
	n = coder_decode(l->coder, l->codec, p->payload, p->len, pcm, PCM_MAX);
	if (n < 0) {
		engine_count(e, COUNT_GARBAGE, 1);
		return;
	}
	if (transcodes)
		bridge_transcode(e, l, p, pcm, (size_t)n);
	if (listens)
		listen_to(e, l, p->timestamp, pcm, (size_t)n);
}

/* After the relay: what is kept makes no packet late. */
static void taped_hear(struct engine *e, struct leg *l, const struct rtp_packet *p, bool in_order)
{
	hear(e, l, p, in_order);
	if (l->tape && in_order)
		tape_add(e, l, TAPE_FROM, p->payload, p->len);
}

static void wrong_type(struct engine *e, struct leg *l, uint8_t type, const union address *from)
{
	if (type == COMFORT_NOISE)
		return;
	engine_count(e, COUNT_WRONG_TYPE, 1);
	l->rx.dropped++;
	engine_complain(e, from, "sends a payload type that wasn't agreed");
}

static void receive_rtp(struct engine *e, struct leg *l, const uint8_t *data, size_t len,
			const union address *from)
{
	struct rtp_packet p;
	bool digit, in_order;

	if (!rtp_parse(data, len, &p) || p.len == 0) {
		engine_count(e, COUNT_GARBAGE, 1);
		l->rx.dropped++;
		engine_complain(e, from, "sends what isn't RTP");
		return;
	}
	digit = l->dtmf_rx != 0 && p.type == l->dtmf_rx;
	if (!digit && p.type != l->type_rx) {
		wrong_type(e, l, p.type, from);
		return;
	}
	learn_source(l, from);
	if (l->web)
		web_heard(e, l);
	in_order = rx_update(e, l, &p, codec_rtp_clock(l->codec));
	l->silent_told = false;
	if (l->silent_since_us == 0)
		l->silent_since_us = e->now_us;
	/* what is in the count of the far end and isn't passed on must not look like a loss */
	if (digit && l->peer)
		l->peer->tx.source = TX_NONE;
	if (digit)
		digit_receive(e, l, p.timestamp, p.marker, p.payload, p.len);
	else if (l->direction & STREAM_RECV)
		taped_hear(e, l, &p, in_order);
}

void leg_receive(struct engine *e, struct leg *l, uint8_t *data, size_t len,
		 const union address *from)
{
	const bool rtcp = rtp_is_rtcp(data, len);

	if (!l->agreed)
		return;
	if (l->web && !web_receive(e, l, data, len, from))
		return;
	if (!l->web && !may_speak(e, l, from)) {
		engine_count(e, COUNT_STRANGER, 1);
		l->rx.dropped++;
		engine_complain(e, from, "isn't the far end of the leg that it sends to");
		return;
	}
	if (l->srtp && srtp_pair_unprotect(l->srtp, data, &len, rtcp)) {
		engine_count(e, COUNT_SRTP_FAILED, 1);
		l->rx.dropped++;
		engine_complain(e, from, "sends SRTP that isn't authentic");
		return;
	}
	if (rtcp)
		rtcp_receive(e, l, data, len);
	else
		receive_rtp(e, l, data, len, from);
}

static void sweep_silence(struct engine *e, struct leg *l)
{
	const struct media_event ev = {.kind = MEDIA_EV_SILENT, .key = l->key};
	int64_t since = l->silent_since_us;

	if (l->watch.silence_ms == 0 || since == 0 || l->silent_told || !l->agreed ||
	    l->direction != STREAM_BOTH)
		return;
	if (l->rx.last_us > since)
		since = l->rx.last_us;
	if (e->now_us - since < (int64_t)l->watch.silence_ms * 1000)
		return;
	l->silent_told = true;
	engine_event(e, &ev);
}

void leg_sweep(struct engine *e, struct leg *l)
{
	sweep_silence(e, l);
	if (l->web)
		web_sweep(e, l);
	if (l->recording)
		recording_sweep(e, l);
	if (l->tape)
		tape_sweep(e, l);
	if (e->now_us >= l->rtcp_due_us) {
		l->rtcp_due_us = e->now_us + RTCP_US;
		rtcp_report(e, l);
	}
}

void leg_state(struct engine *e, struct leg *l, uint32_t serial)
{
	const struct rx *rx = &l->rx;
	struct media_event ev = {.kind = MEDIA_EV_STATE, .key = l->key, .serial = serial};
	struct media_state *s = &ev.state;
	const uint32_t clock = codec_rtp_clock(l->codec);

	s->tx_ssrc = l->tx.ssrc;
	s->tx_timestamp = l->tx.timestamp;
	s->tx_sequence = l->tx.sequence;
	s->tx_packets = l->tx.packets;
	s->rx_ssrc = rx->ssrc;
	s->rx_timestamp = rx->timestamp;
	s->rx_sequence = rx->sequence;
	s->rx_packets = rx->packets;
	s->rx_dropped = rx->dropped;
	if (rx->seen) {
		const int64_t lost = (int64_t)rx->lost_before + rx->cycles + rx->sequence -
				     rx->base_sequence + 1 - rx->received;

		s->rx_lost = lost > 0 ? (uint64_t)lost : 0;
	}
	if (clock != 0)
		s->rx_jitter_us = (uint32_t)(rx->jitter * 1e6 / clock);
	s->srtp = l->srtp != NULL;
	if (l->srtp) {
		s->tx_roc = srtp_pair_roc(l->srtp, l->tx.ssrc, true);
		s->rx_roc = srtp_pair_roc(l->srtp, rx->ssrc, false);
	}
	engine_event(e, &ev);
}
