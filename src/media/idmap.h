/*
 * A bounded table from a 32-bit id, not 0, to a pointer: open addressing, no allocation after
 * idmap_init. One thread.
 */
#ifndef MEDIA_IDMAP_H
#define MEDIA_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap {
	struct {
		uint32_t id;
		void *value;
	} *slot;
	uint32_t mask, count, limit;
};

int idmap_init(struct idmap *map, uint32_t limit); /* ENOMEM */
void idmap_free(struct idmap *map);
void *idmap_get(const struct idmap *map, uint32_t id); /* NULL when it isn't there */
int idmap_put(struct idmap *map, uint32_t id, void *value); /* ENOBUFS, EEXIST */
void *idmap_remove(struct idmap *map, uint32_t id);

#endif
