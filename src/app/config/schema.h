/*
 * A table says what may stand in a file: one row a setting, with its type, limits, default and a
 * line of help. The same rows read a file, find what is wrong with it, and print the reference.
 */
#ifndef APP_CONFIG_SCHEMA_H
#define APP_CONFIG_SCHEMA_H

#include <netinet/in.h>

#include "app/config/document.h"

enum schema_type {
	SCHEMA_TEXT,	/* char[size] */
	SCHEMA_SECRET,	/* char[size], never shown in an error */
	SCHEMA_ID,	/* char[size], a-z 0-9 - _ */
	SCHEMA_DIGITS,	/* char[size], 0-9 */
	SCHEMA_DIAL,	/* char[size], 0-9 * # */
	SCHEMA_NUMBER,	/* char[size], 0-9, may begin with + */
	SCHEMA_READING, /* char[size], numbered pinyin */
	SCHEMA_ADDRESS, /* char[46], an IP address; flag CONCRETE refuses 0.0.0.0 and :: */
	SCHEMA_HOST,	/* char[size], host[:port] */
	SCHEMA_PATH,	/* char[CONFIG_PATH], made relative to the file's folder */
	SCHEMA_SECRET_FILE, /* char[size]: the first line of the file that is named, never shown */
	SCHEMA_INTEGER, /* unsigned of size bytes, min to max */
	SCHEMA_MS,	/* uint32_t milliseconds, min to max */
	SCHEMA_SECONDS, /* uint32_t or uint16_t seconds */
	SCHEMA_MINUTES, /* uint16_t minutes */
	SCHEMA_BOOL,
	SCHEMA_WORD,	/* enum of int or uint8_t: index in words[] */
	SCHEMA_BITS,	/* list of words: bits of a uint32_t */
	SCHEMA_LIST,	/* list of `of` scalars, count at count_offset */
	SCHEMA_TABLE,	/* list of maps of fields, count at count_offset */
	SCHEMA_SECTION, /* a map of fields inside the same struct */
	SCHEMA_OWN,	/* read by a function */
	SCHEMA_TYPE_COUNT
};

#define SCHEMA_REQUIRED 1u
#define SCHEMA_CONCRETE 2u /* of an address */

struct walk;

struct schema_field {
	const char *key;
	enum schema_type type;
	size_t offset, size;
	int64_t min, max; /* of the value, of a text's length in characters, of a list's count */
	const char *const *words;	   /* ends with NULL */
	const struct schema_field *fields; /* SECTION, TABLE: ends with key NULL */
	enum schema_type of;		   /* LIST: type of the entries; their size is `size` */
	size_t count_offset; /* LIST, TABLE: unsigned count, or uint8_t with count_byte */
	bool count_byte;
	bool (*own)(struct walk *w, const struct item *it, void *base);
	unsigned flags;
	const char *fallback; /* what holds when the setting is left out; NULL leaves zeros */
	const char *form;     /* OWN: how it is written, for the reference */
	const char *help;
};

struct walk {
	const struct document *doc;
	struct config_errors *errs;
	char path[96]; /* of the setting being read */
};

/* Reads a map into base by the table; unknown keys, missing ones and every wrong value are told. */
void schema_read(struct walk *w, const struct schema_field *fields, const struct item *map,
		 void *base);

/* One scalar by a type: true when right. For OWN functions. */
bool schema_scalar(struct walk *w, const struct schema_field *f, const struct item *it, void *to);

/* "20s", "500ms", "2min", "1h", "1d": EINVAL when it isn't one. */
int schema_duration(const char *text, int64_t *ms);
void schema_duration_text(int64_t ms, char *out, size_t cap);

/* Adds an error at an item; found is its text unless the error says something else. it may be NULL:
 * the place is then the file as a whole. */
struct config_error *walk_error(struct walk *w, const struct item *it, const char *key);

/* An error at a setting named by its path, for what is checked after reading. */
struct config_error *walk_error_at(struct walk *w, const char *key, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
struct config_error *walk_warning_at(struct walk *w, const char *key, const char *path, ...)
    __attribute__((format(printf, 3, 4)));

/* Enters and leaves a setting: the path for errors. */
size_t walk_enter(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void walk_leave(struct walk *w, size_t mark);

/* Counts how many of a map's keys the table knows: tells the kinds of files apart. */
unsigned schema_known_keys(const struct schema_field *fields, const struct item *map);

extern const struct schema_field node_schema[];
extern const struct schema_field measures_schema[];
extern const struct schema_field delivery_fields[]; /* of struct config_delivery */

/* The words of enum post, NULL at the end; those of people.csv. */
extern const char *const schema_posts[];

/* What a table can't say: references inside the file, overlaps, pairs that exclude each other. */
void delivery_check(struct walk *w, const struct config_delivery *d);
void node_check(struct walk *w, const struct node_config *n);
void measures_check(struct walk *w, const struct measures *m);

/* OWN types, hours.c. */
bool hours_read(struct walk *w, const struct item *it, void *base);
bool holidays_read(struct walk *w, const struct item *it, void *base);
bool make_up_days_read(struct walk *w, const struct item *it, void *base);
bool issued_read(struct walk *w, const struct item *it, void *base);
bool classes_read(struct walk *w, const struct item *it, void *base);

#define SCHEMA_SIZE(type, member) sizeof(((type *)0)->member)
#define SCHEMA_AT(type, m)	  .offset = offsetof(type, m), .size = SCHEMA_SIZE(type, m)

#endif
