/*
 * What a desk looks up and has kept: the directory and its changes, slips, told enquiries, today's
 * instructions, stand-ins, cards. Bodies are read into plain values here (body.c), and the source
 * decides what only the database knows. Shapes: api/openapi.yaml.
 */
#ifndef APP_API_KEEP_H
#define APP_API_KEEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_query;

#define API_CSV_BYTES	   (10u << 20) /* body of an import */
#define API_WORDS	   64
#define API_REQUEST	   64 /* Idempotency-Key */
#define API_MATTER	   1024
#define API_READINGS	   4
#define API_READING_BYTES  128

enum api_file { API_PEOPLE, API_DEPARTMENTS, API_EXTENSIONS, API_FILES };

/* The directory whole, as bytes of JSON. */
struct api_directory {
	const char *seen; /* If-None-Match, NULL none */
	bool gzip;	  /* asked for; given: bytes are */
	char etag[64];
	void *bytes; /* handed over; NULL: it is as the asker has it */
	size_t len;
};

struct api_edit {
	enum api_file file;
	bool remove;
	const json_t *cells; /* columns by name; NULL: it goes. Id: q->id, 0 a new one */
};

struct api_import {
	const char *text[API_FILES]; /* CSV, NULL: left out */
	bool apply, leavers;
};

struct api_readings {
	enum api_file file;
	unsigned count;
	const char *v[API_READINGS]; /* numbered pinyin */
};

struct api_absence {
	int64_t until_ms; /* 0: not said */
	bool on;
	char word[64];
};

struct api_slip {
	int64_t call;
	uint32_t for_person, for_department, copy_department;
	uint8_t urgent;
	bool voice; /* the caller's own voice comes beside it: another message of this call */
	char from_name[64], organisation[64], number[32], matter[API_MATTER];
	char call_back[64]; /* when they wish to be called back */
	char declined[API_WORDS]; /* words with spaces between */
	char request[API_REQUEST];
};

struct api_told {
	int64_t call;
	uint32_t person, department;
	char to_number[32], to_name[64], text[160];
};

struct api_instruction {
	uint32_t person;
	uint8_t refuse;
	char number[32], name[64], given_by[64], text[128];
	int64_t until_ms;
};

struct api_standin {
	uint32_t person;
	int64_t from_ms, until_ms;
	char reason[128];
};

struct api_receipt {
	uint8_t kind; /* received acted told */
	char note[128];
};

/* A link of a mail or an application message. */
enum api_link_act { API_LINK_SHOW, API_LINK_RECEIVED, API_LINK_ACTED, API_LINK_SOUND };
struct api_link {
	enum api_link_act act;
	char token[64];
};

/* 0 and *out; ENOENT; EACCES: not appointed (A5.9); EPERM: not the asker's to do; EINVAL, EALREADY,
 * ENOBUFS with *out the error's members ("code", "field" …); EAGAIN; else 500. */
struct api_keep_source {
	int (*directory)(void *arg, const struct api_query *q, struct api_directory *d);
	int (*entry)(void *arg, const struct api_query *q, enum api_file file, json_t **out);
	int (*extensions)(void *arg, const struct api_query *q, json_t **out);
	int (*edit)(void *arg, const struct api_query *q, const struct api_edit *e, json_t **out);
	int (*import)(void *arg, const struct api_query *q, const struct api_import *i,
		      json_t **out);
	int (*export)(void *arg, const struct api_query *q, enum api_file file, char **text,
		      size_t *len);
	/* q->text: what, q->id: item, q->before */
	int (*history)(void *arg, const struct api_query *q, json_t **out);
	int (*readings)(void *arg, const struct api_query *q, const struct api_readings *r,
			json_t **out);
	int (*absence)(void *arg, const struct api_query *q, const struct api_absence *b,
		       json_t **out);
	int (*slip)(void *arg, const struct api_query *q, const struct api_slip *s, json_t **out);
	int (*told)(void *arg, const struct api_query *q, const struct api_told *t, json_t **out);
	int (*told_list)(void *arg, const struct api_query *q, json_t **out);
	int (*instructions)(void *arg, const struct api_query *q, json_t **out);
	int (*instruct)(void *arg, const struct api_query *q, const struct api_instruction *i,
			json_t **out);
	int (*instruction_drop)(void *arg, const struct api_query *q, json_t **out);
	int (*operators)(void *arg, const struct api_query *q, json_t **out);
	int (*standin_ask)(void *arg, const struct api_query *q, const struct api_standin *s,
			   json_t **out);
	int (*standin_decide)(void *arg, const struct api_query *q, bool approve, json_t **out);
	int (*delivery)(void *arg, const struct api_query *q, json_t **out);
	int (*delivery_again)(void *arg, const struct api_query *q, json_t **out);
	int (*receipt)(void *arg, const struct api_query *q, const struct api_receipt *r,
		       json_t **out);
	int (*delivery_figures)(void *arg, const struct api_query *q, json_t **out);
	/* *out is a page, also when there is no such link (ENOENT); of API_LINK_SOUND a path, and
	 * ENOENT without one. The caller frees it. */
	int (*link)(void *arg, const struct api_query *q, const struct api_link *l, char **out);
	int (*cards)(void *arg, const struct api_query *q, json_t **out);
};

#endif
