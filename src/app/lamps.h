/* Lamps for messages (RFC 3842): how many wait at each extension. Private to src/app. */
#ifndef APP_LAMPS_H
#define APP_LAMPS_H

#include "app/app.h"

#define APP_MAILBOXES 16384 /* extensions for whose person something was ever left; power of two */

int app_lamps_open(struct app *a);
void app_lamps_close(struct app *a);

/* From the delivery thread: counts anew and hands it to the call thread. Errors of the database. */
int app_lamps_count(struct app *a, struct records_db *db);

/* On the call thread: the handler of sip_room_handlers.waiting, and a phone that has come. */
int app_lamps_waiting(uint32_t subscriber, const char *number, struct sip_waiting *out, void *arg);
void app_lamps_reachable(struct app *a, uint32_t key);

#endif
