/*
 * A bounded queue of fixed-size values between threads: many may push, one takes. Pushing never
 * waits: a full queue is ENOBUFS and the pusher's to deal with. An eventfd wakes the taker.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

/* capacity values of item_size bytes. Errors: ENOMEM, errno of eventfd. */
int ring_alloc(struct ring **rp, size_t item_size, size_t capacity);
void ring_free(struct ring *r); /* accepts NULL */

/* Returns 0 or ENOBUFS. */
int ring_push(struct ring *r, const void *item);

/* True and *item filled when there was one. Only the taker's thread. */
bool ring_take(struct ring *r, void *item);

/* Readable while something may be waiting; ring_take until it is false after it wakes, and
 * ring_quiet first. */
int ring_fd(const struct ring *r);
void ring_quiet(struct ring *r);

size_t ring_count(struct ring *r);

#endif
