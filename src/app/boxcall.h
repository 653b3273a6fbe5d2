/*
 * The way `call`: whoever wished it is called when a message waits, and hears it after his PIN.
 * Between the delivery thread, which knows what is due, and the call thread. Private to src/app.
 */
#ifndef APP_BOXCALL_H
#define APP_BOXCALL_H

#include "app/app.h"

#define APP_BOXCALLS 16 /* phones called at one time */

struct config_delivery;

int app_boxcall_open(struct app *a);
void app_boxcall_close(struct app *a);

/* On the call thread: FX_BOX_CALLED. */
void app_boxcall_effect(struct app_org *o, const struct effect *fx);

/* In the delivery thread: writes what came of calls, and makes those that are due. Errors as in
 * store.h. */
int app_boxcall_turn(struct app *a, const struct config_delivery *c, struct records_db *db);
int app_boxcall_fd(const struct app *a); /* readable: there is something to write */

#endif
