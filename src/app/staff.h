/*
 * How employees without an account sign in: by a link to the mail address that the directory has.
 * Private to src/app.
 *
 * A link is good once, for STAFF_LINK_MS, and only in the run of the program that made it: all that
 * is known of it lies in memory. Whoever asks hears the same for each address, at once: the
 * delivery thread looks it up afterwards.
 */
#ifndef APP_STAFF_H
#define APP_STAFF_H

#include "app/app.h"
#include "deliver/deliver.h"

#define STAFF_LINK_MS	   (15 * 60000)
#define STAFF_LINKS	   512 /* alive at once; a further one takes the oldest's place */
#define STAFF_LINKS_PERSON 3   /* of one person; more aren't sent */
#define STAFF_ASKS	   64  /* that wait to be looked up */
#define STAFF_TOKEN	   48  /* bytes of a link's secret as text */

/* There is mail, and an address that a link can lead to: as the delivery thread saw it last. */
bool staff_links_possible(void);

/* From a worker. ENOBUFS: too many wait. */
int staff_link_ask(struct app *a, const char *mail, enum lang lang);

/* The delivery thread: looks up who asked, makes links and has them sent; once a minute it sees to
 * leavers, whom a command or a reload may have taken out. */
void staff_links_send(struct app *a, struct records_db *db, const struct config_delivery *c,
		      struct deliver *d);

/* In the delivery thread, what became of a letter: one that may still get through is sent again. */
void staff_link_result(const struct deliver_result *r);

/* Ends the sessions of employees whom the directory has no longer. Not on the call thread. */
void staff_leavers_out(struct app *a, struct records_db *db, uint32_t org);

/* Whose link it is; `use`: and it is good no longer. ENOENT: there is none, it was used, or its
 * time is over. */
int staff_link_find(const char *token, bool use, uint32_t *org, uint32_t *person);

/* Who a person is for HTTP who has signed in as an employee. `more`: API_BY_LINK or 0. */
void staff_identity(uint32_t org, const struct directory_person *p, uint32_t more,
		    struct http_identity *who);
/* An identity made by the above, not an account's. */
bool staff_is(const struct http_identity *who);

#endif
