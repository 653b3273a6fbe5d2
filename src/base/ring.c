#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ring {
	pthread_mutex_t lock;
	size_t item_size, capacity, head, count;
	int fd;
	unsigned char data[];
};

int ring_alloc(struct ring **rp, size_t item_size, size_t capacity)
{
	struct ring *r = calloc(1, sizeof(*r) + item_size * capacity);

	if (!r)
		return ENOMEM;
	r->item_size = item_size;
	r->capacity = capacity;
	r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->fd < 0) {
		int err = errno;

		free(r);
		return err;
	}
	pthread_mutex_init(&r->lock, NULL);
	*rp = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	close(r->fd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

int ring_push(struct ring *r, const void *item)
{
	const uint64_t one = 1;
	bool wake;

	pthread_mutex_lock(&r->lock);
	if (r->count == r->capacity) {
		pthread_mutex_unlock(&r->lock);
		return ENOBUFS;
	}
	memcpy(r->data + (r->head + r->count) % r->capacity * r->item_size, item, r->item_size);
	wake = r->count++ == 0;
	pthread_mutex_unlock(&r->lock);
	if (wake && write(r->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return errno;
	return 0;
}

bool ring_take(struct ring *r, void *item)
{
	bool got = false;

	pthread_mutex_lock(&r->lock);
	if (r->count > 0) {
		memcpy(item, r->data + r->head * r->item_size, r->item_size);
		r->head = (r->head + 1) % r->capacity;
		r->count--;
		got = true;
	}
	pthread_mutex_unlock(&r->lock);
	return got;
}

int ring_fd(const struct ring *r)
{
	return r->fd;
}

void ring_quiet(struct ring *r)
{
	uint64_t n;

	while (read(r->fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
		;
}

size_t ring_count(struct ring *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->count;
	pthread_mutex_unlock(&r->lock);
	return n;
}
