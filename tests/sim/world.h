/*
 * A small company for exploring and simulating the exchange: every post of Article 4, numbers of
 * two digits, and a switch for each thing that a branch hangs on.
 *
 * Ownership: world_make fills *w, which stays where it is (it points into itself).
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "exchange/exchange.h"

/* extensions; their numbers stand beside them */
enum {
	EXT_STAFF = 21,     /* "21" an employee */
	EXT_COLLEAGUE = 22, /* "22" in the same pick-up group and department */
	EXT_GM = 31,        /* "31" general manager */
	EXT_GM_SECOND = 32, /* "32" another phone of his, in the staff's pick-up group */
	EXT_CHAIRMAN = 41,  /* "41" */
	EXT_SECRETARY = 42, /* "42" the chairman's secretary */
	EXT_GAD_MANAGER = 51, /* "51" */
	EXT_GAD_DESK = 52,  /* "52" */
	EXT_SERVICE_ONE = 61, /* "61" customer service */
	EXT_SERVICE_TWO = 62, /* "62" */
	WORLD_EXTENSIONS = 10,
};
enum { PERSON_STAFF = 1, PERSON_COLLEAGUE, PERSON_GM, PERSON_CHAIRMAN, PERSON_SECRETARY,
	PERSON_GAD_MANAGER, WORLD_PEOPLE = PERSON_GAD_MANAGER };
enum { DEPT_TURN = 1, DEPT_ALL, DEPT_CLOSED, DEPT_GAD, DEPT_SERVICE, DEPT_FEW };

/* What differs from the usual day: Tuesday, 10:00, everybody there. */
enum world_change {
	WORLD_NIGHT = 1,          /* the office is closed */
	WORLD_NO_GM = 2,          /* the post is vacant */
	WORLD_NO_SECRETARY = 4,
	WORLD_NO_GAD = 8,         /* GAD's department has no member */
	WORLD_TRANSIT = 16,       /* the measures let trunk to trunk pass */
	WORLD_INSIDE_EXEMPT = 32, /* inside callers aren't screened */
	WORLD_FORWARD_GM = 64,    /* the staff's phone forwards to the general manager */
	WORLD_FORWARD_OUT = 128,  /* the colleague's phone forwards outside when nobody answers */
	WORLD_SERVICE_CLOSED = 256,
	WORLD_PATIENT = 512,      /* three tries instead of two */
	WORLD_WRAP_UP = 1024,     /* operators wrap up after a call */
	WORLD_RING_ALL = 2048,    /* every position rings from the first ring on */
	WORLD_LONG_CALLS = 4096,  /* calls with the outside are long after ten minutes (A3.10) */
	WORLD_RECORDED = 8192,    /* the main number, a DID and complaints are recorded */
	WORLD_CHANGES = 16384,    /* one past the last */
};

/* Number that the general manager's standing instruction names; and the id of another of his, for
 * a name that an operator confirms. */
#define WORLD_INSTRUCTED "13900000005"
#define WORLD_BY_NAME    7
/* Who sits at every position: on the account of "22" calls go outside. */
#define WORLD_OPERATOR PERSON_COLLEAGUE

struct world {
	struct measures m;
	struct directory d;
	struct exchange_rules rules;
	struct exchange_caps caps;
	struct directory_person people[WORLD_PEOPLE];
	struct directory_extension extensions[WORLD_EXTENSIONS];
	struct directory_department departments[6];
	struct now now; /* where time begins */
	uint32_t index[512];
};

/* `changes` is a set of enum world_change. False when the directory is wrong. */
bool world_make(struct world *w, unsigned changes, struct exchange_caps caps);

/* An empty exchange of that world with every phone reachable. mem has exchange_bytes(). */
bool world_start(const struct world *w, void *mem);

#endif
