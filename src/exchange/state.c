/* The state's layout: one block, tables by offset. And small access to it. */
#include "exchange/priv.h"

#include <errno.h>

enum { MOST = 65534 };

static uint32_t power_of_two(uint32_t least)
{
	uint32_t n = 8;

	while (n < least)
		n *= 2;
	return n;
}

static uint32_t place(size_t *at, size_t size)
{
	size_t here = *at;

	*at = here + ((size + 7) & ~(size_t)7);
	return (uint32_t)here;
}

/* Fills offsets and sizes of *x; the bytes it all takes, 0 when a limit is out of range. */
static size_t layout(struct exchange *x, const struct exchange_caps *caps)
{
	size_t at = 0;

	if (caps->calls < 1 || caps->calls > MOST || caps->legs < 2 || caps->legs > MOST ||
	    caps->extensions < 1 || caps->extensions > MOST || caps->people > MOST ||
	    caps->reserve > caps->calls || caps->reserve * 2 > caps->legs)
		return 0;
	x->caps = *caps;
	x->timers = caps->calls * 2 + 1 + EXCHANGE_POSITIONS;
	x->ext_map_size = power_of_two(caps->extensions * 2);
	x->away_map_size = power_of_two(caps->people * 2 + 1);
	x->serial_map_size = power_of_two(caps->calls * 2);
	place(&at, sizeof(*x));
	x->at_calls = place(&at, caps->calls * sizeof(struct call));
	x->at_legs = place(&at, caps->legs * sizeof(struct leg));
	x->at_exts = place(&at, caps->extensions * sizeof(struct ext));
	x->at_away = place(&at, caps->people * sizeof(struct away));
	x->at_ext_map = place(&at, x->ext_map_size * sizeof(struct map_slot));
	x->at_away_map = place(&at, x->away_map_size * sizeof(struct map_slot));
	x->at_serial_map = place(&at, x->serial_map_size * sizeof(struct map_slot));
	x->at_due = place(&at, x->timers * sizeof(int64_t));
	x->at_heap = place(&at, x->timers * sizeof(uint32_t));
	x->at_place = place(&at, x->timers * sizeof(uint32_t));
	x->bytes = (uint32_t)at;
	return at;
}

size_t exchange_bytes(const struct exchange_caps *caps)
{
	struct exchange x;

	memset(&x, 0, sizeof(x));
	return layout(&x, caps);
}

static void free_lists(struct exchange *x)
{
	struct call *calls = exchange_calls_at(x);
	struct leg *legs = exchange_legs_at(x);
	struct ext *exts = exchange_exts_at(x);
	struct away *away = exchange_away_at(x);

	for (uint32_t i = 0; i < x->caps.calls; i++)
		calls[i].first_leg = i + 1 < x->caps.calls ? (uint16_t)(i + 1) : NONE16;
	for (uint32_t i = 0; i < x->caps.legs; i++)
		legs[i].next = i + 1 < x->caps.legs ? (uint16_t)(i + 1) : NONE16;
	for (uint32_t i = 0; i < x->caps.extensions; i++)
		exts[i].first_leg = i + 1 < x->caps.extensions ? (uint16_t)(i + 1) : NONE16;
	for (uint32_t i = 0; i < x->caps.people; i++)
		away[i].pad = i + 1 < x->caps.people ? i + 1 : NONE16;
	x->free_away = x->caps.people ? 0 : NONE16;
}

int exchange_init(void *mem, const struct exchange_caps *caps, uint32_t org)
{
	size_t bytes = exchange_bytes(caps);
	struct exchange *x = mem;

	if (!mem || !bytes || ((uintptr_t)mem & 7))
		return EINVAL;
	memset(mem, 0, bytes);
	layout(x, caps);
	x->org = org;
	free_lists(x);
	exchange_timers_init(x);
	x->wait_first = x->wait_last = NONE16;
	for (unsigned i = 0; i <= EXCHANGE_TRUNKS; i++)
		x->trunk[i].first_leg = NONE16;
	for (unsigned i = 0; i < EXCHANGE_PARK_SLOTS; i++)
		x->park[i] = NONE16;
	for (unsigned i = 0; i < 256; i++)
		x->group_ring[i] = NONE16;
	for (unsigned i = 0; i < EXCHANGE_POSITIONS; i++)
		x->position[i].headset = x->position[i].call = NONE16;
	return 0;
}

static void *table_at(const struct exchange *x, uint32_t at)
{
	return (unsigned char *)(uintptr_t)x + at;
}

struct call *exchange_calls_at(const struct exchange *x)
{
	return table_at(x, x->at_calls);
}

struct leg *exchange_legs_at(const struct exchange *x)
{
	return table_at(x, x->at_legs);
}

struct ext *exchange_exts_at(const struct exchange *x)
{
	return table_at(x, x->at_exts);
}

struct away *exchange_away_at(const struct exchange *x)
{
	return table_at(x, x->at_away);
}

struct map_slot *exchange_map_at(const struct exchange *x, uint32_t at)
{
	return table_at(x, at);
}

int64_t *exchange_due_at(const struct exchange *x)
{
	return table_at(x, x->at_due);
}

uint32_t *exchange_heap_at(const struct exchange *x)
{
	return table_at(x, x->at_heap);
}

uint32_t *exchange_place_at(const struct exchange *x)
{
	return table_at(x, x->at_place);
}

uint16_t exchange_call_index(const struct turn *t, const struct call *c)
{
	return (uint16_t)(c - t->calls);
}

uint16_t exchange_leg_index(const struct turn *t, const struct leg *l)
{
	return (uint16_t)(l - t->legs);
}

leg_id exchange_leg_id_of(const struct turn *t, const struct leg *l)
{
	return ((uint32_t)exchange_leg_index(t, l) + 1) | (uint32_t)l->gen << 16;
}

struct leg *exchange_leg_at(const struct turn *t, uint16_t i)
{
	return i == NONE16 ? NULL : &t->legs[i];
}

struct leg *exchange_leg_find(const struct turn *t, leg_id id)
{
	uint32_t i = id & 0xFFFF;

	if (i == 0 || i > t->x->caps.legs)
		return NULL;
	if (t->legs[i - 1].state == LEG_FREE || t->legs[i - 1].gen != id >> 16)
		return NULL;
	return &t->legs[i - 1];
}

const struct measures *exchange_call_measures(const struct turn *t, const struct call *c)
{
	return t->rules->edition[c->edition].measures;
}

const struct directory *exchange_call_directory(const struct turn *t, const struct call *c)
{
	return t->rules->edition[c->edition].directory;
}

struct effect *exchange_effect_add(struct turn *t, enum effect_kind k, const struct leg *l)
{
	/* The limit holds by TURN_ROOM and the limits of groups; the last slot is shared rather
	 * than memory overrun, and exchange_check tells. */
	struct effect *e = &t->fx->v[t->fx->count < EFFECTS_MAX ? t->fx->count : EFFECTS_MAX - 1];

	if (t->fx->count < EFFECTS_MAX)
		t->fx->count++;
	else
		t->x->forbidden++;
	memset(e, 0, sizeof(*e));
	e->kind = k;
	e->leg = l ? exchange_leg_id_of(t, l) : 0;
	return e;
}

uint32_t exchange_serial_new(struct turn *t)
{
	if (++t->x->serial == 0)
		t->x->serial = 1;
	return t->x->serial;
}

void exchange_call_await(struct turn *t, struct call *c, uint32_t serial)
{
	struct map_slot *m = exchange_map_at(t->x, t->x->at_serial_map);

	if (c->pending)
		exchange_map_drop(m, t->x->serial_map_size, c->pending);
	c->pending = serial;
	if (serial)
		exchange_map_put(m, t->x->serial_map_size, serial, exchange_call_index(t, c));
}

struct call *exchange_call_awaiting(struct turn *t, uint32_t serial)
{
	uint32_t i;

	if (!serial)
		return NULL;
	i = exchange_map_get(exchange_map_at(t->x, t->x->at_serial_map), t->x->serial_map_size,
			     serial);
	return i == UINT32_MAX ? NULL : &t->calls[i];
}
