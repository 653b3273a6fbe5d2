/*
 * Dialogs written down: a file of fixed slots, mapped, so that a change is a copy in memory and
 * outlives kill -9 (not a loss of power: then the phones have lost the calls too). A slot keeps two
 * copies and the older is overwritten, so that a kill in the middle of a copy loses nothing.
 *
 * Errors: errno of the file's operations; a file of another layout or size is begun anew.
 */
#ifndef SIP_JOURNAL_H
#define SIP_JOURNAL_H

#include <stdint.h>

#include "sip/dialog.h"

#define JOURNAL_SECRET 16
#define JOURNAL_NONE   UINT32_MAX

struct journal;

/* Opens or makes the file; slots of an earlier life are taken (see journal_found) until they are
 * cleared. path "" or NULL: in memory only. fresh_secret is kept when the file is new; what it
 * keeps comes back by journal_secret, so that tags made from it are known after a restart. */
int journal_open(struct journal **jp, const char *path, uint32_t capacity,
		 const uint8_t fresh_secret[JOURNAL_SECRET]);
void journal_close(struct journal *j); /* accepts NULL; leaves what is written */

const uint8_t *journal_secret(const struct journal *j);

/* A free slot, or JOURNAL_NONE when all are taken: the call goes on unwritten. */
uint32_t journal_slot(struct journal *j);
void journal_write(struct journal *j, uint32_t slot, const struct dialog *d);
void journal_clear(struct journal *j, uint32_t slot); /* accepts JOURNAL_NONE */

/* What is in a slot: 0, or ENOENT. */
int journal_read(const struct journal *j, uint32_t slot, struct dialog *out);

/* Slots that held a dialog when the file was opened; call with *next = 0 first. False: no more. */
bool journal_found(const struct journal *j, uint32_t *next, uint32_t *slot, struct dialog *out);

uint32_t journal_count(const struct journal *j);

#endif
