#include "phone.h"

#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/rtp.h"

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint8_t phone_type(enum codec c)
{
	return c == CODEC_PCMA ? 8 : c == CODEC_PCMU ? 0 : c == CODEC_G722 ? 9 : 111;
}

void phone_open(struct phone *p, enum codec c)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &len), 0);
	p->port = ntohs(a.sin_port);
	p->codec = c;
	p->ssrc = 0x10000000U + p->port;
	p->timestamp = 0xFFFFF000U; /* soon around */
	p->sequence = 65530;
	assert_int_equal(coder_alloc(&p->coder), 0);
	p->pcm = calloc(PHONE_SAMPLES, sizeof(*p->pcm));
	p->packet = calloc(PHONE_PACKETS, sizeof(*p->packet));
	assert_non_null(p->pcm);
	assert_non_null(p->packet);
}

void phone_close(struct phone *p)
{
	close(p->fd);
	coder_free(p->coder);
	free(p->pcm);
	free(p->packet);
	if (p->srtp_tx)
		srtp_dealloc(p->srtp_tx);
	if (p->srtp_rx)
		srtp_dealloc(p->srtp_rx);
}

void phone_stream(const struct phone *p, struct stream *s)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->remote.ip, "127.0.0.1");
	s->remote.port = p->port;
	s->codec = p->codec;
	s->payload_type_tx = s->payload_type_rx = phone_type(p->codec);
	s->dtmf_type_tx = s->dtmf_type_rx = TYPE_EVENT;
	s->ptime_ms = 20;
	s->direction = STREAM_BOTH;
	s->rtcp_mux = true;
}

void phone_forget(struct phone *p)
{
	p->samples = 0;
	p->packets = 0;
}

void phone_send(struct phone *p, const void *data, size_t len)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(p->to),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	assert_int_equal(sendto(p->fd, data, len, 0, (struct sockaddr *)&a, sizeof(a)),
			 (ssize_t)len);
}

static void send_rtp(struct phone *p, uint8_t type, bool marker, uint32_t timestamp,
		     const uint8_t *payload, size_t len)
{
	uint8_t data[1500];
	int n = (int)(RTP_HEADER + len);

	rtp_build(data, type, marker, p->sequence++, timestamp, p->ssrc);
	memcpy(data + RTP_HEADER, payload, len);
	if (p->srtp_tx)
		assert_int_equal(srtp_protect(p->srtp_tx, data, &n), srtp_err_status_ok);
	phone_send(p, data, (size_t)n);
}

static void send_frame(void *arg, const uint8_t *payload, size_t len)
{
	struct phone *p = arg;

	send_rtp(p, phone_type(p->codec), false, p->timestamp, payload, len);
	p->timestamp += codec_rtp_clock(p->codec) / 50;
}

static void pause_us(unsigned us)
{
	const struct timespec ts = {us / 1000000, (long)(us % 1000000) * 1000};

	if (us > 0)
		nanosleep(&ts, NULL);
}

void phone_say(struct phone *p, double hz, double peak, unsigned frames, unsigned pace_us)
{
	const unsigned rate = coder_rate(p->codec);
	int16_t pcm[320];

	while (frames-- > 0) {
		for (unsigned i = 0; i < rate / 50; i++) {
			pcm[i] = (int16_t)lrint(peak * sin(p->angle));
			p->angle += 2 * M_PI * hz / rate;
		}
		coder_encode(p->coder, p->codec, rate, pcm, rate / 50, send_frame, p);
		pause_us(pace_us);
	}
}

void phone_say_pcm(struct phone *p, const int16_t *pcm, size_t count, unsigned pace_us)
{
	const unsigned rate = coder_rate(p->codec);

	for (size_t i = 0; i + rate / 50 <= count; i += rate / 50) {
		coder_encode(p->coder, p->codec, rate, pcm + i, rate / 50, send_frame, p);
		pause_us(pace_us);
	}
}

void phone_event(struct phone *p, int event, unsigned from, unsigned upto, unsigned ends)
{
	const unsigned step = codec_rtp_clock(p->codec) / 50;

	for (unsigned i = 0; i < 5 + ends; i++) {
		const bool end = i >= 5;
		const unsigned duration = (end ? 5 : i + 1) * step;
		const uint8_t payload[4] = {(uint8_t)event, (uint8_t)((end ? 0x80 : 0) | 10),
					    (uint8_t)(duration >> 8), (uint8_t)duration};

		if (i < from || i >= upto)
			p->sequence++; /* lost */
		else
			send_rtp(p, TYPE_EVENT, i == 0, p->timestamp, payload, 4);
	}
	p->timestamp += 8 * step;
}

static void take(struct phone *p, uint8_t *data, int n)
{
	struct phone_packet *k = &p->packet[p->packets];
	struct rtp_packet r = {0};
	int got;

	/* behind a handshake the last flight or a check's answer may come again */
	if (rtp_is_rtcp(data, (size_t)n) || (p->srtp_rx && (data[0] & 0xC0) != 0x80))
		return;
	if (p->srtp_rx && srtp_unprotect(p->srtp_rx, data, &n) != srtp_err_status_ok)
		fail_msg("what the leg sends isn't authentic");
	assert_true(rtp_parse(data, (size_t)n, &r));
	assert_true(p->packets < PHONE_PACKETS);
	*k = (struct phone_packet){r.marker, r.type, r.sequence, r.timestamp, r.ssrc, r.len,
				   {0}, now_us()};
	if (r.len >= 4)
		memcpy(k->event, r.payload, 4);
	p->packets++;
	if (r.type != phone_type(p->codec))
		return;
	got = coder_decode(p->coder, p->codec, r.payload, r.len, p->pcm + p->samples,
			   PHONE_SAMPLES - p->samples);
	assert_true(got > 0);
	p->samples += (size_t)got;
}

void phone_hear(struct phone *p, unsigned ms)
{
	const int64_t until = now_us() + (int64_t)ms * 1000;
	uint8_t data[2000];

	for (;;) {
		struct pollfd pfd = {p->fd, POLLIN, 0};
		int64_t left = (until - now_us()) / 1000;

		if (poll(&pfd, 1, left > 0 ? (int)left : 0) <= 0) {
			if (left <= 0)
				return;
			continue;
		}
		take(p, data, (int)recv(p->fd, data, sizeof(data), 0));
	}
}

void phone_await(struct phone *p, unsigned n)
{
	const int64_t until = now_us() + 3000000;

	while (p->packets < n && now_us() < until)
		phone_hear(p, 5);
	phone_hear(p, 20);
}

double phone_share(const struct phone *p, double hz, size_t from, size_t count, double *rms)
{
	const double w = 2 * M_PI * hz / coder_rate(p->codec);
	double re = 0, im = 0, energy = 0;

	if (from + count > p->samples)
		count = p->samples > from ? p->samples - from : 0;
	for (size_t i = 0; i < count; i++) {
		const double s = p->pcm[from + i];

		re += s * cos(w * (double)i);
		im += s * sin(w * (double)i);
		energy += s * s;
	}
	if (rms)
		*rms = count ? sqrt(energy / (double)count) : 0;
	return energy > 0 ? (re * re + im * im) * 2 / (double)count / energy : 0;
}

void phone_assert_unbroken(const struct phone *p, uint32_t step)
{
	for (unsigned i = 1; i < p->packets; i++) {
		const struct phone_packet *a = &p->packet[i - 1], *b = &p->packet[i];

		assert_int_equal(b->ssrc, a->ssrc);
		assert_int_equal(b->sequence, (uint16_t)(a->sequence + 1));
		if (a->type == TYPE_EVENT || b->type == TYPE_EVENT)
			continue;
		/* after a change of source time may have gone on by whole frames */
		if (b->marker)
			assert_true((int32_t)(b->timestamp - a->timestamp) >= (int32_t)step);
		else
			assert_int_equal(b->timestamp - a->timestamp, step);
	}
}

struct media *room_open(unsigned silence_ms)
{
	struct media_config cfg = {.interface_count = 1, .legs_max = 64, .silence_ms = silence_ms};
	struct media *m;

	strcpy(cfg.interface[0].name, "lo");
	strcpy(cfg.interface[0].local_ip, "127.0.0.1");
	cfg.port_min = (uint16_t)(20000 + getpid() % 20000);
	cfg.port_max = (uint16_t)(cfg.port_min + 400);
	assert_int_equal(media_open(&m, &cfg), 0);
	return m;
}

void room_leg(struct media *m, uint32_t key, struct phone *p, bool exact)
{
	struct stream_address local;
	struct stream s;

	assert_int_equal(media_leg_open(m, key, 0, exact, &local), 0);
	assert_string_equal(local.ip, "127.0.0.1");
	p->to = local.port;
	phone_stream(p, &s);
	assert_int_equal(media_leg_set(m, key, &s), 0);
}

unsigned room_events(struct media *m, struct media_event *ev, unsigned max, unsigned ms)
{
	const int64_t until = now_us() + (int64_t)ms * 1000;
	unsigned n = 0;

	for (;;) {
		struct pollfd pfd = {media_event_fd(m), POLLIN, 0};
		int64_t left = (until - now_us()) / 1000;

		/* what an earlier call left behind makes nothing readable: taken first */
		while (n < max && media_event_take(m, &ev[n]))
			n++;
		if (n == max)
			return n;
		if (poll(&pfd, 1, left > 0 ? (int)left : 0) > 0)
			media_event_quiet(m);
		while (n < max && media_event_take(m, &ev[n]))
			n++;
		if (left <= 0 || n == max)
			return n;
	}
}

bool room_event(struct media *m, enum media_event_kind kind, struct media_event *ev, unsigned ms)
{
	const int64_t until = now_us() + (int64_t)ms * 1000;

	do {
		if (room_events(m, ev, 1, 5) == 1 && ev->kind == kind)
			return true;
	} while (now_us() < until);
	return false;
}

void room_settle(struct media *m, uint32_t key)
{
	static uint32_t serial;
	struct media_event ev;

	assert_int_equal(media_leg_state(m, key, ++serial), 0);
	do
		assert_true(room_event(m, MEDIA_EV_STATE, &ev, 5000));
	while (ev.serial != serial);
}
