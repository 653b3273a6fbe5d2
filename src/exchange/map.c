/* Open addressing with linear probing; a removal shifts back, so that no tombstones gather. */
#include "exchange/priv.h"

#include "base/hash.h"

static uint32_t map_home(uint32_t key, uint32_t size)
{
	return (uint32_t)hash_mix(key * UINT64_C(0x9E3779B97F4A7C15)) & (size - 1);
}

uint32_t exchange_map_get(const struct map_slot *m, uint32_t size, uint32_t key)
{
	for (uint32_t i = map_home(key, size); m[i].key; i = (i + 1) & (size - 1))
		if (m[i].key == key)
			return m[i].value;
	return UINT32_MAX;
}

void exchange_map_put(struct map_slot *m, uint32_t size, uint32_t key, uint32_t value)
{
	uint32_t i = map_home(key, size);

	while (m[i].key && m[i].key != key)
		i = (i + 1) & (size - 1);
	m[i].key = key;
	m[i].value = value;
}

void exchange_map_drop(struct map_slot *m, uint32_t size, uint32_t key)
{
	uint32_t i = map_home(key, size), j;

	while (m[i].key && m[i].key != key)
		i = (i + 1) & (size - 1);
	if (!m[i].key)
		return;
	for (j = (i + 1) & (size - 1); m[j].key; j = (j + 1) & (size - 1)) {
		uint32_t home = map_home(m[j].key, size);

		if (((j - home) & (size - 1)) >= ((j - i) & (size - 1))) {
			m[i] = m[j];
			i = j;
		}
	}
	m[i] = (struct map_slot){0, 0};
}
