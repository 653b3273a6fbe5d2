/*
 * What the files of the media room share. Everything here but the call thread's tables (media.c)
 * and the workers (clip.c, writer.c) belongs to the engine's thread.
 *
 * A browser's leg: web.c answers its offer in the call thread (web_sdp.c), web_leg.c receives its
 * packets (web_stun.c, web_dtls.c) and hands what is SRTP to leg.c.
 *
 * One packet: port.c receives it and finds its leg; leg.c checks who sent it and what it is;
 * bridge.c passes it on, digit.c, listen.c and record.c take from it; send.c numbers what goes out
 * and port.c sends it. tick.c does the same for what is played, by the clock.
 */
#ifndef MEDIA_ROOM_H
#define MEDIA_ROOM_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/ring.h"
#include "media/idmap.h"
#include "media/media.h"
#include "media/tape.h"

#define FRAME_MS         20
#define FRAME_US         (FRAME_MS * 1000)
#define FRAMES_A_SECOND  (1000 / FRAME_MS)
#define FRAME_8K         160  /* samples of a frame at 8 kHz */
#define FRAME_16K        320
#define PHASES           10   /* legs are spread over the frame, so that bursts are small */
#define PHASE_US         (FRAME_US / PHASES)
#define BATCH            64   /* packets received or sent by one system call */
#define BATCH_OWN        8    /* the same on a socket of one leg */
#define PACKET_MAX       1500
#define PACKET_TRAILER   64   /* room that libsrtp asks for behind a packet */
#define PCM_MAX          2880 /* samples of one packet: 1440 bytes of G.722 */
#define COMMANDS_MAX     65536
#define EVENTS_MAX       32768
#define DIGITS_MAX       32   /* waiting to be sent on a leg */
#define WRITER_JOBS_MAX  8192
#define TAPE_JOBS_MAX    2048 /* blocks of 16 KiB */
#define CLIP_JOBS_MAX    (MEDIA_CLIPS_MAX + 256)
#define SHARED_PORTS_MAX 64
#define DEMUX_BUCKETS    1024 /* of a shared port */
#define STALL_US         100000 /* of the clock: what is missed beyond is not sent any more */
#define RTCP_US          5000000
#define SWEEP_STEPS      50 /* phases in which each leg is looked after once */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A socket for RTP, of one leg or shared by legs whose far addresses are known exactly. */
struct port {
	int fd, rtcp_fd; /* rtcp_fd -1 until needed */
	uint16_t number;
	uint16_t interface;
	bool v6, shared;
	struct leg *only;    /* not shared */
	struct leg **bucket; /* shared: legs by far address */
};

struct clip {
	atomic_uint refs;
	uint32_t id;
	uint32_t frames;                 /* known once anything is ready; 0: there is no sound */
	atomic_uint ready;               /* bit 1 << codec: its data may be read */
	uint8_t *data[CODEC_COUNT];      /* NULL where it could not be encoded */
	uint32_t *opus_at;               /* frames + 1 offsets */
	_Atomic uint64_t *total;         /* media's clip_bytes, counted's part in it */
	uint64_t counted;
	struct clip *next;               /* the worker's */
	char *path;                      /* to be read by the worker */
	int16_t *pcm;                    /* until it is encoded */
	size_t pcm_count;
	unsigned pcm_rate;
};

/* Sounds that are always there. */
enum builtin {
	BUILTIN_SILENCE,
	BUILTIN_BEEP,
	BUILTIN_MUSIC,
	BUILTIN_TONE,                                     /* enum media_tone */
	BUILTIN_DIGIT = BUILTIN_TONE + MEDIA_TONE_COUNT,  /* 16 of them */
	BUILTIN_COUNT = BUILTIN_DIGIT + 16
};

struct play {
	uint32_t serial;
	bool loop;
	bool tell;  /* MEDIA_EV_PLAYED at its end */
	bool beep;  /* the recording begins at its end */
	uint16_t count, index;
	uint32_t frame;
	struct clip *clip[]; /* each holds a reference */
};

enum tx_source { TX_NONE, TX_CLOCK, TX_DIGIT, TX_RELAY };

/* The stream that we send. `sequence` and `timestamp` are the next ones. */
struct tx {
	uint32_t ssrc, timestamp;
	uint16_t sequence;
	enum tx_source source;
	int64_t last_us;
	uint64_t packets, octets;
};

/* How the packets of the peer become ours. */
struct relay {
	uint32_t ssrc, timestamp_offset;
	uint32_t last_timestamp; /* of the peer's; when transcoded, where the next one is due */
	uint16_t first_sequence, last_sequence, sequence_offset;
};

/* The stream that arrives: RFC 3550, A.1, A.8. */
struct rx {
	bool seen;
	uint32_t ssrc, timestamp;
	uint16_t sequence, base_sequence;
	uint32_t cycles;
	uint32_t received, expected_prior, received_prior;
	uint64_t packets, lost_before, dropped;
	double jitter; /* in RTP time */
	int64_t transit;
	int64_t last_us;
	uint32_t last_sr;
	int64_t last_sr_us;
};

struct digits_tx {
	char queue[DIGITS_MAX];
	uint8_t count;
	uint8_t frame;   /* of the digit being sent: queue[0] */
	uint32_t timestamp;
};

struct digits_rx {
	bool any, ended;
	uint8_t event;
	uint16_t duration;
	uint32_t timestamp;
	char inband;      /* last one, until inband_us + DIGIT_SAME_US */
	int64_t inband_us;
};

struct srtp_pair; /* srtp.c */
struct coder;     /* codec.c */
struct ear;       /* listen.c */
struct recording; /* record.c */
struct tape;      /* tape.c */
struct web;       /* web_leg.c: of a browser's leg */
struct mix;       /* mix.c: the conference that the leg is in */

struct leg {
	uint32_t key, slot;
	bool open, agreed;
	bool exact;
	struct port own, *port;
	struct leg *demux_next;

	enum codec codec;
	enum dtmf_way dtmf;
	uint8_t type_tx, type_rx, dtmf_tx, dtmf_rx;
	enum stream_direction direction;
	bool rtcp_mux, nat;

	union address told;    /* the address in the far end's SDP */
	union address remote;  /* where we send: told, or learned through NAT */
	union address allowed; /* whom we hear: this address … */
	union address source;  /* … and this port, once heard */
	bool source_known;
	bool addressed;        /* remote can be sent to */

	struct tx tx;
	struct relay relay;
	struct rx rx;
	struct leg *peer;
	struct mix *mix;
	struct web *web;
	struct play *play;
	bool spoken; /* something was sent once: silence is sent from then on */
	bool ticking;
	uint8_t phase;
	struct leg *next, *previous; /* of the phase */
	struct digits_tx digits_tx;
	struct digits_rx digits_rx;
	struct coder *coder;
	struct ear *ear;
	struct recording *recording;
	struct tape *tape;
	struct srtp_pair *srtp;

	struct media_watch watch;
	bool silent_told, voice_told;
	int64_t silent_since_us; /* 0: not armed */
	int64_t rtcp_due_us;
};

enum counter {
	COUNT_RX, COUNT_TX, COUNT_RELAYED, COUNT_TRANSCODED, COUNT_GARBAGE, COUNT_WRONG_TYPE,
	COUNT_STRANGER, COUNT_SRTP_FAILED, COUNT_LATE, COUNT_TX_FAILED, COUNT_TICKS,
	COUNT_LATE_TICKS, COUNT_SKIPPED_TICKS, COUNT_EVENTS_LOST, COUNTERS
};

/* Packets on their way out, sent by as few system calls as there are sockets. */
struct batch {
	unsigned count;
	struct {
		int fd;
		uint16_t len;
		union address to;
	} head[BATCH];
	uint8_t data[BATCH][PACKET_MAX + PACKET_TRAILER];
};

struct engine {
	struct media *media;
	pthread_t thread;
	int epoll_fd, timer_fd;
	struct ring *commands;
	int64_t now_us;
	int64_t phase_due_us;
	bool timer_on;
	bool stop;
	unsigned phase;
	struct leg *phase_first[PHASES];
	unsigned phase_legs[PHASES];
	uint32_t sweep_at;
	uint32_t legs_open, legs_high; /* slots from legs_high up were never used */
	struct recording *finishing; /* the writer's queue was full */
	struct tape *taped;	     /* the same */
	struct batch batch;
	uint8_t rx_data[BATCH][PACKET_MAX + PACKET_TRAILER];
	union address rx_from[BATCH];
	struct log_limiter limiter;
	int64_t complaints_second;
	unsigned complaints;
	/* written by this thread only, read by media_stats */
	_Atomic uint64_t counter[COUNTERS];
	_Atomic uint64_t lateness[MEDIA_LATENESS_BINS];
};

enum command_kind {
	COMMAND_OPEN, COMMAND_SET, COMMAND_CLOSE, COMMAND_JOIN, COMMAND_PART, COMMAND_PLAY,
	COMMAND_QUIET, COMMAND_DIGIT, COMMAND_RECORD, COMMAND_RECORD_STOP, COMMAND_WATCH,
	COMMAND_STATE, COMMAND_STOP, COMMAND_CONFER, COMMAND_WEB, COMMAND_WEB_RESTART,
	COMMAND_TAPE, COMMAND_TAPE_STOP
};

/* From the call thread to the engine. A pointer's owner is whoever has the command. */
struct command {
	enum command_kind kind;
	uint32_t slot;
	union {
		uint32_t other;
		uint32_t two[2];
		struct web *web;
		uint32_t serial;
		char digit;
		enum media_why why;
		struct media_watch watch;
		struct stream *stream;
		struct play *play;
		struct recording *recording;
		struct tape *tape;
	};
};

struct media {
	struct media_config cfg;
	struct engine engine;
	struct leg *legs; /* legs_max; a slot is a leg's index */
	struct ring *events, *freed;

	/* of the call thread */
	struct idmap keys, clips;
	uint32_t *free_slots;
	uint32_t free_count;
	uint32_t next_port[MEDIA_INTERFACES_MAX];
	uint32_t next_shared[MEDIA_INTERFACES_MAX];
	struct port *shared; /* interface_count × shared_ports */
	struct clip *builtin[BUILTIN_COUNT];
	struct clip *music;
	uint64_t commands_lost;
	struct web_desk *web; /* web.c: what the call thread keeps of browsers' legs */

	_Atomic uint64_t clip_bytes;
	_Atomic uint32_t recordings, tapes;
	atomic_bool closing; /* clips that aren't encoded yet won't be */
	struct ring *clip_jobs, *writer_jobs, *tape_jobs;
	pthread_t clip_thread, writer_thread, tape_thread;
	bool clip_thread_on, writer_thread_on, tape_thread_on, engine_thread_on;
};

/* media.c: ENOBUFS when the engine's queue is full. */
int media_tell(struct media *m, struct command *c);

static inline void engine_count(struct engine *e, enum counter c, uint64_t n)
{
	uint64_t v = atomic_load_explicit(&e->counter[c], memory_order_relaxed);

	atomic_store_explicit(&e->counter[c], v + n, memory_order_relaxed);
}

/* address.c */
int address_make(union address *a, const char *ip, uint16_t port);
bool address_same(const union address *a, const union address *b);
bool address_same_host(const union address *a, const union address *b);
socklen_t address_len(const union address *a);
uint16_t address_port(const union address *a);
void address_port_set(union address *a, uint16_t port);
uint64_t address_hash(const union address *a);
void address_text(const union address *a, char out[64]);
int64_t monotonic_us(void);

/* engine.c */
int engine_open(struct engine *e, struct media *m);
int engine_start(struct engine *e);
void engine_free(struct engine *e);
void engine_event(struct engine *e, const struct media_event *ev);
/* One log line a second and far address about something that it should not have sent. */
void engine_complain(struct engine *e, const union address *from, const char *what);
void engine_complain_leg(struct engine *e, const struct leg *l, const char *what);

/* port.c */
int port_open(struct port *p, const struct media *m, unsigned interface, uint16_t number);
void port_close(struct port *p);
int port_take(struct media *m, unsigned interface, struct port *p);
int port_watch(struct engine *e, struct port *p);
void port_want_rtcp(struct port *p, const struct media *m);
void port_receive(struct engine *e, struct port *p);
void port_learn(struct engine *e, struct leg *l); /* shared: packets from l->remote are the leg's */
void port_forget(struct leg *l);
/* Where the next packet of the leg is to be built: PACKET_MAX bytes and the trailer. */
uint8_t *batch_next(struct engine *e);
void batch_add(struct engine *e, int fd, const union address *to, size_t len);
void batch_send(struct engine *e);

/* leg.c */
void leg_init(struct engine *e, struct leg *l);
void leg_set(struct engine *e, struct leg *l, const struct stream *s);
void leg_finish(struct engine *e, struct leg *l);
void leg_receive(struct engine *e, struct leg *l, uint8_t *data, size_t len,
		 const union address *from);
void leg_sweep(struct engine *e, struct leg *l);
void leg_state(struct engine *e, struct leg *l, uint32_t serial);
bool leg_sends(const struct leg *l);

/* send.c */
void tx_restart(struct leg *l, bool new_ssrc);
/* Numbers made ready for a packet of this source: after a pause or a change of source the time
 * stamp has gone on by the time that went by. True when it begins anew (marker). */
bool tx_begin(struct engine *e, struct leg *l, enum tx_source source);
void tx_packet(struct engine *e, struct leg *l, uint8_t type, bool marker, uint16_t sequence,
	       uint32_t timestamp, const uint8_t *payload, size_t len);
void tx_frame(struct engine *e, struct leg *l, bool marker, const uint8_t *payload, size_t len);
uint32_t tx_step(const struct leg *l); /* RTP time of one frame */
void rtcp_report(struct engine *e, struct leg *l);
void rtcp_receive(struct engine *e, struct leg *l, const uint8_t *data, size_t len);

/* tick.c */
void tick_timer(struct engine *e); /* on while legs are open */
void tick_run(struct engine *e);
void tick_wake(struct engine *e, struct leg *l); /* the leg has something to say by the clock */
void tick_leave(struct engine *e, struct leg *l);
void play_start(struct engine *e, struct leg *l, struct play *p); /* NULL: quiet */
void play_free(struct play *p);

/* bridge.c */
void bridge_join(struct engine *e, struct leg *a, struct leg *b);
void bridge_part(struct engine *e, struct leg *l);
struct rtp_packet;
bool bridge_passes(const struct leg *from); /* what comes from it goes to its peer */
void bridge_relay(struct engine *e, struct leg *from, const struct rtp_packet *p);
void bridge_transcode(struct engine *e, struct leg *from, const struct rtp_packet *p,
		      const int16_t *pcm, size_t count);

/* srtp.c: RFC 3711 */
int srtp_pair_set(struct srtp_pair **sp, const struct stream_srtp *keys);
void srtp_pair_free(struct srtp_pair *s);
int srtp_pair_protect(struct srtp_pair *s, uint8_t *data, size_t *len, bool rtcp);
int srtp_pair_unprotect(struct srtp_pair *s, uint8_t *data, size_t *len, bool rtcp);
uint32_t srtp_pair_roc(struct srtp_pair *s, uint32_t ssrc, bool tx);

/* digit.c */
#define DIGIT_SAME_US 400000 /* the same digit in both ways within this time is one */
void digit_receive(struct engine *e, struct leg *l, uint32_t timestamp, bool marker,
		   const uint8_t *payload, size_t len);
void digit_heard(struct engine *e, struct leg *l, char digit);
void digit_queue(struct engine *e, struct leg *l, char digit);
void digit_tick(struct engine *e, struct leg *l); /* one frame of the first in the queue */
int digit_event(char digit); /* 0-15, -1 */

/* clip.c */
int clip_make(struct media *m, uint32_t id, const int16_t *samples, size_t count, unsigned rate,
	      struct clip **cp);
int clip_make_from(struct media *m, uint32_t id, const char *path, struct clip **cp);
void clip_ref(struct clip *c);
void clip_unref(struct clip *c); /* accepts NULL */
const uint8_t *clip_frame(const struct clip *c, enum codec codec, uint32_t frame, size_t *len);
void *clip_worker(void *media);
int clip_builtins(struct media *m);

/* listen.c: what is looked for in the sound */
bool ear_wanted(const struct leg *l);
void ear_hear(struct engine *e, struct leg *l, const int16_t *pcm, size_t count); /* 8 kHz */
void ear_free(struct ear *ear);
uint32_t ear_cadence_ms(const struct ear *ear);

/* record.c */
int recording_make(const struct media_record *rec, uint32_t key, struct recording **rp);
void recording_discard(struct recording *r); /* before it was started */
void recording_start(struct engine *e, struct leg *l, struct recording *r);
bool recording_beeps(const struct recording *r);
void recording_begin(struct leg *l);       /* its beep has ended */
void recording_hear(struct engine *e, struct leg *l, uint32_t timestamp, const int16_t *pcm,
		    size_t count); /* 8 kHz */
void recording_sweep(struct engine *e, struct leg *l);
void recording_end(struct engine *e, struct leg *l, enum media_why why);
void recording_retry(struct engine *e);
void *recording_writer(void *media);
int recording_writer_open(struct media *m);
int recording_writer_stop(struct media *m);

/* tape.c */
int tape_make(const struct media_tape *want, uint32_t key, struct tape **tp);
void tape_discard(struct tape *t); /* before it was started */
void tape_start(struct engine *e, struct leg *l, struct tape *t);
void tape_add(struct engine *e, struct leg *l, enum tape_side side, const uint8_t *payload,
	      size_t len);
void tape_sweep(struct engine *e, struct leg *l);
void tape_end(struct engine *e, struct leg *l, enum media_why why);
void tape_retry(struct engine *e);
void *tape_writer(void *media);
int tape_writer_open(struct media *m);
int tape_writer_stop(struct media *m);

/* mix.c: a conference of three */
void mix_make(struct engine *e, struct leg *a, struct leg *b, struct leg *c);
void mix_leave(struct engine *e, struct leg *l); /* the two others are joined */
void mix_hear(struct leg *l, const int16_t *pcm, size_t count);
void mix_tick(struct engine *e, struct leg *l);

/* web.c: of the call thread */
void web_desk_free(struct media *m);
void web_desk_forget(struct media *m, uint32_t slot);

/* web_leg.c */
void web_start(struct engine *e, struct leg *l, struct web *w);
void web_restart(struct leg *l, struct web *w); /* w: the new name and password; taken over */
void web_end(struct engine *e, struct leg *l); /* says good-bye to the browser */
void web_free(struct web *w);		       /* accepts NULL */
/* True when it is SRTP from the browser's address: leg.c goes on with it. */
bool web_receive(struct engine *e, struct leg *l, uint8_t *data, size_t len,
		 const union address *from);
void web_heard(struct engine *e, struct leg *l); /* an authentic RTP packet */
void web_sweep(struct engine *e, struct leg *l);

/* wav.c */
#define WAV_HEADER 44
void wav_header(uint8_t out[WAV_HEADER], uint32_t samples, unsigned rate);

#endif
