#include "media/idmap.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t home(const struct idmap *map, uint32_t id)
{
	id ^= id >> 16;
	id *= 0x7FEB352DU;
	id ^= id >> 15;
	return id & map->mask;
}

int idmap_init(struct idmap *map, uint32_t limit)
{
	uint32_t size = 16;

	while (size < limit * 2)
		size *= 2;
	map->slot = calloc(size, sizeof(*map->slot));
	if (!map->slot)
		return ENOMEM;
	map->mask = size - 1;
	map->count = 0;
	map->limit = limit;
	return 0;
}

void idmap_free(struct idmap *map)
{
	free(map->slot);
	map->slot = NULL;
}

static uint32_t find(const struct idmap *map, uint32_t id)
{
	uint32_t i = home(map, id);

	while (map->slot[i].id != 0 && map->slot[i].id != id)
		i = (i + 1) & map->mask;
	return i;
}

void *idmap_get(const struct idmap *map, uint32_t id)
{
	return id != 0 ? map->slot[find(map, id)].value : NULL;
}

int idmap_put(struct idmap *map, uint32_t id, void *value)
{
	uint32_t i = find(map, id);

	if (map->slot[i].id == id)
		return EEXIST;
	if (map->count == map->limit)
		return ENOBUFS;
	map->slot[i].id = id;
	map->slot[i].value = value;
	map->count++;
	return 0;
}

void *idmap_remove(struct idmap *map, uint32_t id)
{
	uint32_t i = find(map, id), hole;
	void *value = map->slot[i].value;

	if (id == 0 || map->slot[i].id != id)
		return NULL;
	/* what was displaced past the hole moves up, so that a look-up never stops short */
	hole = i;
	for (i = (i + 1) & map->mask; map->slot[i].id != 0; i = (i + 1) & map->mask) {
		uint32_t h = home(map, map->slot[i].id);

		if (((i - h) & map->mask) >= ((i - hole) & map->mask)) {
			map->slot[hole] = map->slot[i];
			hole = i;
		}
	}
	map->slot[hole].id = 0;
	map->slot[hole].value = NULL;
	map->count--;
	return value;
}
