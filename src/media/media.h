/*
 * The media room: RTP legs, relay, prompts, tones, digits, recording. Sound runs in threads of its
 * own; this interface is spoken to by one thread (the call thread), passes values through bounded
 * rings and never waits. What happens comes back as struct media_event.
 *
 * A leg is named by a key of the caller's choice, not 0, unique among the open legs. A leg hears,
 * in this order: a digit being sent, what is played to it, the leg it is joined to, silence.
 * Events of a leg that was just closed may still be on their way: don't give its key away at once.
 * Errors: ENOENT no such leg or clip, EEXIST key in use, ENOBUFS a limit is reached, EINVAL.
 * RFC 3550, 3551, 3711, 4568, 4733, 5761, 6716, 7587; a browser's sound: see there.
 */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"

#define MEDIA_INTERFACES_MAX 16
#define MEDIA_LEGS_MAX       65536
#define MEDIA_CLIPS_MAX      16384 /* of the application; built-in sounds are apart */
#define MEDIA_PLAY_CLIPS_MAX 256   /* clips of one play */
#define MEDIA_CLIP_MS_MAX    600000
#define MEDIA_PATH_MAX       256
#define MEDIA_TAPE_KEY       32 /* bytes */

struct media;

struct media_interface {
	char name[32];
	char local_ip[46];      /* bound; v4 or v6, concrete */
	char advertised_ip[46]; /* told in SDP; "" the same as local_ip */
};

struct media_config {
	struct media_interface interface[MEDIA_INTERFACES_MAX];
	unsigned interface_count;
	uint16_t port_min, port_max; /* RTP on even ports of this range, RTCP one above */
	unsigned threads;            /* 0 is 1 */
	unsigned legs_max;           /* 0 is 4096 */
	unsigned shared_ports;       /* sockets an interface for exact legs; 0 is 16 */
	uint32_t silence_ms;         /* see media_watch; 0 off */
	uint8_t tos;                 /* DSCP << 2 of what is sent; 0 is EF (184) */
	bool no_opus;                /* clips aren't encoded for it */
	uint8_t tape_key[MEDIA_TAPE_KEY]; /* the node's: keys of tapes are sealed with it */
};

/* Errors: EINVAL, ENOMEM, errno of the sockets. The pointer is set on success only. */
int media_open(struct media **mp, const struct media_config *cfg);

/* Ends all recordings (they are written), closes all legs, waits for the threads. Accepts NULL. */
void media_close(struct media *m);

/* ---- legs ---- */

/* Takes a port at once; *local is what SDP is to tell. `exact`: the far end's address will be just
 * what its SDP says (a trunk, an answered phone without NAT), so the leg may share a socket with
 * others; a leg whose address has to be learned has a socket of its own. */
int media_leg_open(struct media *m, uint32_t key, unsigned interface, bool exact,
		   struct stream_address *local);

/* What was agreed; again at each renegotiation (hold, new address, new codec). SRTP keys that stay
 * the same keep their roll-over counters. */
int media_leg_set(struct media *m, uint32_t key, const struct stream *stream);
int media_leg_close(struct media *m, uint32_t key);

/* Each hears the other, and no longer whom it heard before. Same codec: packets are passed on
 * untouched but for header; else transcoded. Digits of one are sent to the other. */
int media_join(struct media *m, uint32_t a, uint32_t b);

/* Both sides of the join that `key` is in hear nobody; of a conference, `key` leaves it and the
 * other two go on hearing each other. Nothing happens when it's in none. */
int media_part(struct media *m, uint32_t key);

/* Three hear each other, and no longer whom they heard before. A conference ends for a leg by
 * media_part, media_join with anybody, another media_confer, or media_leg_close; the two that stay
 * are joined. The same three again: nothing happens. A play to one of them is heard by that one
 * only, who doesn't hear the others meanwhile but goes on being heard by them (as in a join).
 * Digits of one are sent to none of the others. */
int media_confer(struct media *m, uint32_t a, uint32_t b, uint32_t c);

/* ---- a browser's sound (WebRTC) ----
 *
 * Answered as ICE-lite (RFC 8445, 2.5), DTLS passive (RFC 5763), keys by DTLS-SRTP (RFC 5764), one
 * port for all (RFC 5761, 8843), Opus or G.711 (RFC 7874), sound both ways. The leg is used as any
 * other: joined, played to, recorded; it isn't media_leg_set. It begins with MEDIA_EV_WEB_UP; what
 * is asked of it before is as with a leg that has no address yet. Packets are taken from the
 * address that an ICE check with our password chose, and from nowhere else; another such check
 * moves the leg there. A browser sends without pause (its DTX off), hence MEDIA_EV_LOST. */

#define MEDIA_WEB_OFFER_MAX      65536 /* bytes */
#define MEDIA_WEB_CANDIDATES_MAX 100
#define MEDIA_WEB_SECTIONS_MAX   8     /* m= lines */
#define MEDIA_WEB_ANSWER_MAX     4096

/* Why an offer was refused: a key of lang/ ("headset.refused.<name>"). */
enum media_web_refusal {
	MEDIA_WEB_OK,
	MEDIA_WEB_TOO_BIG,             /* over MEDIA_WEB_OFFER_MAX, or an answer would be */
	MEDIA_WEB_NOT_SDP,
	MEDIA_WEB_TOO_MANY_SECTIONS,
	MEDIA_WEB_TOO_MANY_CANDIDATES,
	MEDIA_WEB_NO_AUDIO,            /* none, only closed ones, or not over DTLS-SRTP */
	MEDIA_WEB_NOT_BOTH_WAYS,       /* the audio isn't sendrecv */
	MEDIA_WEB_NO_CODEC,            /* neither Opus nor G.711 */
	MEDIA_WEB_NO_ICE,              /* no user name and password, or not as RFC 8839 has them */
	MEDIA_WEB_NO_FINGERPRINT,
	MEDIA_WEB_UNKNOWN_FINGERPRINT, /* not SHA-256, or not well-formed */
	MEDIA_WEB_NOT_ACTIVE,          /* a=setup leaves the DTLS client's part to us */
	MEDIA_WEB_NO_MUX,              /* RTCP on a port of its own */
	MEDIA_WEB_REFUSALS
};
const char *media_web_refusal_name(enum media_web_refusal r); /* "no_audio" ... */

struct media_web_answer {
	enum media_web_refusal refusal;
	enum codec codec; /* the first of the offer's that we have */
	char text[MEDIA_WEB_ANSWER_MAX];
};

/* Opens the leg and answers at once. Video and all but the first audio are answered as closed.
 * Returns 0, EBADMSG (out->refusal; there is no leg), or the errors of media_leg_open. */
int media_web_open(struct media *m, uint32_t key, unsigned interface, const char *offer,
		   size_t len, struct media_web_answer *out);

/* ICE restart (RFC 8838, 9725): a trickle-ice-sdpfrag with a new user name and password; the
 * answer's text is the fragment to send back. Sound goes on by the old ones until the first check
 * with the new. With the same name and password, or with candidates only, text is "" and nothing
 * happens: an ICE-lite agent has no use for the browser's candidates. The codec is the leg's.
 * Returns 0, EBADMSG (refusal; nothing changed), ENOENT, EINVAL when it isn't a browser's leg. */
int media_web_restart(struct media *m, uint32_t key, const char *fragment, size_t len,
		      struct media_web_answer *out);

/* Why MEDIA_EV_GONE: the leg is silent from then on and is still to be closed. */
enum media_web_gone {
	MEDIA_GONE_SILENT,      /* no ICE check for 15 s (RFC 7675) */
	MEDIA_GONE_NEVER,       /* no connection within 15 s of the answer */
	MEDIA_GONE_CLOSED,      /* by DTLS */
	MEDIA_GONE_FINGERPRINT, /* the certificate isn't the offer's */
	MEDIA_GONE_DTLS         /* the handshake failed */
};

/* ---- clips ---- */

/* Sound made ready for play: mono 16 bit, 8000 to 48000 Hz. Copied; encoded for every codec by a
 * worker; may be played at once (a play waits for the encoding). The id is the caller's; a clip of
 * that id is replaced, plays that have it go on with the old one. */
int media_clip_add(struct media *m, uint32_t clip, const int16_t *samples, size_t count,
		   unsigned rate);

/* The same from a WAV file (media_wav_read), which the worker reads: the call thread doesn't wait
 * for the disk. A file that can't be read is logged and is a clip without sound. */
int media_clip_load(struct media *m, uint32_t clip, const char *path);
int media_clip_drop(struct media *m, uint32_t clip);
bool media_clip_known(struct media *m, uint32_t clip);

/* What callers on hold hear; 0: the built-in melody. */
int media_music_set(struct media *m, uint32_t clip);

/* ---- sound towards a leg: each replaces what is played ---- */

/* MEDIA_EV_PLAYED with the serial when the last clip has ended by itself; not when it was
 * replaced or stopped. Clips that aren't known are left out (logged); with none it ends at once. */
int media_play(struct media *m, uint32_t key, uint32_t serial, const uint32_t *clips,
	       unsigned count, bool loop);

/* 450 Hz, without end. */
enum media_tone {
	MEDIA_TONE_RINGBACK,   /* 1 s on, 4 s off */
	MEDIA_TONE_BUSY,       /* 0.35 s, 0.35 s */
	MEDIA_TONE_CONGESTION, /* 0.7 s, 0.7 s */
	MEDIA_TONE_VACANT,     /* three times 0.1 s, 0.1 s; then 0.4 s, 0.4 s */
	MEDIA_TONE_DIAL,
	MEDIA_TONE_COUNT
};
int media_tone(struct media *m, uint32_t key, enum media_tone tone);
int media_music(struct media *m, uint32_t key);
int media_quiet(struct media *m, uint32_t key);

/* One of 0-9 * # A-D, towards the far end: RFC 4733, or tones where that wasn't agreed. Digits
 * queue up to a limit (ENOBUFS isn't seen here: what is over is logged and dropped). */
int media_send_digit(struct media *m, uint32_t key, char digit);

/* ---- from a leg ---- */

enum media_why {
	MEDIA_WHY_STOPPED, /* media_record_stop */
	MEDIA_WHY_DIGIT,   /* media_record_stop with this reason */
	MEDIA_WHY_MAX,
	MEDIA_WHY_SILENCE,
	MEDIA_WHY_HANGUP,    /* the leg was closed, or media */
	MEDIA_WHY_BUSY_TONE, /* the tone is cut off the end */
	MEDIA_WHY_FAILED     /* disk; nothing usable is at the path */
};

struct media_record {
	uint32_t serial;
	uint32_t max_ms;     /* 0: MEDIA_RECORD_MS_MAX */
	uint32_t silence_ms; /* ends it after so much silence; 0 never */
	bool beep;           /* a beep to the leg first; recording begins after it */
	char path[MEDIA_PATH_MAX];
};
#define MEDIA_RECORD_MS_MAX 3600000

/* What the leg says, as a WAV file, 8 kHz, 16 bit, mono. The file appears at its path complete and
 * synced, then comes MEDIA_EV_RECORDED; exactly one for each media_record that returned 0. A leg
 * has one recording: a second one ends the first (MEDIA_WHY_STOPPED). */
int media_record(struct media *m, uint32_t key, const struct media_record *rec);
int media_record_stop(struct media *m, uint32_t key, enum media_why why);

struct media_tape {
	uint32_t serial;
	uint32_t max_ms; /* 0: MEDIA_RECORD_MS_MAX, an hour */
	char path[MEDIA_PATH_MAX]; /* a new file; it grows there */
};

/* Keeps both sides of the leg from now on: what it says, and what is sent to it; RFC 4733 digits
 * are left out. Encrypted (see media/tape.h). Whatever happens to the file, the leg goes on; once
 * it is closed comes MEDIA_EV_TAPED, exactly one for each media_tape that returned 0, with `ms` of
 * what was written; why is STOPPED, MAX, HANGUP or FAILED. A crash loses the last second. A leg has
 * one tape: a second one ends the first. */
int media_tape(struct media *m, uint32_t key, const struct media_tape *tape);
int media_tape_stop(struct media *m, uint32_t key);

/* What is looked for on a leg. Off at first, but for the configuration's silence_ms, which begins
 * with the first packet that arrives; an explicit one begins now. Never while the leg is held. */
struct media_watch {
	bool busy_tone;      /* 450 Hz 0.35 s / 0.35 s, three times: MEDIA_EV_BUSY_TONE, once */
	uint32_t silence_ms; /* no packet for so long: MEDIA_EV_SILENT, once a silence; 0 off */
	bool voice;          /* 100 ms of what may be speech: MEDIA_EV_VOICE, once a media_watch */
};
int media_watch(struct media *m, uint32_t key, const struct media_watch *watch);

/* Answered by MEDIA_EV_STATE. */
int media_leg_state(struct media *m, uint32_t key, uint32_t serial);

struct media_state {
	uint32_t tx_ssrc, tx_timestamp, tx_roc;
	uint32_t rx_ssrc, rx_timestamp, rx_roc;
	uint16_t tx_sequence, rx_sequence;
	uint64_t tx_packets, rx_packets, rx_lost, rx_dropped;
	uint32_t rx_jitter_us;
	bool srtp;
};

enum media_event_kind {
	MEDIA_EV_PLAYED,    /* serial */
	MEDIA_EV_RECORDED,  /* serial, ms, voiced_ms, why */
	MEDIA_EV_TAPED,     /* serial, ms, why */
	MEDIA_EV_DIGIT,     /* digit */
	MEDIA_EV_BUSY_TONE,
	MEDIA_EV_SILENT,
	MEDIA_EV_STATE,     /* serial, state */
	MEDIA_EV_VOICE,     /* the leg speaks: see media_watch */
	MEDIA_EV_WEB_UP,    /* DTLS is done, the fingerprint is right: sound flows. Once */
	MEDIA_EV_LOST,      /* a browser's leg: no RTP for 2 s */
	MEDIA_EV_BACK,      /* RTP again after MEDIA_EV_LOST */
	MEDIA_EV_GONE       /* a browser's leg is over: gone */
};

struct media_event {
	enum media_event_kind kind;
	uint32_t key;
	uint32_t serial;
	uint32_t ms;        /* length of the file */
	uint32_t voiced_ms; /* how much of it isn't silence */
	enum media_why why;
	enum media_web_gone gone;
	char digit;
	struct media_state state;
};

/* Readable while events wait: media_event_quiet, then media_event_take until it is false. */
int media_event_fd(const struct media *m);
void media_event_quiet(struct media *m);
bool media_event_take(struct media *m, struct media_event *ev);

/* ---- figures ---- */

#define MEDIA_LATENESS_BINS   64 /* the last holds all later ones */
#define MEDIA_LATENESS_BIN_US 250

struct media_stats {
	uint64_t rx_packets, tx_packets;
	uint64_t relayed, transcoded;
	uint64_t rx_garbage;     /* no RTP, wrong size */
	uint64_t rx_wrong_type;  /* payload type that wasn't agreed */
	uint64_t rx_stranger;    /* from an address that isn't the leg's */
	uint64_t rx_srtp_failed; /* forged, replayed, or the wrong key */
	uint64_t rx_late;        /* came too late to be passed on */
	uint64_t tx_failed;      /* the socket was full, or the network said no */
	uint64_t ticks, late_ticks; /* late: by 5 ms and more */
	uint64_t skipped_ticks;  /* time lost for good after a stall */
	uint64_t events_lost, commands_lost;
	uint64_t lateness[MEDIA_LATENESS_BINS]; /* packets sent by the clock: how late, see above */
	uint32_t legs, legs_max;
	uint32_t clips;
	uint64_t clip_bytes;
	uint32_t recordings, tapes;
	uint32_t lateness_p99_us; /* since media_open */
};
void media_stats(struct media *m, struct media_stats *out);

/* ---- tapes that were made: from any thread ---- */

enum media_tape_state {
	MEDIA_TAPE_WHOLE,
	MEDIA_TAPE_CUT,	    /* it has no end: the node crashed, or it is still being made */
	MEDIA_TAPE_DAMAGED  /* what stands behind `at` was changed and isn't used */
};

struct media_tape_sound {
	int16_t *samples; /* 8 kHz, two channels: what the leg said, what was sent to it */
	size_t count;	  /* of pairs */
	enum media_tape_state state;
	uint64_t at; /* byte of the file behind the last good block */
};

/* The whole tape, in memory; freed by media_tape_sound_free. Errors: errno of the file; ENODATA
 * (shorter than its head), EPROTO (no tape), EACCES (another key, or it was destroyed), ENOMEM. */
int media_tape_read(const char *path, const uint8_t key[MEDIA_TAPE_KEY],
		    struct media_tape_sound *out);
/* The same as the bytes of a WAV file, 16 bit, two channels; *bytes is freed by free(). */
int media_tape_wav(const char *path, const uint8_t key[MEDIA_TAPE_KEY], void **bytes, size_t *len,
		   enum media_tape_state *state);
void media_tape_sound_free(struct media_tape_sound *s);

/* Overwrites the tape's key, synced, then removes the file. ENOENT: there is none. */
int media_tape_destroy(const char *path);

/* ---- WAV files ---- */

struct media_wav {
	int16_t *samples; /* mono; freed by media_wav_free */
	size_t count;
	unsigned rate;
};

/* Why a file was refused: a key of lang/ ("wav.<name>") and the numbers that belong to it. */
enum media_wav_fault {
	MEDIA_WAV_OK,
	MEDIA_WAV_UNREADABLE, /* errno is the result */
	MEDIA_WAV_NOT_WAV,
	MEDIA_WAV_TRUNCATED,   /* a chunk says more than there is: found < expected bytes */
	MEDIA_WAV_FORMAT,      /* neither 16-bit PCM nor A-law nor µ-law: found the format tag */
	MEDIA_WAV_CHANNELS,    /* not mono: found */
	MEDIA_WAV_RATE,        /* not 8000 to 48000: found */
	MEDIA_WAV_EMPTY,
	MEDIA_WAV_TOO_LONG     /* over MEDIA_CLIP_MS_MAX */
};
struct media_wav_error {
	enum media_wav_fault fault;
	uint32_t found, expected;
};

/* Strict. Returns 0, EBADMSG (error filled), ENOMEM, or errno of the file. `error` may be NULL. */
int media_wav_read(const char *path, struct media_wav *wav, struct media_wav_error *error);
int media_wav_parse(const uint8_t *data, size_t len, struct media_wav *wav,
		    struct media_wav_error *error);
void media_wav_free(struct media_wav *wav);

/* 16-bit PCM mono; written beside, synced, renamed. Returns errno. */
int media_wav_write(const char *path, const int16_t *samples, size_t count, unsigned rate);
const char *media_wav_fault_name(enum media_wav_fault fault);

#endif
