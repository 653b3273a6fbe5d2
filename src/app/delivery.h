/* The thread that works the outbox off, and what others need of it. Private to src/app. */
#ifndef APP_DELIVERY_H
#define APP_DELIVERY_H

#include "app/app.h"

#define DELIVERY_TOKEN_BYTES 16
#define DELIVERY_TOKEN	     64
#define DELIVERY_LINK_MS     (30ll * 86400000) /* then a link opens nothing any more */

int app_delivery_open(struct app *a);  /* before HTTP, whose workers wake it … */
int app_delivery_start(struct app *a); /* … and its thread after it: it tells pages */
void app_delivery_end(struct app *a);	/* stops the thread: before HTTP ends … */
void app_delivery_close(struct app *a); /* … and after it */
/* Something was kept or received, or the directory has changed: it is looked at now. From any
 * thread. */
void app_delivery_wake(struct app *a);
/* The configuration has changed; on the call thread. */
void app_delivery_configure(struct app *a);

/* Until the next attempt after one that came to nothing: growing, by how many there were. */
struct config_delivery;
int64_t app_delivery_interval_ms(const struct config_delivery *c, uint32_t attempts);

/* Until when a message has to be received, and its interval between ways, by the measures. */
void app_delivery_times(const struct measures *m, struct records_message *message);

/* The way that a link belongs to, as it was made for this installation; 0: no such link. */
int64_t app_delivery_way(const struct app *a, const char *token);

/* ---- delivery_text.c: words, in a worker or the delivery thread ---- */
struct records_way;
struct deliver_item;
struct delivery_words {
	const struct records_way *way;
	const struct records_message *message;
	char to[DIRECTORY_NAME]; /* whose address it is */
	char link[DELIVER_URL];	 /* "" none */
};
void delivery_compose(const struct app *a, const struct delivery_words *w,
		      struct deliver_item *out);
/* "2026-11-30 10:42" */
void delivery_when(char *out, size_t cap, int64_t at_ms);
/* Who left it: name and number as far as they are known. */
void delivery_who(const struct app *a, enum lang lang, const struct records_message *m, char *out,
		  size_t cap);

#endif
