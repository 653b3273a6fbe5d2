/*
 * The index is one block of uint32_t, all of it in memory of the owner:
 *   [0] slots of a hash table (a power of two)   [1] where the sorted numbers begin   [2] how many
 *   four hash tables (extensions, people, departments by id; numbers), slot: entry + 1, 0 free
 *   all dialable numbers in order, for the question whether more digits may come
 * An entry of the number table and of the order is index * 2, + 1 for a department.
 */
#include "measures/directory.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

enum { HEAD = 3, TABLES = 4 };
enum table { BY_EXTENSION, BY_PERSON, BY_DEPARTMENT, BY_NUMBER };

static uint32_t slots_for(const struct directory *d)
{
	uint32_t most = d->extension_count + d->department_count, n = 8;

	if (d->person_count > most)
		most = d->person_count;
	while (n < most * 2)
		n *= 2;
	return n;
}

size_t directory_index_bytes(const struct directory *d)
{
	size_t numbers = (size_t)d->extension_count + d->department_count;

	return (HEAD + (size_t)TABLES * slots_for(d) + numbers) * sizeof(uint32_t);
}

static uint32_t id_slot(uint32_t id, uint32_t slots)
{
	return (uint32_t)hash_mix(id * UINT64_C(0x9E3779B97F4A7C15)) & (slots - 1);
}

static uint32_t number_slot(const char *number, uint32_t slots)
{
	return (uint32_t)hash_bytes(number, strlen(number)) & (slots - 1);
}

static uint32_t id_of(const struct directory *d, enum table t, uint32_t i)
{
	switch (t) {
	case BY_EXTENSION:
		return d->extensions[i].id;
	case BY_PERSON:
		return d->people[i].id;
	case BY_DEPARTMENT:
		return d->departments[i].id;
	case BY_NUMBER:
		break;
	}
	return 0;
}

static const char *entry_number(const struct directory *d, uint32_t entry)
{
	return entry & 1 ? d->departments[entry / 2].number : d->extensions[entry / 2].number;
}

static int clash_name(char *clash, size_t cap, const char *what, uint32_t id, int err)
{
	if (clash && cap) {
		text_copy(clash, cap, what);
		text_append(clash, cap, " %u", (unsigned)id);
	}
	return err;
}

static int ids_index(const struct directory *d, enum table t, uint32_t count, uint32_t *table,
		     uint32_t slots, char *clash, size_t clash_cap)
{
	static const char *const what[] = {"extension", "person", "department"};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t id = id_of(d, t, i), s = id_slot(id, slots);

		for (; table[s]; s = (s + 1) & (slots - 1))
			if (id_of(d, t, table[s] - 1) == id)
				return clash_name(clash, clash_cap, what[t], id, EEXIST);
		table[s] = i + 1;
	}
	return 0;
}

static int number_index(const struct directory *d, uint32_t entry, uint32_t *table,
			uint32_t slots, char *clash, size_t clash_cap)
{
	const char *number = entry_number(d, entry);
	uint32_t s = number_slot(number, slots);

	for (; table[s]; s = (s + 1) & (slots - 1)) {
		if (text_eq(entry_number(d, table[s] - 1), number)) {
			if (clash && clash_cap)
				text_copy(clash, clash_cap, number);
			return EEXIST;
		}
	}
	table[s] = entry + 1;
	return 0;
}

static bool number_before(const struct directory *d, uint32_t a, uint32_t b)
{
	return strcmp(entry_number(d, a), entry_number(d, b)) < 0;
}

static void order_sink(const struct directory *d, uint32_t *v, uint32_t i, uint32_t n)
{
	for (;;) {
		uint32_t most = i, child = i * 2 + 1, swap;

		if (child < n && number_before(d, v[most], v[child]))
			most = child;
		if (child + 1 < n && number_before(d, v[most], v[child + 1]))
			most = child + 1;
		if (most == i)
			return;
		swap = v[i];
		v[i] = v[most];
		v[most] = swap;
		i = most;
	}
}

/* In place and without allocation (heap sort): a pure room. */
static void order_sort(const struct directory *d, uint32_t *v, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		order_sink(d, v, i, n);
	while (n > 1) {
		uint32_t last = v[--n];

		v[n] = v[0];
		v[0] = last;
		order_sink(d, v, 0, n);
	}
}

static int extension_refers(const struct directory *d, const struct directory_extension *e,
			    char *clash, size_t cap)
{
	if (e->person && !directory_person(d, e->person))
		return clash_name(clash, cap, "person", e->person, ENOENT);
	if (e->department && !directory_department(d, e->department))
		return clash_name(clash, cap, "department", e->department, ENOENT);
	return 0;
}

static int person_refers(const struct directory *d, const struct directory_person *p, char *clash,
			 size_t cap)
{
	if (p->extension && !directory_extension(d, p->extension))
		return clash_name(clash, cap, "extension", p->extension, ENOENT);
	if (p->department && !directory_department(d, p->department))
		return clash_name(clash, cap, "department", p->department, ENOENT);
	if (p->secretary && !directory_person(d, p->secretary))
		return clash_name(clash, cap, "person", p->secretary, ENOENT);
	if (p->deputy && !directory_person(d, p->deputy))
		return clash_name(clash, cap, "person", p->deputy, ENOENT);
	return 0;
}

static int department_refers(const struct directory *d, const struct directory_department *dep,
			     char *clash, size_t cap)
{
	for (unsigned k = 0; k < dep->member_count && k < DIRECTORY_MEMBERS; k++)
		if (!directory_extension(d, dep->members[k]))
			return clash_name(clash, cap, "extension", dep->members[k], ENOENT);
	return 0;
}

static int references_check(const struct directory *d, char *clash, size_t cap)
{
	int err = 0;

	for (uint32_t i = 0; i < d->extension_count && !err; i++)
		err = extension_refers(d, &d->extensions[i], clash, cap);
	for (uint32_t i = 0; i < d->person_count && !err; i++)
		err = person_refers(d, &d->people[i], clash, cap);
	for (uint32_t i = 0; i < d->department_count && !err; i++)
		err = department_refers(d, &d->departments[i], clash, cap);
	return err;
}

/* Fills tables and order; numbers that are "" (a department reached by its people) stay out. */
static int index_fill(struct directory *d, uint32_t *ix, char *clash, size_t cap)
{
	uint32_t slots = ix[0], *order = ix + ix[1], n = 0;
	uint32_t *numbers = ix + HEAD + (size_t)BY_NUMBER * slots;
	const uint32_t count[] = {d->extension_count, d->person_count, d->department_count};
	int err = 0;

	for (unsigned t = BY_EXTENSION; t <= BY_DEPARTMENT && !err; t++)
		err = ids_index(d, t, count[t], ix + HEAD + (size_t)t * slots, slots, clash, cap);
	for (uint32_t i = 0; i < d->extension_count && !err; i++) {
		if (!d->extensions[i].number[0])
			continue;
		err = number_index(d, i * 2, numbers, slots, clash, cap);
		order[n++] = i * 2;
	}
	for (uint32_t i = 0; i < d->department_count && !err; i++) {
		if (!d->departments[i].number[0])
			continue;
		err = number_index(d, i * 2 + 1, numbers, slots, clash, cap);
		order[n++] = i * 2 + 1;
	}
	if (err)
		return err;
	ix[2] = n;
	order_sort(d, order, n);
	return 0;
}

int directory_index(struct directory *d, void *mem, char *clash, size_t clash_cap)
{
	uint32_t *ix = mem;
	int err;

	memset(ix, 0, directory_index_bytes(d));
	ix[0] = slots_for(d);
	ix[1] = HEAD + TABLES * ix[0];
	err = index_fill(d, ix, clash, clash_cap);
	if (err)
		return err;
	d->index = ix;
	d->index_size = (uint32_t)(directory_index_bytes(d) / sizeof(uint32_t));
	err = references_check(d, clash, clash_cap);
	if (err) {
		d->index = NULL;
		d->index_size = 0;
	}
	return err;
}

static const uint32_t *table_of(const struct directory *d, enum table t)
{
	return d->index + HEAD + (size_t)t * d->index[0];
}

/* The place of an id in its array, UINT32_MAX when there is none. */
static uint32_t id_find(const struct directory *d, enum table t, uint32_t id)
{
	const uint32_t *table;
	uint32_t slots;

	if (!d->index || !id)
		return UINT32_MAX;
	table = table_of(d, t);
	slots = d->index[0];
	for (uint32_t s = id_slot(id, slots); table[s]; s = (s + 1) & (slots - 1))
		if (id_of(d, t, table[s] - 1) == id)
			return table[s] - 1;
	return UINT32_MAX;
}

const struct directory_extension *directory_extension(const struct directory *d, uint32_t id)
{
	uint32_t i = id_find(d, BY_EXTENSION, id);

	return i == UINT32_MAX ? NULL : &d->extensions[i];
}

const struct directory_person *directory_person(const struct directory *d, uint32_t id)
{
	uint32_t i = id_find(d, BY_PERSON, id);

	return i == UINT32_MAX ? NULL : &d->people[i];
}

const struct directory_department *directory_department(const struct directory *d, uint32_t id)
{
	uint32_t i = id_find(d, BY_DEPARTMENT, id);

	return i == UINT32_MAX ? NULL : &d->departments[i];
}

struct target directory_number(const struct directory *d, const char *number)
{
	struct target none = {TARGET_NONE, 0};
	const uint32_t *table;
	uint32_t slots;

	if (!d->index || !number[0])
		return none;
	table = table_of(d, BY_NUMBER);
	slots = d->index[0];
	for (uint32_t s = number_slot(number, slots); table[s]; s = (s + 1) & (slots - 1)) {
		uint32_t e = table[s] - 1;

		if (!text_eq(entry_number(d, e), number))
			continue;
		if (e & 1)
			return (struct target){TARGET_DEPARTMENT, d->departments[e / 2].id};
		return (struct target){TARGET_EXTENSION, d->extensions[e / 2].id};
	}
	return none;
}

bool directory_more(const struct directory *d, const char *digits)
{
	const uint32_t *order;
	uint32_t lo = 0, hi;

	if (!d->index)
		return false;
	order = d->index + d->index[1];
	hi = d->index[2];
	while (lo < hi) { /* the first number after digits itself */
		uint32_t mid = lo + (hi - lo) / 2;

		if (strcmp(entry_number(d, order[mid]), digits) > 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo < d->index[2] && text_starts(entry_number(d, order[lo]), digits);
}

const struct directory_person *directory_post(const struct directory *d, enum post p,
					      unsigned nth)
{
	for (uint32_t i = 0; i < d->person_count; i++)
		if (d->people[i].post == p && d->people[i].name[0] && nth-- == 0)
			return &d->people[i];
	return NULL;
}

static char key_of(char letter)
{
	static const char keys[] = "22233344455566677778889999";

	if (letter >= 'A' && letter <= 'Z')
		letter = (char)(letter - 'A' + 'a');
	return letter >= 'a' && letter <= 'z' ? keys[letter - 'a'] : '\0';
}

/* The keys of a numbered reading: all letters, and the first of each syllable. "ü" is written v. */
static void reading_keys(const char *reading, char *full, char *initials, size_t cap)
{
	size_t nf = 0, ni = 0;
	bool start = true;

	for (const char *p = reading; *p; p++) {
		char k = key_of(*p);

		if (!k) {
			start = true;
			continue;
		}
		if (nf + 1 < cap)
			full[nf++] = k;
		if (start && ni + 1 < cap)
			initials[ni++] = k;
		start = false;
	}
	full[nf] = initials[ni] = '\0';
}

unsigned directory_keypad(const struct directory *d, const char *digits, bool inside,
			  uint32_t *ids, unsigned max)
{
	char full[DIRECTORY_READING], initials[DIRECTORY_READING];
	unsigned found = 0;

	if (!digits[0])
		return 0;
	for (uint32_t i = 0; i < d->person_count; i++) {
		const struct directory_person *p = &d->people[i];

		if (!p->name[0] || p->disclosure == DISCLOSE_NONE ||
		    (p->disclosure == DISCLOSE_INSIDE && !inside))
			continue;
		reading_keys(p->reading, full, initials, sizeof(full));
		if (!text_starts(full, digits) && !text_eq(initials, digits))
			continue;
		if (found < max)
			ids[found] = p->id;
		found++;
	}
	return found;
}
