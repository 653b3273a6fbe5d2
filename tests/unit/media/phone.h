/*
 * A far end for tests: a UDP socket on loopback that speaks RTP, and remembers what it heard.
 */
#ifndef TEST_PHONE_H
#define TEST_PHONE_H

#include <srtp2/srtp.h>

#include "media/codec.h"
#include "media/media.h"

#define PHONE_SAMPLES 400000
#define PHONE_PACKETS 4000

struct phone_packet {
	bool marker;
	uint8_t type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	size_t len;
	uint8_t event[4];
	int64_t us;
};

struct phone {
	int fd;
	uint16_t port;
	uint16_t to; /* the leg's port */
	enum codec codec;
	struct coder *coder;
	uint32_t ssrc, timestamp;
	uint16_t sequence;
	double angle;
	/* heard */
	int16_t *pcm;
	size_t samples;
	struct phone_packet *packet;
	unsigned packets;
	srtp_t srtp_tx, srtp_rx;
};

#define TYPE_EVENT 101

uint8_t phone_type(enum codec c);
void phone_open(struct phone *p, enum codec c);
void phone_close(struct phone *p);
void phone_stream(const struct phone *p, struct stream *s); /* how a leg is told about it */
void phone_forget(struct phone *p);

/* 20 ms frames of a sine (0: silence), one every pace_us. */
void phone_say(struct phone *p, double hz, double peak, unsigned frames, unsigned pace_us);
void phone_say_pcm(struct phone *p, const int16_t *pcm, size_t count, unsigned pace_us);
void phone_send(struct phone *p, const void *data, size_t len); /* as it is */
void phone_event(struct phone *p, int event, unsigned from, unsigned upto, unsigned ends);
/* Takes what has come and what comes within ms. */
void phone_hear(struct phone *p, unsigned ms);
/* Until n packets are there, 3 s at most, and what comes right behind. */
void phone_await(struct phone *p, unsigned n);

/* The share of the energy of what was heard that is at hz, from sample `from` on; *rms: level. */
double phone_share(const struct phone *p, double hz, size_t from, size_t count, double *rms);

/* Sequence and time of all that was heard go on without a break (events apart). */
void phone_assert_unbroken(const struct phone *p, uint32_t step);

/* ---- the room ---- */
struct media *room_open(unsigned silence_ms);
void room_leg(struct media *m, uint32_t key, struct phone *p, bool exact);
bool room_event(struct media *m, enum media_event_kind kind, struct media_event *ev, unsigned ms);
unsigned room_events(struct media *m, struct media_event *ev, unsigned max, unsigned ms);
/* Until the engine has done what it was told so far. Takes the events that came by then. */
void room_settle(struct media *m, uint32_t key);

#endif
