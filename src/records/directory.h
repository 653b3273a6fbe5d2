/*
 * The directory: the database is its truth, with a history of who changed what and when; CSV files
 * only import and export. All of it on a worker's connection.
 *
 * The CSV files of an organisation: UTF-8 (a byte order mark is allowed), comma, RFC 4180 quotes,
 * a first line with the column names in any order. Ids are integers of 1 to 999,999,999, chosen
 * once and never used for another; an organisation's ids are its own. **Every reference is an id**;
 * empty means none. Numbers are text: leading zeros stay.
 *
 *   people.csv       id,name,reading,title,department,extension,post,secretary,deputy,disclosure,
 *                    mail,wecom,dingtalk,feishu,webhook,deliver
 *     department, extension, secretary (person), deputy (person): ids
 *     post: employee chairman vice_chairman general_manager gad_manager secretary operator
 *     disclosure: all inside none
 *     wecom, dingtalk, feishu: user id there; webhook, robot: id in the node's configuration
 *     deliver: in which order a message is brought, some of page mail wecom dingtalk feishu webhook
 *     call (of a department: mail robot webhook) with spaces between; empty: every way with an
 *     address, but call.
 *     page is the person's own page: delivered there when it is shown
 *   departments.csv  id,name,reading,number,strategy,members,hours,announce,disclosure,
 *                    mail,robot,webhook,deliver
 *     strategy: all in_turn; members: extension ids in order, with spaces between
 *     hours: set in the measures, 0 the office's; announce: place in A4.2's third part, 0 not in it
 *   extensions.csv   id,number,user,person,department,class,call_waiting,pickup_group,
 *                    forward_always,forward_busy,forward_no_answer,algorithm
 *     user: SIP user name, unique over all organisations; class: inside city national international
 *     call_waiting: 0 1; algorithm: md5 sha-256
 * id and name (of an extension: id, number, user) are required; other columns may be left out.
 */
#ifndef RECORDS_DIRECTORY_H
#define RECORDS_DIRECTORY_H

#include "measures/directory.h"
#include "records/records.h"

struct json_t; /* <jansson.h> */

#define RECORDS_USER	   64 /* SIP user name */
#define RECORDS_CSV_BYTES  (8u << 20)
#define RECORDS_CSV_ROWS   50000
#define RECORDS_CSV_ERRORS 200 /* kept; all are counted */
#define RECORDS_CSV_FOUND  64
#define RECORDS_ORGS	   64

/* --- organisations --- */
struct records_org {
	uint32_t id;
	uint8_t kind; /* enum organisation_kind */
	char name[DIRECTORY_NAME];
};
typedef int(records_org_h)(const struct records_org *o, void *arg);
int records_orgs(struct records_db *db, records_org_h *h, void *arg);
/* Makes or changes it. */
int records_org_set(struct records_db *db, const struct records_org *o, const char *by);

/* --- the snapshot --- */
/* Builds the snapshot of an organisation, in one allocation with its index, freed whole by
 * records_directory_free. An empty directory is no error. clash as directory_index() names it. */
int records_directory_load(struct records_db *db, uint32_t org, struct directory **dp, char *clash,
			   size_t clash_cap);
void records_directory_free(struct directory *d); /* accepts NULL */
/* Counts up with each change: tells when to load anew. */
int records_directory_version(struct records_db *db, uint32_t org, uint32_t *version);

/* --- credentials of extensions --- */
enum records_algorithm { RECORDS_MD5, RECORDS_SHA256 };
struct records_credential {
	uint32_t org, extension;
	enum records_algorithm algorithm;
	char user[RECORDS_USER];
	char ha1_md5[33]; /* lower-case hex, "" no secret yet */
	char ha1_sha256[65];
};
typedef int(records_credential_h)(const struct records_credential *c, void *arg);
/* All organisations' (org 0) or one's. */
int records_credentials(struct records_db *db, uint32_t org, records_credential_h *h, void *arg);
/* Both HA1 (RFC 7616, 3.4.2) of user:realm:secret. The secret itself isn't kept. ENOENT. */
int records_extension_secret_set(struct records_db *db, uint32_t org, uint32_t extension,
				 const char *realm, const char *secret, const char *by);

/* --- CSV --- */
enum records_csv_code {
	RECORDS_CSV_OK,
	RECORDS_CSV_TOO_BIG, /* bytes or rows */
	RECORDS_CSV_NOT_UTF8,
	RECORDS_CSV_QUOTE,	    /* a quote that doesn't end, or text after one */
	RECORDS_CSV_COLUMN_UNKNOWN, /* suggestion: a near column */
	RECORDS_CSV_COLUMN_TWICE,
	RECORDS_CSV_COLUMN_MISSING,
	RECORDS_CSV_FIELD_COUNT, /* expected, found: numbers of fields */
	RECORDS_CSV_REQUIRED,
	RECORDS_CSV_NUMBER,	    /* an integer of expected_min to expected_max */
	RECORDS_CSV_DIALABLE,	    /* 1 to expected_max digits */
	RECORDS_CSV_WORD,	    /* one of `expected`, suggestion: a near one */
	RECORDS_CSV_TOO_LONG,	    /* expected_max bytes */
	RECORDS_CSV_CONTROL,	    /* a control character */
	RECORDS_CSV_TWICE,	    /* id, number, user or post is there already: other_line */
	RECORDS_CSV_USER_ELSEWHERE, /* the SIP user name belongs to another organisation */
	RECORDS_CSV_REFERENCE,	    /* no such id in `expected` (people, departments, extensions) */
	RECORDS_CSV_MEMBERS,	    /* more than DIRECTORY_MEMBERS */
	RECORDS_CSV_OWNER,	    /* person and department both set */
	RECORDS_CSV_POST,	    /* a post that only one may hold, twice: other_line */
	RECORDS_CSV_USER,	    /* a character that a SIP user name may not have */
	RECORDS_CSV_MAIL,	    /* no mail address */
	RECORDS_CSV_COUNT
};
const char *records_csv_code_name(enum records_csv_code c); /* key in lang/: "csv.twice" … */

enum records_csv_file { RECORDS_PEOPLE, RECORDS_DEPARTMENTS, RECORDS_EXTENSIONS, RECORDS_FILES };

struct records_csv_error {
	enum records_csv_code code;
	enum records_csv_file file;
	uint32_t line; /* from 1 */
	char column[24];
	char found[RECORDS_CSV_FOUND];
	char expected[96]; /* words allowed, separated by spaces; a file's name … */
	char suggestion[RECORDS_CSV_FOUND]; /* "" none */
	int64_t expected_min, expected_max;
	uint32_t other_line;
};
struct records_csv_errors {
	uint32_t count; /* all, also beyond the table */
	struct records_csv_error v[RECORDS_CSV_ERRORS];
};

/* The bytes of the files; a NULL data leaves that file out: its part of the directory stays. */
struct records_csv_text {
	const char *data;
	size_t len;
};
struct records_csv {
	struct records_csv_text file[RECORDS_FILES];
};

/* Validates whole; pure. Every error is reported at once, EINVAL when there is one. References are
 * checked when the file that they name is among those given. */
int records_csv_check(const struct records_csv *csv, struct records_csv_errors *errors);

struct records_import_counts {
	uint32_t added, changed, removed;
};
/* Checks (against the database too), then makes each given table equal to its file in one
 * transaction, secrets of extensions that stay are kept; each change goes into the history.
 * EINVAL with errors and nothing changed. */
int records_directory_import(struct records_db *db, uint32_t org, const struct records_csv *csv,
			     const char *by, int64_t at_ms, struct records_csv_errors *errors,
			     struct records_import_counts *counts);

/* What an import would do, told before it is done; without one a change made by hand. */
enum records_diff { RECORDS_ADDED, RECORDS_CHANGED, RECORDS_REMOVED };
struct records_difference {
	enum records_diff what;
	enum records_csv_file file;
	uint32_t id;
	const char *name;		     /* of an extension: its number */
	const char *column, *before, *after; /* RECORDS_CHANGED: one a cell; else "" */
};
typedef int(records_difference_h)(const struct records_difference *d, void *arg);

/* A file as it comes from another system: cells that are empty don't overwrite (they are counted),
 * columns that are left out stay, whoever isn't in it stays unless `leavers`; what refers to a
 * leaver is emptied. */
struct records_merge {
	struct records_csv csv;
	bool leavers, apply;
	const char *by;
	int64_t at_ms;
};
struct records_merge_counts {
	uint32_t added, changed, removed; /* entries */
	uint32_t kept_blank;		  /* cells */
};
/* Tells every difference, then makes it so in one transaction when `apply`. EINVAL with errors and
 * nothing changed. */
int records_directory_merge(struct records_db *db, uint32_t org, const struct records_merge *m,
			    struct records_csv_errors *errors, struct records_merge_counts *counts,
			    records_difference_h *h, void *arg);

/* One entry by hand: `cells` are columns by name (JSON text, number or true/false); those left out
 * stay. id 0: a new one, *made its id. cells NULL: it goes, and what refers to it is emptied.
 * ENOENT; EINVAL with errors (line 0). */
struct records_edit {
	uint32_t org, id;
	enum records_csv_file file;
	const struct json_t *cells;
	const char *by;
	int64_t at_ms;
};
int records_directory_edit(struct records_db *db, const struct records_edit *e,
			   struct records_csv_errors *errors, uint32_t *made);

/* One entry: an object of its columns as text, those that are empty left out. ENOENT. */
int records_directory_entry(struct records_db *db, uint32_t org, enum records_csv_file file,
			    uint32_t id, struct json_t **out);

/* --- readings: the first is the entry's own, others are found by the search too --- */
#define RECORDS_READINGS 4
int records_readings_set(struct records_db *db, uint32_t org, enum records_csv_file file,
			 uint32_t id, const char *const *reading, unsigned count, const char *by,
			 int64_t at_ms); /* ENOENT, EINVAL: not numbered pinyin */
typedef int(records_reading_h)(enum records_csv_file file, uint32_t id, const char *reading,
			       void *arg);
int records_readings(struct records_db *db, uint32_t org, records_reading_h *h, void *arg);

/* The same file again, text that a spreadsheet would take for a formula has a ' before it (the
 * import takes it off). *out is freed by the caller. */
int records_directory_export(struct records_db *db, uint32_t org, enum records_csv_file file,
			     char **out, size_t *out_len);

/* --- history: who changed what and when --- */
struct records_change {
	int64_t id, at_ms;
	uint32_t org;
	int64_t item;		    /* its id */
	const char *by, *what;	    /* "person", "extension", "account", "message" … */
	const char *before, *after; /* JSON, "" when it wasn't or isn't there */
};
typedef int(records_change_h)(const struct records_change *c, void *arg);
int records_history(struct records_db *db, uint32_t org, int64_t before_id, unsigned limit,
		    records_change_h *h, void *arg);
/* Of one kind (`what` "" any), of one item (0 any). */
struct records_history_filter {
	uint32_t org;
	const char *what;
	int64_t item, before_id;
	unsigned limit;
};
int records_history_find(struct records_db *db, const struct records_history_filter *f,
			 records_change_h *h, void *arg);

#endif
