/*
 * Speech: texts to sound. A recording by a person comes first (recordings/<lang>/<name>.wav; of a
 * phrase that names the company, <name>@<company>.wav, so that nobody speaks for another), then the
 * cache, then the engine, which is any command that writes a WAV file and runs as a child
 * process. Every sound comes out the same: 16-bit mono at 16 kHz, silence trimmed, active level
 * -16 dBm0, no sample at the rails.
 */
#ifndef SPEECH_SPEECH_H
#define SPEECH_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/catalogue.h"

#define SPEECH_RATE	   16000
#define SPEECH_LEVEL_DBM0  (-16.0)
#define SPEECH_NAME	   96	/* of a sound: "attendant.greeting", "person-12" */
#define SPEECH_TEXT	   512	/* to be spoken at once */
#define SPEECH_READING	   1024 /* numbered pinyin of it */
#define SPEECH_QUEUE	   8192 /* requests that wait: a directory of 5,000 at once */
#define SPEECH_SECONDS_MAX 120	/* of one sound */
#define SPEECH_PARTS	   12	/* of a pattern */
#define SPEECH_CACHE_DAYS  400	/* a cached sound unused for so long is removed */

struct speech;

struct speech_sound {
	int16_t *samples; /* owned by whoever has the struct; speech_sound_free */
	size_t count;
	unsigned rate; /* SPEECH_RATE */
};
void speech_sound_free(struct speech_sound *sound); /* accepts an empty one */

/* Texts are copied. A NULL or "" counts as not given. */
struct speech_config {
	const struct catalogue *catalogue; /* outlives the speech */
	const char *lang_dir;		   /* readings.json is read from here */
	const char *cache_dir;		   /* made when missing */
	const char *recordings_dir;	   /* may be missing */
	/* Words apart by spaces, no shell; in them {text} {reading} {voice} {speed} {out}.
	 * {reading} is numbered pinyin for Chinese, else the text. NULL: espeak-ng. */
	const char *command;
	const char *voice[LANG_COUNT]; /* NULL: espeak-ng's */
	unsigned speed;		       /* words a minute, 0: 150 */
	unsigned timeout_ms;	       /* for one run of the engine, 0: 10000 */
};

/* Errors: ENOMEM, errno of making the cache folder, EINVAL for a command without {out} or
 * unreadable readings (logged). */
int speech_open(struct speech **sp, const struct speech_config *cfg);
/* Ends the worker; requests that still wait are completed with ECANCELED. Accepts NULL. */
void speech_close(struct speech *s);

/* What is to be said. */
struct speech_request {
	enum lang lang;
	const char *name;    /* of a recording that takes its place; NULL none */
	const char *text;    /* SPEECH_TEXT at most */
	const char *reading; /* numbered pinyin; NULL or "": derived. Not used for English text */
	bool person;	     /* text is a name: a derived reading begins with a surname */
};

/* Blocks for as long as the engine takes: for workers, never for the call thread. Safe from every
 * thread. Errors: EINVAL (nothing to say, too long, not UTF-8), ENOENT (no such engine), ETIMEDOUT,
 * EIO (the engine failed or wrote nonsense), ENOMEM. Why the engine or a recording was no good is
 * logged here; a bad recording is passed over. */
int speech_render(struct speech *s, const struct speech_request *rq, struct speech_sound *out);

/* The same by the worker's thread, which then calls done there: `sound` is the handler's when err
 * is 0, else NULL. The request is copied. Returns 0, ENOBUFS, or EINVAL
 * (too long). */
typedef void(speech_done_h)(int err, struct speech_sound *sound, void *arg);
int speech_request_async(struct speech *s, const struct speech_request *rq, speech_done_h *done,
			 void *arg);

/*
 * Prompts. The text of a phrase is a pattern: what is fixed in it is spoken ahead of time, what
 * changes is a slot that the player fills with other sounds. {company} is fixed.
 */
enum speech_part_kind {
	SPEECH_PART_SOUND,	/* name: a sound that speech_prompts has given out */
	SPEECH_PART_PAUSE,	/* ms: of silence (punctuation between slots) */
	SPEECH_PART_NAME,	/* {name}: the person's name */
	SPEECH_PART_DEPARTMENT, /* {department}: the department's name */
	SPEECH_PART_DIGITS,	/* {digits}: digit by digit, sounds "digit.0" to "digit.9" */
	SPEECH_PART_KEY,	/* {key}: a key to press, sounds "number.<n>" */
	SPEECH_PART_HOUR,	/* {hour}: digits 1 and 2 of HHMMHHMM, a sound "number.<n>" */
	SPEECH_PART_MINUTE,	/* {minute}: digits 3 and 4 */
	SPEECH_PART_HOUR_TO,	/* {hour_to}: digits 5 and 6 */
	SPEECH_PART_MINUTE_TO,	/* {minute_to}: digits 7 and 8 */
	SPEECH_PART_MONTH,	/* {month}: digits 5 and 6 of HHMMmmdd, a sound "number.<n>" */
	SPEECH_PART_DAY,	/* {day}: digits 7 and 8 */
};
struct speech_part {
	enum speech_part_kind kind;
	unsigned ms;
	char name[SPEECH_NAME];
};
struct speech_pattern {
	unsigned count;
	struct speech_part part[SPEECH_PARTS];
};

/* The pattern of a phrase ("enquiry.hit"). ENOENT when lang/ has no text prompt.<phrase>. */
int speech_pattern(const struct speech *s, enum lang lang, const char *phrase,
		   struct speech_pattern *out);

/* Renders every fixed sound of a language: the phrases, digit.0 to digit.9, number.0 to number.59,
 * in this order, and gives each to `fn`, which may take `sound` by clearing its fields; when it
 * could not be made, sound is NULL and err says why. Blocks; an engine that isn't there is asked
 * only once. Returns 0, or the first error. */
struct speech_company {
	const char *name;    /* "某城集团" */
	const char *reading; /* numbered pinyin or NULL */
};
typedef void(speech_prompt_h)(const char *name, int err, struct speech_sound *sound, void *arg);
int speech_prompts(struct speech *s, enum lang lang, const struct speech_company *company,
		   speech_prompt_h *fn, void *arg);

/* What is spoken to say a number of 0 to 59: "十五", "fifteen". EINVAL beyond, EOVERFLOW. */
int speech_number_text(enum lang lang, unsigned number, char *out, size_t cap);

#endif
