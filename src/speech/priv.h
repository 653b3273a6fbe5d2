/* What the files of the speech room share. */
#ifndef SPEECH_PRIV_H
#define SPEECH_PRIV_H

#include <stdatomic.h>

#include "speech/speech.h"

/*
 * Shaping: any mono sound to the room's form (SPEECH_RATE, silence trimmed, active level
 * SPEECH_LEVEL_DBM0, peaks held under the rails). ENODATA when there is nothing but silence in it,
 * ENOMEM.
 */
int speech_shape(const struct speech_sound *in, struct speech_sound *out);

/* Mean power of the frames in which somebody speaks, in dBm0 (0 dBm0 is 3.14 dB under a full-scale
 * sine, ITU-T G.711; gating after ITU-T P.56). -100 for silence. */
double speech_level_dbm0(const struct speech_sound *sound);

/*
 * The engine: one run of the command. `out` is where it shall write.
 */
#define ENGINE_WORDS 32
#define ENGINE_WORD  (SPEECH_READING + 256)

struct engine_run {
	const char *command; /* template */
	const char *text, *reading, *voice;
	const char *out;
	unsigned speed;
	unsigned timeout_ms;
	const atomic_bool *stop; /* ends the run early when it turns true */
};

/* EINVAL when the template has no {out}, neither {text} nor {reading}, or too many words. */
int engine_check(const char *command);

/* Errors: ENOENT or EACCES (can't be started), ETIMEDOUT, ECANCELED, EFBIG, EIO (exit status not 0:
 * *status), errno of posix_spawn. */
int engine_run(const struct engine_run *run, int *status);

/* The fixed words of all languages: readings.json. */
struct readings;
int readings_open(struct readings **rp, const char *lang_dir, char *why, size_t why_cap);
void readings_close(struct readings *r); /* accepts NULL */
/* "" when there is none. */
const char *readings_get(const struct readings *r, enum lang lang, const char *key);

/* bytes of a recording's name: a sound's, and a company's */
#define SPEECH_RECORDING (SPEECH_NAME + 96)

/* What render may do beyond recordings and cache. */
enum speech_effort { SPEECH_WITH_ENGINE, SPEECH_WITHOUT_ENGINE };
int speech_render_with(struct speech *s, const struct speech_request *rq, enum speech_effort effort,
		       struct speech_sound *out);
const struct catalogue *speech_catalogue(const struct speech *s);
const struct readings *speech_readings(const struct speech *s);

#endif
