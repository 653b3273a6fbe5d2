/*
 * The directory as the exchange reads it: a snapshot of people, departments and extensions of one
 * organisation, made by app from the database and never changed; a change makes a new snapshot.
 * Ids are stable over snapshots, indices are not.
 */
#ifndef MEASURES_DIRECTORY_H
#define MEASURES_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measures/measures.h"

#define DIRECTORY_MEMBERS 16
#define DIRECTORY_NUMBER  16
#define DIRECTORY_NAME    64
#define DIRECTORY_READING 128

enum group_strategy { GROUP_ALL, GROUP_IN_TURN };

struct directory_extension {
	uint32_t id;
	char number[DIRECTORY_NUMBER]; /* a string: "0800" is not 800 */
	uint32_t person, department;   /* whose it is: one of them, the other 0 */
	uint8_t service_class;         /* enum service_class */
	bool call_waiting;
	uint8_t pickup_group;          /* 0 none */
	char forward_always[32], forward_busy[32], forward_no_answer[32]; /* "" none */
};

struct directory_person {
	uint32_t id;
	char name[DIRECTORY_NAME];       /* 张三丰; "" is a post that nobody holds (vacant) */
	char reading[DIRECTORY_READING]; /* numbered pinyin: "zhang1 san1 feng1" */
	char title[DIRECTORY_NAME];      /* 工程部经理 */
	uint32_t department;
	uint32_t extension;              /* main one, 0 none */
	uint8_t post;                    /* enum post */
	uint32_t secretary;              /* person, 0 none (chairman, vice chairmen) */
	uint32_t deputy;                 /* person, 0 none */
	uint8_t disclosure;              /* enum disclosure */
};

struct directory_department {
	uint32_t id;
	char name[DIRECTORY_NAME];
	char reading[DIRECTORY_READING];
	char number[DIRECTORY_NUMBER];
	uint8_t strategy;                /* enum group_strategy */
	uint32_t members[DIRECTORY_MEMBERS]; /* extension ids */
	uint8_t member_count;
	uint8_t hours;                   /* set in measures */
	uint8_t announce;                /* place in the announcement (A4.2), 0 not in it */
	uint8_t disclosure;
};

/* What a dialled number names. */
enum target_kind { TARGET_NONE, TARGET_EXTENSION, TARGET_DEPARTMENT };
struct target {
	enum target_kind kind;
	uint32_t id;
};

struct directory {
	uint32_t org, version;
	const struct directory_extension *extensions;
	const struct directory_person *people;
	const struct directory_department *departments;
	uint32_t extension_count, person_count, department_count;
	/* filled by directory_index() in memory that the owner hands in */
	const uint32_t *index;
	uint32_t index_size;
};

/* Bytes that directory_index needs for these counts. */
size_t directory_index_bytes(const struct directory *d);

/* Builds the look-ups in `mem`. EEXIST when two entries share a number or an id (*clash names the
 * number or id), ENOENT when an entry refers to one that isn't there. */
int directory_index(struct directory *d, void *mem, char *clash, size_t clash_cap);

/* Constant-time look-ups; NULL when there is none. */
const struct directory_extension *directory_extension(const struct directory *d, uint32_t id);
const struct directory_person *directory_person(const struct directory *d, uint32_t id);
const struct directory_department *directory_department(const struct directory *d, uint32_t id);
struct target directory_number(const struct directory *d, const char *number);

/* True when some number is longer than `digits` and begins with it: more digits may come. */
bool directory_more(const struct directory *d, const char *digits);

/* Who holds a post; NULL when vacant. For POST_VICE_CHAIRMAN the n-th. */
const struct directory_person *directory_post(const struct directory *d, enum post p,
					      unsigned nth);

/* People whose name matches keypad digits: initials ("zsf" 973) or a prefix of the full pinyin
 * ("zhangsan" …), in directory order, only entries that `inside`/outside may be told. Fills at most
 * `max` ids and returns how many match in all. */
unsigned directory_keypad(const struct directory *d, const char *digits, bool inside,
			  uint32_t *ids, unsigned max);

#endif
