#include <errno.h>

#include "http/room.h"

static struct http_call *take(struct http_pool *p)
{
	struct http_call *c = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->count && !p->closing)
		pthread_cond_wait(&p->wake, &p->lock);
	if (p->count > 0) {
		c = p->queue[p->head];
		p->head = (p->head + 1) % HTTP_QUEUE;
		p->count--;
	}
	pthread_mutex_unlock(&p->lock);
	return c;
}

static void *work(void *arg)
{
	struct http_room *h = arg;
	struct http_call *c;

	while ((c = take(&h->pool))) {
		struct MHD_Connection *con = c->con;

		c->route->run(c, h->arg);
		if (!c->status)
			http_call_refuse(c, 500, "internal", NULL);
		c->state = HTTP_CALL_DONE;
		/* from here on the call may be gone */
		MHD_resume_connection(con);
	}
	return NULL;
}

int http_pool_init(struct http_pool *p, struct http_room *h, unsigned threads)
{
	int err = 0;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (threads == 0 || threads > HTTP_WORKERS)
		threads = threads ? HTTP_WORKERS : 4;
	while (!err && p->threads < threads) {
		err = pthread_create(&p->thread[p->threads], NULL, work, h);
		p->threads += !err;
	}
	return err;
}

void http_pool_clear(struct http_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	while (p->threads > 0)
		pthread_join(p->thread[--p->threads], NULL);
}

int http_pool_push(struct http_pool *p, struct http_call *c)
{
	int err = 0;

	pthread_mutex_lock(&p->lock);
	if (p->closing) {
		err = ESHUTDOWN;
	} else if (p->count == HTTP_QUEUE) {
		err = ENOBUFS;
	} else {
		p->queue[(p->head + p->count++) % HTTP_QUEUE] = c;
		pthread_cond_signal(&p->wake);
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

unsigned http_pool_count(struct http_pool *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->count;
	pthread_mutex_unlock(&p->lock);
	return n;
}
