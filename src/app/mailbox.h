/* Mailboxes by phone: what the exchange asks of them (FX_BOX). Private to src/app. */
#ifndef APP_MAILBOX_H
#define APP_MAILBOX_H

#include "app/app.h"

#define APP_MAILBOX_JOBS 256 /* questions that wait; more are answered BOX_FAILED at once */

int app_mailbox_open(struct app *a);
void app_mailbox_close(struct app *a); /* before records, speech and media */

/* On the call thread; wipes the effect's PIN. */
void app_mailbox_effect(struct app_org *o, struct effect *fx);

#endif
